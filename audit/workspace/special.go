package workspace

import (
	"bytes"
	"go/parser"
	"go/token"
	"path"
	"strconv"
)

// What a file is, when it takes part in a Go build without being plain Go.
const (
	Object   = "object"   // .syso: linked as it is
	Assembly = "assembly" // .s
	Cgo      = "cgo"      // a Go file that imports "C"
	Foreign  = "foreign"  // C, C++, Objective-C, Fortran, SWIG: compiled with cgo
)

var specialByExtension = map[string]string{
	".syso": Object,
	".s":    Assembly, ".S": Assembly, ".sx": Assembly,
	".c": Foreign, ".cc": Foreign, ".cpp": Foreign, ".cxx": Foreign, ".m": Foreign, ".mm": Foreign,
	".f": Foreign, ".F": Foreign, ".for": Foreign, ".f90": Foreign, ".swig": Foreign, ".swigcxx": Foreign,
}

// Special tells what a file brings into a Go build beside Go (Object, Assembly,
// Cgo, Foreign), by its name and, for cgo, its imports; "" for anything else.
func Special(p string, content []byte) string {
	ext := path.Ext(p)
	if what := specialByExtension[ext]; what != "" {
		return what
	}
	if ext == ".go" && bytes.Contains(content, []byte(`"C"`)) && importsC(content) {
		return Cgo
	}
	return ""
}

func importsC(content []byte) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", content, parser.ImportsOnly)
	if err != nil || f == nil {
		return true // unreadable, and it says "C": take it for the worse
	}
	for _, im := range f.Imports {
		if p, err := strconv.Unquote(im.Path.Value); err == nil && p == "C" {
			return true
		}
	}
	return false
}
