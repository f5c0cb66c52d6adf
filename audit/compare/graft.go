package compare

import (
	"bytes"
	"errors"

	"github.com/proffer-audit/proffer/audit/compare/graft"
	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// grafted puts the vendor's signature onto the rebuilt file. It reports whether
// that makes the two the same; where it does not, what is left to explain is the
// difference from the grafted file.
func (n *node) grafted() bool {
	g, err := graft.Apply(n.shipped, n.rebuilt, graft.Limits{})
	var refused *graft.Error
	switch {
	case errors.As(err, &refused):
		if refused.Code != graft.Unsigned && refused.Code != graft.NotSignable {
			n.result.note("the signature is not grafted: %s: %s", refused.Code, refused.Detail)
		}
		return false
	case err != nil:
		n.result.note("the signature is not grafted: %v", err)
		return false
	}
	var taken int64
	for _, r := range g.Area {
		taken += r.Length
	}
	equal := bytes.Equal(g.Bytes, n.shipped)
	n.result.Grafts = append(n.result.Grafts, Graft{Kind: string(g.Kind), Bytes: taken, Equal: equal})
	for _, f := range g.Findings {
		n.signatureFinding(f)
	}
	n.graft = g.Bytes
	if !equal {
		return false
	}
	n.result.Format = formatOf(g.Kind)
	whole := sections.Region{To: int64(len(n.shipped)), Key: "signature", Role: sections.Signed}
	n.ja = []judged{{Region: whole, class: Signature, evidence: "with it the rebuilt file has the shipped file's digest"}}
	return true
}

// base is the rebuilt file to explain the difference from.
func (n *node) base() []byte {
	if n.graft != nil {
		return n.graft
	}
	return n.rebuilt
}

// signatureFinding takes over what a graft says of the signature area; what is
// not relevant to security is a note.
func (n *node) signatureFinding(f graft.Finding) {
	if !f.SecurityRelevant {
		n.result.note("signature: %s", f.Message)
		return
	}
	n.result.Found = append(n.result.Found, Finding{
		Rule: "graft." + f.Code, Severity: reports.High, Class: ForeignSigned, Path: safetext.Of(n.path),
		Place: safetext.Sprintf("bytes %d to %d of the signature: %s", f.Offset, f.Offset+f.Length, f.Code), Message: safetext.Of(f.Message),
	})
}

func formatOf(k graft.Kind) sections.Format {
	switch k {
	case graft.Authenticode:
		return sections.PE
	case graft.MachO:
		return sections.MachO
	}
	return sections.Zip
}

// signed counts positions that differ from the rebuilt file and not from the
// grafted one.
func (n *node) signed(from, to int64) int64 {
	if n.graft == nil {
		return 0
	}
	var count int64
	for i := from; i < min(to, int64(len(n.graft))); i++ {
		if n.shipped[i] == n.graft[i] && (i >= int64(len(n.rebuilt)) || n.shipped[i] != n.rebuilt[i]) {
			count++
		}
	}
	return count
}
