package strictyaml

import (
	"fmt"
	"reflect"
	"strings"
)

// A FieldInfo is what the tags of a struct's field say about a key.
type FieldInfo struct {
	Name     string   // the key
	Required bool     // must be there, and not be empty
	Enum     []string // the words that a string, or a list's strings, may be; nil for any
	Keys     []string // the words that a map's keys may be; nil for any
	Index    int      // of the field in its struct
}

// Fields lists what a struct reads from a document, in its order. A field
// without a yaml tag is a mistake in the program, so it panics, as does
// decoding into such a struct.
func Fields(t reflect.Type) []FieldInfo {
	var out []FieldInfo
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		tag, tagged := f.Tag.Lookup("yaml")
		name, option, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		if !tagged || name == "" || (option != "" && option != "required") {
			panic(fmt.Sprintf("strictyaml: %s.%s has no usable yaml tag", t, f.Name))
		}
		out = append(out, FieldInfo{
			Name: name, Required: option == "required", Index: i,
			Enum: words(f.Tag.Get("enum")), Keys: words(f.Tag.Get("keys")),
		})
	}
	return out
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
