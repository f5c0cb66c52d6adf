package audit

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/advisories"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/inventory"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

// outInventory is the output of an inventory step.
const outInventory = "inventory"

// The module that the Go project ships its toolchains in. As a source it has its
// go.mod elsewhere than others.
const toolchainModule = "pkg:golang/golang.org/toolchain@"

// inventory plans the list of what one build is made of, from the source's lock
// file and from the shipped binary.
func (p *planner) inventory(b submission.Build) {
	id := "inventory/" + p.subject(b)
	src, tool, art := "source/"+b.Source, p.toolchains[b.Toolchain.Digest], "artifact/"+b.Artifact
	a := p.artifact(b.Artifact)
	p.add(outcomesStep(id, "inventory", 1, p.needs(src, tool, art), struct{ File, Lock string }{b.File, b.Modules},
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			offered, err := offeredComponents(in, src, tool, b)
			if err != nil {
				return unmet(in.Store, err, id)
			}
			shipped, digest, err := shippedFile(in, a, b.File)
			if err != nil {
				return unmet(in.Store, err, id)
			}
			builtIn := inventory.FromBinary(shipped, b.Artifact+": "+path.Base(b.File))
			raw, err := inventory.Merge(offered, builtIn).Canonical()
			if err != nil {
				return engine.Output{}, err
			}
			d, err := putBytes(in.Store, outInventory, mediaJSON, raw)
			if err != nil {
				return engine.Output{}, err
			}
			o := outputs{store: in.Store}
			o.link(outInventory, d)
			o.json(outOutcomes, inventory.Outcomes(inventory.Question{
				Artifact: p.subject(b), Offered: offered, BuiltIn: builtIn,
				Evidence: []string{string(d.Digest), string(digest)},
			}))
			return o.done()
		}), owed{id: id})
}

// needs lists the two steps of each fetched thing; "" is passed over.
func (p *planner) needs(whats ...string) []string {
	var list []string
	for _, w := range whats {
		if w != "" {
			list = append(list, fetchID(w), pinID(w))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (p *planner) artifact(name string) submission.Artifact {
	for _, a := range p.in.submission.Artifacts {
		if a.Name == name {
			return a
		}
	}
	return submission.Artifact{}
}

// offeredComponents reads what the offered source says it is made of, and which
// toolchain is offered with it.
func offeredComponents(in engine.Input, src, tool string, b submission.Build) (inventory.Inventory, error) {
	obs, err := observed(in, fetchID(src))
	if err != nil {
		return inventory.Inventory{}, err
	}
	mod, sum := "go.mod", "go.sum"
	if b.Modules != "" {
		mod, sum = path.Join(path.Dir(b.Modules), "go.mod"), b.Modules
	}
	if strings.HasPrefix(obs.PURL, toolchainModule) {
		// A module zip may hold no other module's go.mod, so this one stands
		// under another name.
		mod, sum = "src/cmd/_go.mod", "src/cmd/go.sum"
	}
	gomod, err := optional(lockFile(in, src, mod))
	if err != nil {
		return inventory.Inventory{}, err
	}
	gosum, err := optional(lockFile(in, src, sum))
	if err != nil {
		return inventory.Inventory{}, err
	}
	var parts []inventory.Inventory
	if gomod != nil {
		parts = append(parts, inventory.FromGoMod(gomod, gosum, b.Source))
	}
	if tool != "" {
		version, err := goVersion(in, tool)
		if err != nil {
			return inventory.Inventory{}, err
		}
		parts = append(parts, inventory.FromToolchain(version, "toolchain"))
	}
	return inventory.Merge(parts...), nil
}

// optional turns the absence of a file in an archive into no content.
func optional(data []byte, err error) ([]byte, error) {
	if u, ok := err.(*unmetError); ok && u.Code == "not-in-archive" {
		return nil, nil
	}
	return data, err
}

// goVersion is the version of a fetched toolchain, from the file in it that says.
func goVersion(in engine.Input, tool string) (string, error) {
	raw, err := lockFile(in, tool, "VERSION")
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimSpace(first), nil
}

// shippedFile is the file of an artifact that a build is to give: a member of
// it, or the artifact itself where no files are listed.
func shippedFile(in engine.Input, a submission.Artifact, file string) ([]byte, evidence.Digest, error) {
	d, _, err := blobOf(in, "artifact/"+a.Name)
	if err != nil {
		return nil, "", err
	}
	data, err := in.Store.Read(d.Digest, maxArtifact)
	if err != nil || len(a.Files) == 0 {
		return data, d.Digest, err
	}
	content, err := member(data, file)
	return content, d.Digest, err
}

// advisories plans the match of a build's components against the database.
func (p *planner) advisories(b submission.Build) {
	id, inv := "advisories/"+p.subject(b), "inventory/"+p.subject(b)
	demand := p.in.policy.Require.Advisories
	params := struct {
		FailOn    reports.Severity `json:"failOn"`
		Malicious bool             `json:"malicious"`
		MaxAge    string           `json:"maxAge"`
		AsOf      string           `json:"asOf"`
		Absent    string           `json:"absent"`
	}{
		demand.FailOn.Severity, demand.FailOn.Malicious, demand.MaxAge.String(),
		p.req.Parameters.AsOf.Format(timeFormat), p.req.Parameters.OSVAbsent,
	}
	step := outcomesStep(id, "advisories", 1, []string{inv}, params,
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			q := advisories.Question{
				Artifact: p.subject(b), Absent: params.Absent, AsOf: p.req.Parameters.AsOf,
				Demand: advisories.Demand{FailOn: params.FailOn, Malicious: params.Malicious, MaxAge: demand.MaxAge},
			}
			return matchAdvisories(in, q, id, inv)
		})
	if db, ok := p.in.input(nameOSV); ok {
		step.Inputs = []evidence.Descriptor{db}
	}
	p.add(step, owed{id: id})
}

// matchAdvisories answers the question with the step's inventory and database.
func matchAdvisories(in engine.Input, q advisories.Question, id, inv string) (engine.Output, error) {
	d, err := needed(in, inv, outInventory)
	if err != nil {
		return unmet(in.Store, &unmetError{What: "the inventory", Code: "not-made"}, id)
	}
	if err := readJSON(in.Store, d, &q.Inventory); err != nil {
		return engine.Output{}, err
	}
	q.Evidence = []string{string(d.Digest)}
	if db, ok := in.Inputs[nameOSV]; ok {
		raw, err := in.Store.Read(db.Digest, maxArtifact)
		if err != nil {
			return engine.Output{}, err
		}
		if q.DB, err = advisories.Open(raw); err != nil {
			return engine.Output{}, err
		}
	}
	o := outputs{store: in.Store}
	o.json(outOutcomes, advisories.Outcomes(q))
	return o.done()
}

// nameComponents is the evidence that lists what all builds are made of.
const nameComponents = "components"

// components merges the inventories of all builds. ok is false when there is none.
func (p *planner) components(o engine.Outcome) (d evidence.Descriptor, ok bool, err error) {
	var all []inventory.Inventory
	for _, b := range p.in.submission.Builds {
		one, made := output(o, "inventory/"+p.subject(b), outInventory)
		if !made {
			continue
		}
		var inv inventory.Inventory
		if err := readJSON(p.tools.Store, one, &inv); err != nil {
			return d, false, err
		}
		all = append(all, inv)
	}
	if len(all) == 0 {
		return d, false, nil
	}
	raw, err := inventory.Merge(all...).Canonical()
	if err != nil {
		return d, false, err
	}
	d, err = putBytes(p.tools.Store, nameComponents, mediaJSON, raw)
	return d, err == nil, err
}
