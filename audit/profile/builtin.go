package profile

import "embed"

//go:embed profiles
var profiles embed.FS

// BuiltinNames lists the profiles that are part of the program, sorted.
func BuiltinNames() []string { return []string{"bod-17-01"} }

// Builtin is the text of a built-in profile.
func Builtin(name string) ([]byte, bool) {
	for _, known := range BuiltinNames() {
		if name == known {
			data, err := profiles.ReadFile("profiles/" + name + ".yaml")
			return data, err == nil
		}
	}
	return nil, false
}
