package submission

import (
	_ "embed"
	"maps"
	"slices"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

//go:embed submission.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a submission. It describes the
// form; Parse also holds the parts against each other.
func Schema() []byte { return slices.Clone(schema) }

// Parse reads and checks a manifest. Name is the file's name, for messages. The
// error is a *strictyaml.Error, the first in the document's order of sections.
func Parse(name string, data []byte) (*Submission, error) {
	s := new(Submission)
	positions, err := strictyaml.Decode(name, data, s, strictyaml.RefuseKeys(TrustInSubmission, trustHint, trustKeys()...))
	if err != nil {
		return nil, err
	}
	s.positions = positions
	v := &validator{s: s, artifacts: map[string]map[string]bool{}, sources: map[string]map[string]bool{}}
	for _, section := range []func(){
		v.header, v.products, v.offered, v.builds, v.statements, v.declared, v.claims, v.mitigations, v.documents,
	} {
		if section(); v.err != nil {
			return nil, v.err
		}
	}
	return s, nil
}

// Errorf refuses what stands at a path of the manifest, such as
// artifacts[0].digest, with its line and column: for packages that learn later
// that a value cannot be used.
func (s *Submission) Errorf(code strictyaml.Code, path, hint, format string, args ...any) *strictyaml.Error {
	return s.positions.Errorf(code, path, hint, format, args...)
}

// validator collects the names of a submission and the first thing wrong with it.
type validator struct {
	s *Submission
	// artifacts and sources map names to the files inside; sources have none.
	artifacts, sources map[string]map[string]bool
	err                error
}

func (v *validator) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

func (v *validator) refuse(path, hint, format string, args ...any) {
	v.fail(v.s.positions.Errorf(strictyaml.InvalidValue, path, hint, format, args...))
}

func (v *validator) check(path string, p *strictyaml.Problem) {
	if p != nil {
		v.fail(v.s.positions.Refuse(path, p))
	}
}

func (v *validator) optional(path, value string, check func(string) *strictyaml.Problem) {
	if value != "" {
		v.check(path, check(value))
	}
}

// once refuses a value that was seen before.
func (v *validator) once(path, value string, seen map[string]bool) {
	if seen[value] {
		v.refuse(path, "each stands once", "%s stands twice", strictyaml.Quote(value))
	}
	seen[value] = true
}

// known refuses a reference to a name that the submission does not offer.
func (v *validator) known(path, name string, offered map[string]map[string]bool, what string) {
	if _, ok := offered[name]; ok {
		return
	}
	hint := "the submission offers none"
	if len(offered) > 0 {
		hint = "offered:"
		for _, n := range sorted(offered) {
			hint += " " + n
		}
	}
	v.refuse(path, hint, "there is no %s called %s", what, strictyaml.Quote(name))
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
