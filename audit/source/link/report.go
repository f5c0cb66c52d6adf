package link

// A Report is what the link pass found. Paths are slash-separated: relative to
// the source, or beginning with "$GOROOT/" or "module@version/".
type Report struct {
	Go           string       `json:"go"`     // the analysing toolchain's version
	Config       string       `json:"config"` // GOOS/GOARCH and tags
	Module       string       `json:"module"` // path of the main module
	Packages     Counts       `json:"packages"`
	Functions    Counts       `json:"functions"` // reachable ones
	Edges        int          `json:"edges"`
	Capabilities []Capability `json:"capabilities"` // of the main module's own packages
	Modules      []Module     `json:"modules"`      // of each dependency
	Endpoints    []Endpoint   `json:"endpoints"`
	Compiled     []string     `json:"compiled"` // Go files of the source that were analysed
	Embedded     []string     `json:"embedded"` // files of the source that the analysed packages embed
	Ignored      []string     `json:"ignored"`  // Go files that stand beside them and that a build constraint leaves out
	Foreign      []string     `json:"foreign"`  // files in other languages that the go command would build in
	Linknames    []Linkname   `json:"linknames"`
	Gaps         []Gap        `json:"gaps"` // what makes the answer incomplete
}

// Counts counts packages or functions by where they come from.
type Counts struct {
	Own      int `json:"own"`
	Module   int `json:"module"`
	Standard int `json:"standard"`
}

// A Capability is one thing that the vendor's own code can do.
type Capability struct {
	Name      string   `json:"name"`
	Functions int      `json:"functions"` // own functions that reach it
	First     []string `json:"first"`     // the first of them by name, at most FirstFunctions
	// Entry says whether an entry point reaches it; if not, Path starts at some
	// own function that nothing was seen to call.
	Entry bool  `json:"entry"`
	Path  []Hop `json:"path"` // a shortest one, from the entry point to the sink
}

// A Hop is one function of a path, and the line on which it calls the next; for
// the last, the line on which it is declared.
type Hop struct {
	Function string `json:"function"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Own      bool   `json:"own,omitempty"` // of the main module
}

// A Module is one dependency, with the number of its reachable functions that
// reach each capability.
type Module struct {
	Path         string         `json:"path"`
	Version      string         `json:"version,omitempty"`
	Replaced     string         `json:"replaced,omitempty"` // by what, as go.mod says
	Packages     int            `json:"packages"`
	Capabilities map[string]int `json:"capabilities"`
}

// An Endpoint is a constant address that the vendor's own code hands to a
// function which connects, resolves or listens.
type Endpoint struct {
	Kind    string `json:"kind"` // dial, resolve or listen
	Address string `json:"address"`
	Partial bool   `json:"partial,omitempty"` // something computed is appended to it
	Via     string `json:"via"`               // the function or field that takes it
	File    string `json:"file"`
	Line    int    `json:"line"`
}

// A Linkname is one go:linkname directive outside the standard library.
type Linkname struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Local  string `json:"local"`
	Target string `json:"target,omitempty"`
}

// A Gap is something that was to be analysed and was not.
type Gap struct {
	What string `json:"what"` // package path, pattern or phase
	Why  string `json:"why"`
}

// FirstFunctions bounds Capability.First.
const FirstFunctions = 10
