package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/source"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

// A Document is one of the three inputs, as it came.
type Document struct {
	Name string // what messages call it
	Raw  []byte
}

// A Request says what to audit. All of it is part of the evidence.
type Request struct {
	Submission, Policy, Profile Document
	// Dir is what file: locations are relative to. It bears on nothing else.
	Dir string
	// PolicyFiles gives the files that the policy names (keys, trust roots), by
	// their path in the policy.
	PolicyFiles func(path string) ([]byte, error)
	Parameters  Parameters
	// OSV is the packed advisory database, nil if there is none.
	OSV []byte
}

// Parameters is what a run resolved once, beside the three documents.
type Parameters struct {
	AsOf time.Time    `json:"asOf"` // UTC, whole seconds
	Mode reports.Mode `json:"mode"`
	// Sequence counts the reports for one respondent and product; Previous is
	// the digest of the report before this one, "" for the first.
	Sequence int    `json:"sequence"`
	Previous string `json:"previous,omitempty"`
	// Carried are the concerns that the previous report called contradicted.
	Carried []string `json:"carried,omitempty"`
	// OSVAbsent says why there is no advisory database.
	OSVAbsent string `json:"osvAbsent,omitempty"`
}

// Tools is what an audit works with. Nothing of it reaches the report.
type Tools struct {
	Store evidence.ReadWriter
	Cache engine.Cache
	Fetch Fetcher // nil: observations must be given
	// Sandbox opens the sandbox on first need; its error makes the steps that
	// need one not-run.
	Sandbox func(ctx context.Context) (*sandbox.Sandbox, error)
	Scratch string // a folder of this run's own
	Limits  engine.Limits
	Now     func() time.Time
	Watch   func(engine.Event)
	// Bounds, if there are any, replace the policy's limits: a replay is bounded by
	// the reviewer's own, never by what the dossier asks for.
	Bounds *policy.Limits
	// Observations replaces the transfers, by step id: for a replay.
	Observations map[string]engine.Result
}

// Audit is a finished audit, not yet signed.
type Audit struct {
	Report    reports.Report
	Statement []byte // the in-toto statement, canonical
	Evidence  []evidence.Descriptor
	Run       reports.Run // as far as the audit knows it
	// Isolated is false when a step wanted a sandbox and there was none.
	Isolated bool
	// Mismatch says that something fetched did not have its pinned digest.
	Mismatch bool
	Ran      int // steps that ran
	Cached   int // steps whose result was there
}

// inputs are the three documents, read.
type inputs struct {
	submission *submission.Submission
	policy     *policy.Policy
	profile    *profile.Profile
	evidence   []evidence.Descriptor // what they rest on
	files      map[string][]byte     // of the policy
	rules      string                // digest of the rule data
}

var errNoFetcher = errors.New("this run makes no transfers")

// read reads the inputs strictly and keeps their bytes as evidence.
func read(req Request, store evidence.Writer) (*inputs, error) {
	in := &inputs{files: map[string][]byte{}}
	var err error
	if in.submission, err = submission.Parse(req.Submission.Name, req.Submission.Raw); err != nil {
		return nil, err
	}
	if in.policy, err = policy.Parse(req.Policy.Name, req.Policy.Raw); err != nil {
		return nil, err
	}
	if in.profile, err = profile.Parse(req.Profile.Name, req.Profile.Raw); err != nil {
		return nil, err
	}
	err = in.policy.Resolve(func(path, digest string) ([]byte, error) {
		raw, err := req.PolicyFiles(path)
		if err == nil {
			in.files[path] = raw
		}
		return raw, err
	})
	if err != nil {
		return nil, err
	}
	if in.rules, err = source.RulesDigest(); err != nil {
		return nil, err
	}
	if err := errors.Join(in.fit(), in.capabilities()); err != nil {
		return nil, err
	}
	return in, in.keep(req, store)
}

// fit refuses documents that do not belong together, and a demand that this
// version could only disregard.
func (in *inputs) fit() error {
	if answered := in.submission.Matter.Profile; answered != in.profile.ID {
		return &InputError{
			Code: "wrong-profile",
			What: fmt.Sprintf("the submission answers profile %q, and the audit is asked to use %q", answered, in.profile.ID),
			Fix:  "use --profile with the process that the submission answers",
		}
	}
	if shown := in.policy.Disclosure; shown != "full" {
		return &InputError{
			Code: codeUnsupported, What: fmt.Sprintf("the policy asks for disclosure %q, which this version cannot give", shown),
			Fix: "use disclosure: full, and show the report to those who may see all of it",
		}
	}
	return nil
}

// capabilities refuses the name of a capability that does not exist: as a demand
// it would never be met, and as a declaration never be checked.
func (in *inputs) capabilities() error {
	names := map[string]string{}
	for _, c := range in.submission.Capabilities {
		names[c.Name] = "the submission declares"
	}
	for _, name := range slices.Concat(in.policy.Require.Source.Deny, in.policy.Require.Source.MustDeclare) {
		names[name] = "the policy names"
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := source.CheckCapability(name); err != nil {
			return &InputError{
				Code: "unknown-capability", What: fmt.Sprintf("%s a capability %.40q: %v", names[name], name, err),
				Fix: "the capabilities are those that a report lists, such as FILES, NETWORK and EXEC",
			}
		}
	}
	return nil
}

// The names of the inputs among the evidence.
const (
	nameSubmission = "input/submission"
	namePolicy     = "input/policy"
	nameProfile    = "input/profile"
	nameParameters = "input/parameters"
	nameOSV        = "input/osv"
	namePolicyFile = "input/policy-file/" // and its path
)

func (in *inputs) keep(req Request, store evidence.Writer) error {
	add := func(name, media string, raw []byte) error {
		d, err := putBytes(store, name, media, raw)
		in.evidence = append(in.evidence, d)
		return err
	}
	err := errors.Join(
		add(nameSubmission, mediaYAML, req.Submission.Raw),
		add(namePolicy, mediaYAML, req.Policy.Raw),
		add(nameProfile, mediaYAML, req.Profile.Raw))
	for path, raw := range in.files {
		err = errors.Join(err, add(namePolicyFile+path, mediaBytes, raw))
	}
	if req.OSV != nil {
		err = errors.Join(err, add(nameOSV, mediaBytes, req.OSV))
	}
	params, perr := putJSON(store, nameParameters, req.Parameters)
	in.evidence = append(in.evidence, params)
	return errors.Join(err, perr)
}

// input returns one of the inputs' descriptors.
func (in *inputs) input(name string) (evidence.Descriptor, bool) {
	for _, d := range in.evidence {
		if d.Name == name {
			return d, true
		}
	}
	return evidence.Descriptor{}, false
}

// CodeOtherVersion is the code of an InputError for a dossier that another
// version of proffer made, which a replay could not be compared with.
const CodeOtherVersion = "other-version"

// InputError is an input that does not fit the others.
type InputError struct{ Code, What, Fix string }

func (e *InputError) Error() string { return e.What }

// Hint tells a person what to do about it.
func (e *InputError) Hint() string { return e.Fix }
