package submission

import (
	"github.com/proffer-audit/proffer/audit/strictyaml"
)

func (v *validator) header() {
	v.check("id", strictyaml.CheckName(v.s.ID))
	if v.s.Version < 1 {
		v.refuse("version", "the first submission is version 1", "the version must be at least 1")
	}
	v.optional("supersedes", v.s.Supersedes, checkSHA256)
	v.optional("matter.profile", v.s.Matter.Profile, strictyaml.CheckName)
}

func (v *validator) products() {
	for i, p := range v.s.Products {
		at := strictyaml.Index("products", i)
		for j, id := range p.Identifiers {
			v.check(strictyaml.Index(strictyaml.Field(at, "identifiers"), j), checkIdentifier(id))
		}
		v.nameOrPURL(strictyaml.Field(at, "embeds"), p.Embeds)
		v.nameOrPURL(strictyaml.Field(at, "embeddedIn"), p.EmbeddedIn)
	}
}

// nameOrPURL checks products that are named freely, or exactly by a purl.
func (v *validator) nameOrPURL(path string, list []string) {
	for i, s := range list {
		switch {
		case s == "":
			v.refuse(strictyaml.Index(path, i), "", "must not be empty")
		case len(s) > 4 && s[:4] == "pkg:":
			v.check(strictyaml.Index(path, i), checkIdentifier(s))
		}
	}
}

// offered checks sources and artifacts, and notes their names for what follows.
func (v *validator) offered() {
	if len(v.s.Sources)+len(v.s.Artifacts) == 0 {
		v.fail(v.s.positions.Errorf(strictyaml.Missing, "", `add "sources" or "artifacts"`, "nothing is offered: neither a source nor an artifact"))
	}
	seen := map[string]bool{}
	for i, s := range v.s.Sources {
		at := strictyaml.Index("sources", i)
		v.check(strictyaml.Field(at, "name"), strictyaml.CheckName(s.Name))
		v.once(strictyaml.Field(at, "name"), s.Name, seen)
		v.sources[s.Name] = nil
		v.origin(at, s.PURL, s.Locations, s.Digest)
		v.completeness(at, s)
	}
	for i, a := range v.s.Artifacts {
		at := strictyaml.Index("artifacts", i)
		v.check(strictyaml.Field(at, "name"), strictyaml.CheckName(a.Name))
		v.once(strictyaml.Field(at, "name"), a.Name, seen)
		v.origin(at, a.PURL, a.Locations, a.Digest)
		v.optional(strictyaml.Field(at, "platform"), a.Platform, checkPlatform)
		v.artifacts[a.Name] = v.files(strictyaml.Field(at, "files"), a.Files)
	}
}

// completeness wants reasons from a source that is partial, and none from one
// that is called full.
func (v *validator) completeness(at string, s Source) {
	omitted := strictyaml.Field(at, "omitted")
	switch {
	case s.Completeness == "partial" && len(s.Omitted) == 0:
		v.fail(v.s.positions.Errorf(strictyaml.Missing, at, `add "omitted" with a path and a reason each`, "a partial source that does not say what is omitted"))
	case s.Completeness == "full" && len(s.Omitted) > 0:
		v.refuse(omitted, `write "completeness: partial"`, "a full source that omits something")
	}
	seen := map[string]bool{}
	for i, o := range s.Omitted {
		path := strictyaml.Field(strictyaml.Index(omitted, i), "path")
		v.check(path, strictyaml.CheckRelative(o.Path))
		v.once(path, o.Path, seen)
	}
}

func (v *validator) files(path string, files []File) map[string]bool {
	seen := map[string]bool{}
	for i, f := range files {
		at := strictyaml.Index(path, i)
		v.check(strictyaml.Field(at, "path"), strictyaml.CheckRelative(f.Path))
		v.once(strictyaml.Field(at, "path"), f.Path, seen)
		v.check(strictyaml.Field(at, "digest"), strictyaml.CheckDigest(f.Digest, strictyaml.SHA256, strictyaml.SHA512))
	}
	return seen
}

// statements checks what others say about the artifacts.
func (v *validator) statements() {
	seen := map[string]bool{}
	for i, a := range v.s.Attestations {
		at := strictyaml.Index("attestations", i)
		v.pinned(at, a.Location, a.Digest)
		v.known(strictyaml.Field(at, "artifact"), a.Artifact, v.artifacts, "artifact")
		id := a.Digest + " " + a.Artifact + " " + a.Role
		if seen[id] {
			v.refuse(at, "each stands once", "one attestation in one role for one artifact, twice")
		}
		seen[id] = true
	}
	for i, s := range v.s.SBOMs {
		at := strictyaml.Index("sboms", i)
		v.pinned(at, s.Location, s.Digest)
		if s.Artifact != "" {
			v.known(strictyaml.Field(at, "artifact"), s.Artifact, v.artifacts, "artifact")
		}
	}
	for i, x := range v.s.VEX {
		v.pinned(strictyaml.Index("vex", i), x.Location, x.Digest)
	}
}

func checkSHA256(s string) *strictyaml.Problem { return strictyaml.CheckDigest(s, strictyaml.SHA256) }
