package fetch

import (
	"golang.org/x/mod/module"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// VerifyModules shows that a set holds exactly what a go.sum pins: the same
// modules and digests, nothing missing, and every zip and go.mod re-hashed. It
// is pure. The error is an *Error: BadGoSum, Mismatch, BadZip, or the code of
// the first missing part.
func VerifyModules(r evidence.Reader, gosum []byte, set ModuleSet) error {
	sums, err := ParseGoSum(gosum)
	if err != nil {
		return err
	}
	if len(sums) != len(set.Modules) {
		return refuse(Mismatch, "go.sum", "it pins %d module versions, the set has %d", len(sums), len(set.Modules))
	}
	for i, s := range sums {
		if err := verifyModule(r, s, set.Modules[i], set.Missing); err != nil {
			return err
		}
	}
	if len(set.Missing) > 0 {
		l := set.Missing[0]
		return refuse(Mismatch, l.Path+"@"+l.Version, "it is called missing, but go.sum does not pin its %s, or it is there", l.Part)
	}
	return nil
}

func verifyModule(r evidence.Reader, s Sum, m Module, missing []Lack) error {
	where := s.Path + "@" + s.Version
	if s != (Sum{m.Path, m.Version, m.H1, m.GoModH1}) {
		return refuse(Mismatch, where, "the set has other digests for it, or another module in its place")
	}
	if s.H1 != "" {
		if m.Zip == nil {
			return lacking(where, m, PartZip, missing)
		}
		h1, err := moduleHash(r, *m.Zip, module.Version{Path: m.Path, Version: m.Version})
		if err != nil {
			return err
		}
		if h1 != s.H1 {
			return refuse(Mismatch, where, "the zip has digest %s, go.sum pins %s", h1, s.H1)
		}
	}
	if s.GoModH1 == "" {
		return nil
	}
	if m.Mod == nil {
		return lacking(where, m, PartMod, missing)
	}
	data, err := r.Read(m.Mod.Digest, maxMod)
	if err != nil {
		return err
	}
	h1, err := hashGoMod(data)
	if err != nil || h1 != s.GoModH1 {
		return refuse(Mismatch, where, "go.mod has digest %s, go.sum pins %s", h1, s.GoModH1)
	}
	return nil
}

func lacking(where string, m Module, part string, missing []Lack) error {
	for _, l := range missing {
		if l.Path == m.Path && l.Version == m.Version && l.Part == part {
			return refuse(l.Code, where, "its %s was not obtained", part)
		}
	}
	return refuse(NotFound, where, "its %s is not in the set", part)
}

// VerifyModulesProof shows, from blobs alone, that a trusted log has published
// the digests of a set, which VerifyModules held the content to. It returns what
// is proven, in the set's order. Modules that the set calls unproven make it an
// error with the code of the first of them, beside what is proven. It is pure.
func VerifyModulesProof(r evidence.Reader, set ModuleSet, logs []LogKey) ([]Proven, error) {
	unproven := map[module.Version]Unproven{}
	for _, u := range set.Unproven {
		unproven[module.Version{Path: u.Path, Version: u.Version}] = u
	}
	var mods []module.Version
	for _, m := range set.Modules {
		v := module.Version{Path: m.Path, Version: m.Version}
		if _, out := unproven[v]; !out && (m.Zip != nil || m.Mod != nil) {
			mods = append(mods, v)
		}
	}
	all, err := proveSet(r, set, mods, logs)
	if err != nil {
		return nil, err
	}
	if len(set.Unproven) > 0 {
		u := set.Unproven[0]
		return all, noProof(u.Path+"@"+u.Version, failure{u.Code, u.Detail})
	}
	return all, nil
}

func proveSet(r evidence.Reader, set ModuleSet, mods []module.Version, logs []LogKey) ([]Proven, error) {
	if len(mods) == 0 {
		return nil, nil
	}
	if set.Proof == nil {
		return nil, noProof(mods[0].Path+"@"+mods[0].Version, failure{})
	}
	proven, err := verifyProofBlob(r, *set.Proof, mods, logs)
	if err != nil {
		return nil, err
	}
	var out []Proven
	for _, m := range set.Modules {
		p, ok := proven[module.Version{Path: m.Path, Version: m.Version}]
		if !ok {
			continue
		}
		if m.H1 != "" && m.H1 != p.H1 || m.GoModH1 != "" && m.GoModH1 != p.GoModH1 {
			return nil, refuse(ProofMismatch, m.Path+"@"+m.Version, "the log %s published %s and %s for go.mod, go.sum pins %s and %s",
				p.Log, p.H1, p.GoModH1, m.H1, m.GoModH1)
		}
		out = append(out, p)
	}
	return out, nil
}
