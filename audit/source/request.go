package source

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/source/bytes"
	"github.com/proffer-audit/proffer/audit/source/link"
)

// The passes.
const (
	PassLink  = "link"  // Go capabilities and the addresses handed to network functions
	PassBytes = "bytes" // every file of any language
)

// A Request is what the worker reads from its standard input. All paths are as
// seen inside the sandbox.
type Request struct {
	Source   string   `json:"source"`             // the source's root, absolute
	Dir      string   `json:"dir,omitempty"`      // the Go main module's folder below it; "" or "." is the root
	GOROOT   string   `json:"goroot,omitempty"`   // the analysing toolchain; its bin/go is run
	ModCache string   `json:"modCache,omitempty"` // GOMODCACHE of GoEnv, to name the files below it
	GoEnv    []string `json:"goEnv,omitempty"`    // the go command's whole environment; see Env
	Packages []string `json:"packages,omitempty"` // patterns, such as "./cmd/esbuild" or "./..."
	GOOS     string   `json:"goos,omitempty"`
	GOARCH   string   `json:"goarch,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	// Passes says which passes to run; none means both, or bytes alone where no
	// Packages are named. The link pass is run first: it tells the bytes pass
	// which files the build uses.
	Passes []string `json:"passes,omitempty"`
	Limits Limits   `json:"limits,omitzero"`
}

// Limits bound the work. Zero means the default of the pass.
type Limits struct {
	FileBytes    int64 `json:"fileBytes,omitempty"`    // one file of any kind
	Files        int   `json:"files,omitempty"`        // of the whole tree
	PackageBytes int64 `json:"packageBytes,omitempty"` // Go source of one package
	ClosureBytes int64 `json:"closureBytes,omitempty"` // Go source of all packages that are read
	// Memory is a soft limit on the worker's heap, in bytes; default 1.5 GiB. The
	// garbage collector works harder near it. The sandbox sets the hard one.
	Memory int64 `json:"memory,omitempty"`
}

const defaultMemory = 3 << 29

// maxRequest bounds what the worker reads from its standard input, in bytes.
const maxRequest = 1 << 20

// A RequestError says why a request is refused.
type RequestError struct {
	Code   string // bad-request
	Field  string
	Reason string
}

// Error implements error.
func (e *RequestError) Error() string {
	return fmt.Sprintf("source request: %s: %s", e.Field, e.Reason)
}

func badRequest(field, format string, args ...any) error {
	return &RequestError{Code: "bad-request", Field: field, Reason: fmt.Sprintf(format, args...)}
}

// parseRequest reads and checks a request.
func parseRequest(data []byte) (Request, error) {
	var r Request
	if err := strictjson.Unmarshal(data, &r, strictjson.Limits{Bytes: maxRequest}); err != nil {
		return r, badRequest("document", "%v", err)
	}
	if len(r.Passes) == 0 {
		r.Passes = []string{PassBytes}
		if len(r.Packages) > 0 {
			r.Passes = []string{PassLink, PassBytes}
		}
	}
	for _, p := range r.Passes {
		if p != PassLink && p != PassBytes {
			return r, badRequest("passes", "no pass is called %.40q", p)
		}
	}
	if !filepath.IsAbs(r.Source) {
		return r, badRequest("source", "%.80q is not an absolute path", r.Source)
	}
	if slices.Contains(r.Passes, PassLink) {
		return r, r.checkGo()
	}
	return r, nil
}

// plainWord is what a tag, GOOS or GOARCH may be made of.
const plainWord = `^[A-Za-z0-9_.]+$`

// checkGo refuses what would let a request or its source choose what the go
// command runs.
func (r *Request) checkGo() error {
	if !filepath.IsAbs(r.GOROOT) {
		return badRequest("goroot", "%.80q is not an absolute path", r.GOROOT)
	}
	if r.Dir != "" && !filepath.IsLocal(filepath.FromSlash(r.Dir)) {
		return badRequest("dir", "%.80q is not below the source", r.Dir)
	}
	if len(r.Packages) == 0 {
		return badRequest("packages", "the link pass needs at least one pattern")
	}
	for _, p := range r.Packages {
		if p == "" || strings.HasPrefix(p, "-") || strings.Contains(p, "=") {
			return badRequest("packages", "%.80q is no package pattern", p)
		}
	}
	word := regexp.MustCompile(plainWord)
	for _, w := range append([]string{r.GOOS, r.GOARCH}, r.Tags...) {
		if !word.MatchString(w) {
			return badRequest("configuration", "%.40q is no GOOS, GOARCH or build tag", w)
		}
	}
	return r.checkEnv()
}

// pinned are the settings without which the go command could run something of
// the source's, or look beyond it.
func pinned() map[string]string {
	return map[string]string{
		"CGO_ENABLED": "0", "GOENV": "off", "GOPACKAGESDRIVER": "off", "GOSUMDB": "off",
		"GOTOOLCHAIN": "local", "GOVCS": "*:off", "GOWORK": "off", "GOTELEMETRY": "off",
	}
}

func (r *Request) checkEnv() error {
	seen := map[string]string{}
	for _, entry := range r.GoEnv {
		name, value, ok := strings.Cut(entry, "=")
		if _, twice := seen[name]; !ok || name == "" || twice {
			return badRequest("goEnv", "%.80q is no setting, or a second one", entry)
		}
		seen[name] = value
	}
	for name, want := range pinned() {
		if seen[name] != want {
			return badRequest("goEnv", "%s must be %q, not %.40q", name, want, seen[name])
		}
	}
	for name, want := range map[string]string{
		"GOROOT": r.GOROOT, "PATH": filepath.Join(r.GOROOT, "bin"), "GOOS": r.GOOS, "GOARCH": r.GOARCH,
	} {
		if seen[name] != want {
			return badRequest("goEnv", "%s must agree with the request", name)
		}
	}
	if p := seen["GOPROXY"]; p != "off" && !strings.HasPrefix(p, "file://") || strings.ContainsAny(p, ",|") {
		return badRequest("goEnv", "GOPROXY must be off or one file:// address")
	}
	for flag := range strings.FieldsSeq(seen["GOFLAGS"]) {
		switch flag {
		case "-mod=readonly", "-mod=vendor", "-modcacherw", "-buildvcs=false", "-trimpath":
		default:
			return badRequest("goEnv", "GOFLAGS may not hold %.40q", flag)
		}
	}
	return nil
}

// Env is the environment in which the worker's go command runs. Its List is
// built from empty: nothing of this program's environment is in it.
type Env struct {
	GOROOT   string
	GOOS     string
	GOARCH   string
	Home     string // private and writable, as all folders here
	Temp     string
	Cache    string // GOCACHE
	ModCache string // GOMODCACHE; modules are unpacked here
	Proxy    string // file:// address of the folder with the pinned modules; "" is none
	Vendored bool   // the source carries its modules in a vendor folder
}

// List is the environment, sorted.
func (e Env) List() []string {
	all := pinned()
	for name, value := range map[string]string{
		"GOROOT": e.GOROOT, "PATH": filepath.Join(e.GOROOT, "bin"), "GOOS": e.GOOS, "GOARCH": e.GOARCH,
		"HOME": e.Home, "TMPDIR": e.Temp, "GOTMPDIR": e.Temp, "GOCACHE": e.Cache,
		"GOPATH": filepath.Join(e.Home, "go"), "GOMODCACHE": e.ModCache, "GOEXPERIMENT": "", "GODEBUG": "",
		"GOPROXY": "off", "GOFLAGS": "-mod=readonly", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "TZ": "UTC",
	} {
		all[name] = value
	}
	if e.Proxy != "" {
		all["GOPROXY"] = e.Proxy
	}
	if e.Vendored {
		all["GOFLAGS"] = "-mod=vendor"
	}
	list := make([]string, 0, len(all))
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// link is the part of the request for the link pass.
func (r *Request) link() link.Request {
	return link.Request{
		Source: r.Source, Dir: r.Dir, GOROOT: r.GOROOT, ModCache: r.ModCache, Env: r.GoEnv,
		Patterns: r.Packages, GOOS: r.GOOS, GOARCH: r.GOARCH, Tags: r.Tags,
		Limits: link.Limits{PackageBytes: r.Limits.PackageBytes, ClosureBytes: r.Limits.ClosureBytes},
	}
}

func (r *Request) bytes() bytes.Limits {
	return bytes.Limits{FileBytes: r.Limits.FileBytes, Files: r.Limits.Files}
}
