package workspace

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Placement is where the parts of a layout appear to a command: under other
// paths than the host's where the sandbox can place them, under the same ones
// where it cannot. Slash-separated absolute paths.
type Placement struct {
	Source, Toolchain, Modules, Scratch string
	// Tools is a folder of stand-ins to be found beside the toolchain's
	// programs, or "".
	Tools string
	// ModuleCache is the module cache, or "" for one in Scratch.
	ModuleCache string
}

// scratchFolders are made empty for every layout.
var scratchFolders = [...]string{"home", "tmp", "gocache", "gopath", "gomodcache"}

// fixed is what every Go command is told, whoever asks for it: no configuration
// from files, no network, no other toolchain, no program from elsewhere.
var fixed = map[string]string{
	"CGO_ENABLED":         "0",
	"GIT_CONFIG_NOSYSTEM": "1",
	"GO111MODULE":         "on",
	"GODEBUG":             "",
	"GOENV":               "off",
	"GOEXPERIMENT":        "",
	"GOFLAGS":             "-mod=readonly",
	"GONOPROXY":           "",
	"GONOSUMDB":           "",
	"GOPACKAGESDRIVER":    "off",
	"GOPRIVATE":           "",
	"GOSUMDB":             "off", // every module was proven before it came here
	"GOTELEMETRY":         "off",
	"GOTOOLCHAIN":         "local",
	"GOVCS":               "*:off",
	"GOWORK":              "off",
	"LC_ALL":              "C",
	"TZ":                  "UTC",
}

// GoEnv is the whole environment of a Go command at a placement, as sorted
// KEY=value lines, with changes on top of it: a caller's GOOS, for example. It
// takes nothing from the environment of this process.
func GoEnv(p Placement, changes map[string]string) []string {
	env := maps.Clone(fixed)
	maps.Copy(env, placed(p))
	maps.Copy(env, changes)
	lines := make([]string, 0, len(env))
	for k, v := range env {
		lines = append(lines, k+"="+v)
	}
	slices.Sort(lines)
	return lines
}

func placed(p Placement) map[string]string {
	cache := p.ModuleCache
	if cache == "" {
		cache = path.Join(p.Scratch, "gomodcache")
	}
	search := []string{path.Join(p.Toolchain, "bin")}
	if p.Tools != "" {
		search = append(search, p.Tools)
	}
	return map[string]string{
		"GOCACHE":    path.Join(p.Scratch, "gocache"),
		"GOMODCACHE": cache,
		"GOPATH":     path.Join(p.Scratch, "gopath"),
		"GOPROXY":    "file://" + path.Join(p.Modules, "cache", "download"),
		"GOROOT":     p.Toolchain,
		"HOME":       path.Join(p.Scratch, "home"),
		"PATH":       strings.Join(search, ":"),
		"TMPDIR":     path.Join(p.Scratch, "tmp"),
	}
}

// Reserved reports whether a variable holds the isolation or the layout
// together, so that a recipe may not change it. A recipe may say again what it
// is set to.
func Reserved(key string) bool {
	switch key {
	case "CGO_ENABLED", "GO111MODULE", "GODEBUG", "GOEXPERIMENT", "GOFLAGS", "LC_ALL", "TZ":
		return false
	}
	_, isFixed := fixed[key]
	_, isPlaced := placed(Placement{})[key]
	return isFixed || isPlaced
}

// Fixed is the value of a reserved variable that is the same in every layout.
func Fixed(key string) (string, bool) {
	v, ok := fixed[key]
	return v, ok
}
