package compare

import (
	"bytes"
	"debug/buildinfo"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// What the go command writes around the build information that it links in
// (cmd/go/internal/modload: infoStart, infoEnd), beside the copy in a section of
// its own.
const (
	infoStart   = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
	infoEnd     = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
	maxInfo     = 1 << 20 // bytes
	infoSection = "section .go.buildinfo"
	infoData    = "runtime.modinfo" // the variable that holds it
)

// information settles differences in what the go command says about a build. It
// must be readable as such in both files; which lines differ is the evidence.
func (n *node) information(v *gofunc.Verdict) {
	a, errA := buildinfo.Read(bytes.NewReader(n.shipped))
	b, errB := buildinfo.Read(bytes.NewReader(n.base()))
	if errA != nil || errB != nil || a.String() == b.String() {
		return
	}
	why := lines(a.String(), b.String())
	v.Data = slices.DeleteFunc(v.Data, func(d gofunc.Data) bool { return d.Name == infoData })
	for _, side := range []struct {
		data []byte
		list []judged
	}{{n.shipped, n.ja}, {n.base(), n.jb}} {
		from, to := infoIn(side.data)
		for i, j := range side.list {
			inText := j.class == Unexplained && j.From >= from && j.To <= to
			inSection := j.Key == infoSection && (j.class == Unexplained || j.class == ChangedData)
			// Without a symbol table no range has a name; if no other data is known
			// to differ, what differs is this variable.
			variable := j.class == ChangedData && (strings.HasSuffix(j.evidence, " "+infoData) || len(v.Data) == 0 && j.evidence == string(gofunc.Variable))
			if inText || inSection || variable {
				side.list[i].class, side.list[i].evidence, side.list[i].told = BuildInfo, why, true
			}
		}
	}
}

// infoIn finds the text in a file; from is after to when there is none.
func infoIn(data []byte) (from, to int64) {
	i := bytes.Index(data, []byte(infoStart))
	if i < 0 {
		return 1, 0
	}
	n := bytes.Index(data[i:min(len(data), i+maxInfo)], []byte(infoEnd))
	if n < 0 {
		return 1, 0
	}
	stop := i + n + len(infoEnd)
	for stop < len(data) && data[stop] == 0 { // up to what comes next
		stop++
	}
	return int64(i), int64(stop)
}

// lines lists the lines that only one of two texts has.
func lines(a, b string) string {
	la, lb := strings.Split(strings.TrimSpace(a), "\n"), strings.Split(strings.TrimSpace(b), "\n")
	only := func(list, other []string) []string {
		var out []string
		for _, l := range list {
			if !slices.Contains(other, l) {
				out = append(out, strings.ReplaceAll(l, "\t", " "))
			}
		}
		return out
	}
	var parts []string
	if list := only(la, lb); len(list) > 0 {
		parts = append(parts, "shipped: "+strings.Join(list, ", "))
	}
	if list := only(lb, la); len(list) > 0 {
		parts = append(parts, "rebuilt: "+strings.Join(list, ", "))
	}
	return "the go command's own account differs; " + strings.Join(parts, "; ")
}
