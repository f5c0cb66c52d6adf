package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/html"
)

// The codes of a VerifyError.
const (
	CodeNotADossier     = "not-a-dossier"    // exit 2
	CodeTampered        = "tampered"         // exit 4, as the rest
	CodeUnsigned        = "unsigned"         // there is no signature
	CodeBadSignature    = "bad-signature"    // the signature is not by the key in the dossier
	CodeWrongSigner     = "wrong-signer"     // it is not by the key or identity that was asked for
	CodeNotCanonical    = "not-canonical"    // the report is not as this program writes it
	CodeInconsistent    = "inconsistent"     // report, run record, renderings and evidence disagree
	CodeSubjectMismatch = "subject-mismatch" // the report is not about this artifact
	CodeSuperseded      = "superseded"       // its sequence is lower than asked for
)

// VerifyError is why a dossier is refused.
type VerifyError struct {
	Code string
	What string
	Err  error
}

func (e *VerifyError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

func (e *VerifyError) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *VerifyError) Hint() string {
	switch e.Code {
	case CodeNotADossier:
		return "a dossier is the dossier.oci.tar that `proffer audit` writes"
	case CodeUnsigned:
		return "ask the auditor for the signed dossier; an unsigned one proves nothing"
	case CodeWrongSigner:
		return "check that --key is the auditor's key, or --identity and --issuer the auditor's, got by a way other than the dossier"
	case string(bundle.UntrustedRoot), string(bundle.UnknownLog), string(bundle.UntrustedTimestamper), string(bundle.SCTUnknownLog):
		return "if the auditor signs with another instance of sigstore and you trust that, name its trusted_root.json with --trusted-root"
	case CodeSubjectMismatch:
		return "compare the artifact's digest with the subjects of the report"
	case CodeSuperseded:
		return "ask for the report with the sequence that you know of"
	}
	return "do not rely on this dossier; get it again from its author"
}

func refusal(code, what string, err error) error {
	return &VerifyError{Code: code, What: what, Err: err}
}

// Verification is a dossier that is authentic as far as it was anchored.
type Verification struct {
	Dossier   evidence.Digest
	Statement []byte
	Report    reports.Report
	Run       reports.Run
	Signer    []byte // public key, PEM
	Anchored  bool
	// Identity and Issuer are whom the certificate names, where an identity
	// signed; not verified unless Anchored.
	Identity, Issuer string
	// Signed is when a trusted log or timestamp authority first saw the
	// signature, in UTC; zero where nobody did.
	Signed   time.Time
	Subjects []statement.Subject
}

// ReportDigest is the digest of the signed statement.
func (v *Verification) ReportDigest() evidence.Digest { return evidence.Of(v.Statement) }

// OpenDossier opens a dossier and checks the integrity of each of its bytes.
func OpenDossier(path string) (*evidence.Dossier, error) {
	d, err := evidence.OpenDossier(path)
	return d, dossierError(err)
}

func dossierError(err error) error {
	var de *evidence.DossierError
	if errors.As(err, &de) {
		return refusal(string(de.Code), "open the dossier", err)
	}
	return err
}

// Verify checks that an opened dossier is what it says it is: signed, by whom,
// and with a report, a run record, renderings and evidence that belong together.
// It executes nothing.
func Verify(d *evidence.Dossier, anchor Anchor) (*Verification, error) {
	c := d.Contents()
	v := &Verification{Dossier: d.Digest()}
	parts, err := readParts(d, c)
	if err != nil {
		return nil, err
	}
	v.Statement, v.Signer = parts.report, parts.signer
	if err := checkSignatures(v, parts, anchor); err != nil {
		return nil, err
	}
	if err := v.readReport(); err != nil {
		return nil, err
	}
	if err := strictjson.Unmarshal(parts.run, &v.Run, strictjson.Limits{}); err != nil {
		return nil, refusal(CodeNotCanonical, "read the run record", err)
	}
	if err := v.checkWhole(d, c); err != nil {
		return nil, err
	}
	return v, v.checkAnchors(anchor)
}

// parts are the signed documents of a dossier.
type parts struct{ report, bundle, run, runBundle, signer []byte }

func readParts(d *evidence.Dossier, c evidence.Contents) (parts, error) {
	var p parts
	for _, x := range []struct {
		from evidence.Descriptor
		into *[]byte
	}{
		{c.Report, &p.report},
		{c.Bundle, &p.bundle},
		{c.Run, &p.run},
		{c.RunBundle, &p.runBundle},
		{c.Signer, &p.signer},
	} {
		if x.from.Digest == "" {
			return p, refusal(CodeUnsigned, "the dossier is not signed: a signed part is missing", nil)
		}
		data, err := d.Read(x.from.Digest, maxDocument)
		if err != nil {
			return p, refusal(CodeTampered, "read the dossier", err)
		}
		*x.into = data
	}
	return p, nil
}

// readReport reads the statement strictly, and only as this program writes it.
func (v *Verification) readReport() error {
	st, err := statement.Parse(v.Statement)
	if err != nil {
		return refusal(CodeNotCanonical, "read the report", err)
	}
	if st.PredicateType != reports.PredicateType {
		return refusal(CodeInconsistent, "the signed statement is not a mitigation report", nil)
	}
	if err := strictjson.Unmarshal(st.Predicate, &v.Report, strictjson.Limits{Bytes: maxDocument}); err != nil {
		return refusal(CodeNotCanonical, "read the report", err)
	}
	again, err := statement.New(reports.PredicateType, st.Subjects, v.Report)
	if err != nil {
		return refusal(CodeNotCanonical, "write the report again", err)
	}
	if !bytes.Equal(again, v.Statement) {
		return refusal(CodeNotCanonical, "the report is not in its canonical form", nil)
	}
	v.Subjects = st.Subjects
	return nil
}

// checkWhole checks that the parts of a dossier belong to each other.
func (v *Verification) checkWhole(d *evidence.Dossier, c evidence.Contents) error {
	if v.Report.Replay.Evidence != string(d.Evidence()) {
		return refusal(CodeInconsistent, "the report rests on other evidence than the dossier holds", nil)
	}
	if v.Run.Report != string(v.ReportDigest()) {
		return refusal(CodeInconsistent, "the run record belongs to another report", nil)
	}
	if canonical, err := statement.Canonical(v.Run); err != nil || evidence.Of(canonical) != c.Run.Digest {
		return refusal(CodeNotCanonical, "the run record is not in its canonical form", err)
	}
	for _, digest := range cited(v.Report) {
		if !d.Has(evidence.Digest(digest)) {
			return refusal(CodeInconsistent, "the report cites "+digest+", which the dossier does not hold", nil)
		}
	}
	return v.checkRenderings(c)
}

// checkRenderings makes the renderings again: a reader of report.html reads the
// signed report and nothing else. A dossier by another version of proffer may
// render otherwise; its renderings are then not vouched for: see RenderingsVouched.
func (v *Verification) checkRenderings(c evidence.Contents) error {
	if v.Report.Auditor.Version != Version {
		return nil
	}
	want, err := render(v.Report, v.Run, html.Digests{
		Report: string(c.Report.Digest), Bundle: string(c.Bundle.Digest),
		Run: string(c.Run.Digest), Signer: string(c.Signer.Digest),
	})
	if err != nil {
		return refusal(CodeInconsistent, "render the report again", err)
	}
	if len(c.Renderings) != len(want) {
		return refusal(CodeInconsistent, "the dossier holds other renderings than the report has", nil)
	}
	for _, r := range c.Renderings {
		data, ok := want[r.Name]
		if !ok || evidence.Of(data) != r.Digest {
			return refusal(CodeInconsistent, "rendering "+r.Name+" is not of this report", nil)
		}
	}
	return nil
}

// RenderingsVouched reports whether the renderings in the dossier were made again
// and found equal. Another version of proffer renders in its own way.
func (v *Verification) RenderingsVouched() bool { return v.Report.Auditor.Version == Version }

func (v *Verification) checkAnchors(anchor Anchor) error {
	for _, a := range anchor.Artifacts {
		about := slices.ContainsFunc(v.Subjects, func(s statement.Subject) bool { return s.Digest["sha256"] == a.Hex() })
		if !about {
			return refusal(CodeSubjectMismatch, "the report is not about an artifact with digest "+string(a), nil)
		}
	}
	if v.Report.Sequence < anchor.MinSequence {
		return refusal(CodeSuperseded, fmt.Sprintf("the report has sequence %d, and %d was asked for", v.Report.Sequence, anchor.MinSequence), nil)
	}
	return nil
}

// cited lists every digest of evidence that a report cites, sorted.
func cited(r reports.Report) []string {
	set := map[string]bool{}
	for _, c := range r.Checks {
		for _, d := range c.Evidence {
			set[d] = true
		}
	}
	for _, f := range r.Findings {
		for _, d := range f.Evidence {
			set[d] = true
		}
	}
	for _, d := range []string{r.Components, r.Inputs.Submission, r.Inputs.Policy, r.Inputs.Profile} {
		if d != "" {
			set[d] = true
		}
	}
	list := make([]string, 0, len(set))
	for d := range set {
		list = append(list, d)
	}
	slices.Sort(list)
	return list
}
