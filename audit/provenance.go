package audit

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// provenance plans the check of who signed what about an artifact.
func (p *planner) provenance(a submission.Artifact) {
	id := "provenance/" + a.Name
	papers := map[string]submission.Attestation{} // by what they are fetched as
	var needs []string
	for i, at := range p.in.submission.Attestations {
		if at.Artifact != a.Name {
			continue
		}
		papers[attestationID(i)] = at
		needs = append(needs, fetchID(attestationID(i)), pinID(attestationID(i)))
	}
	params := struct {
		Roles    []trust.Role      `json:"roles"`
		Roots    map[string][]byte `json:"roots"`
		Subjects []attest.Subject  `json:"subjects"`
	}{p.roles(), p.in.policy.Roots(), subjectsOf(a)}
	p.add(outcomesStep(id, "provenance", 2, needs, params, func(_ context.Context, in engine.Input) (engine.Output, error) {
		set := attest.Set{Artifact: a.Name, Subjects: params.Subjects, Roles: params.Roles, Roots: params.Roots, Workers: runtime.GOMAXPROCS(0)}
		evidence := []string{}
		for what, paper := range papers {
			d, _, err := blobOf(in, what)
			if err != nil {
				continue // the paper's own check says so; a missing one never counts
			}
			raw, err := in.Store.Read(d.Digest, maxPaper)
			if err != nil {
				return engine.Output{}, err
			}
			set.Bundles = append(set.Bundles, attest.Named{Name: what, Role: paper.Role, Artifact: paper.Artifact, Bytes: raw})
			evidence = append(evidence, string(d.Digest))
		}
		slices.Sort(evidence)
		o := outputs{store: in.Store}
		o.json(outOutcomes, provenanceOutcomes(id, a.Name, attest.VerifySet(set), slices.Compact(evidence)))
		return o.done()
	}), owed{id: id})
}

// provenanceOutcomes says in checks and findings what a verdict means.
func provenanceOutcomes(id, artifact string, v attest.Verdict, evidence []string) reports.Outcomes {
	check := reports.Check{ID: id, Status: reports.NotApplicable, Code: "not-demanded", Evidence: evidence, Limits: provenanceLimits()}
	out := reports.Outcomes{Findings: []reports.Finding{}}
	var said []string
	for _, r := range v.Roles {
		if !r.Demanded {
			continue
		}
		if check.Status == reports.NotApplicable {
			check.Status, check.Code, check.EvidenceClass = reports.Pass, "", reports.E1
		}
		if r.Role == trust.Rebuilder && r.Met && r.Threshold > 1 {
			check.EvidenceClass = reports.E4
		}
		said = append(said, roleSentence(r))
		if !r.Met {
			check.Status, check.Code = reports.Fail, "threshold-not-met"
			out.Findings = append(out.Findings, missingSigners(id, artifact, r, evidence))
		}
	}
	if check.Status == reports.NotApplicable {
		said = append(said, "not demanded: the policy asks for no attestation")
	}
	refusals := v.Refusals
	for _, r := range v.Roles {
		refusals = append(refusals, r.Refusals...)
	}
	counts := countingFiles(v)
	for _, r := range refusals {
		out.Findings = append(out.Findings, refusedBundle(id, artifact, r, counts[r.Bundle], evidence))
	}
	check.Reason = safetext.Of(strings.Join(said, "; "))
	out.Checks = []reports.Check{check}
	return out
}

// roleSentence says how many of a role signed, and who.
func roleSentence(r attest.RoleVerdict) string {
	var names []string
	for _, c := range r.Counted {
		names = append(names, c.Principal)
	}
	slices.Sort(names)
	s := fmt.Sprintf("%s: %d of %d wanted", r.Role, r.Count, r.Threshold)
	if names = slices.Compact(names); len(names) > 0 {
		s += " (" + strings.Join(names, ", ") + ")"
	}
	if !r.Met {
		s += "; " + r.Missing.String()
	}
	return s
}

func provenanceLimits() []safetext.Text {
	return []safetext.Text{
		safetext.Of("A signature says who vouches for the bytes, not that the signer looked at them."),
		safetext.Of("Key-signed bundles carry no attested time: whether a key had been withdrawn is for the policy to say."),
	}
}

func missingSigners(check, artifact string, r attest.RoleVerdict, evidence []string) reports.Finding {
	return reports.Finding{
		ID: reports.FindingID("provenance.missing", artifact, r.Role), Rule: "provenance.missing", Severity: reports.High,
		Check: check, Subject: safetext.Of(artifact), Concerns: []string{"C8"}, Evidence: evidence,
		Message: safetext.Sprintf("%s: %s", artifact, r.Missing),
		Facts:   map[string]safetext.Text{"role": safetext.Of(r.Role), "missing": r.Missing},
	}
}

// countingFiles are the files of which some attestation counted.
func countingFiles(v attest.Verdict) map[string]bool {
	files := map[string]bool{}
	for _, r := range v.Roles {
		for _, c := range r.Counted {
			files[c.Bundle] = true
		}
	}
	return files
}

// refusedBundle reports an attestation that does not count. Beside one of the
// same file that does, it is worth a note: registries bundle what they have.
func refusedBundle(check, artifact string, r attest.Refusal, counts bool, evidence []string) reports.Finding {
	key, facts := []string{artifact, r.Bundle, string(r.Code)}, map[string]safetext.Text{"code": safetext.Of(string(r.Code)), "bundle": safetext.Of(r.Bundle)}
	name, severity := r.Bundle, reports.Medium
	if r.Principal != "" {
		key = append(key, r.Principal)
	}
	if r.Place != "" {
		key, name = append(key, r.Place), r.Bundle+" ("+r.Place+")"
		facts["place"] = safetext.Of(r.Place)
		if counts {
			severity = reports.Note
		}
	}
	return reports.Finding{
		ID: reports.FindingID("provenance.refused", key...), Rule: "provenance.refused", Severity: severity,
		Check: check, Subject: safetext.Of(artifact), Concerns: []string{"C8"}, Evidence: evidence,
		Message: safetext.Sprintf("%s of %s does not count: %s", name, artifact, r.Reason),
		Facts:   facts,
	}
}

// subjectsOf lists what an attestation of an artifact may be about: the artifact
// itself, where its pin is a plain digest, and the files in it that matter.
func subjectsOf(a submission.Artifact) []attest.Subject {
	var list []attest.Subject
	if digests := plainDigest(a.Digest); digests != nil {
		list = append(list, attest.Subject{Name: a.Name, Digests: digests, Whole: true})
	}
	for _, f := range a.Files {
		if digests := plainDigest(f.Digest); digests != nil {
			list = append(list, attest.Subject{Name: f.Path, Digests: digests})
		}
	}
	return list
}

// plainDigest reads a pin that is a digest of bytes, as algorithm and hex; nil
// for the others (h1: and tree-sha256: are digests of lists).
func plainDigest(pin string) map[string]string {
	p, err := fetch.ParsePin(pin)
	if err != nil {
		return nil
	}
	alg, hex, _ := strings.Cut(p.String(), ":")
	if alg != "sha256" && alg != "sha512" {
		return nil
	}
	return map[string]string{alg: hex}
}

// roles are the policy's, in the words of attest.
func (p *planner) roles() []trust.Role {
	list := []trust.Role{}
	for _, r := range p.in.policy.Roles() {
		role := trust.Role{Name: r.Name, Threshold: r.Threshold, DistinctBy: r.DistinctBy}
		for _, q := range r.Principals {
			role.Principals = append(role.Principals, trust.Principal{
				Name: q.Name, Organisation: q.Organisation, Identity: q.Identity, Match: q.Match, Issuer: q.Issuer, Root: q.Root,
				Key: q.Key, CI: trust.CI(q.CI),
			})
		}
		list = append(list, role)
	}
	return list
}
