package attest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Set is everything that one verdict rests on: what is offered for one artifact,
// and whom the policy trusts. Nothing else is looked at, no clock either.
type Set struct {
	Artifact string // name of the artifact; "" takes bundles for any
	Bundles  []Named
	Subjects []Subject
	Roles    []trust.Role
	Roots    map[string][]byte // trusted_root.json by the name that principals use
}

// Named is a bundle as the submission offers it.
type Named struct {
	Name     string // unique in the set, such as its location
	Role     string // the role that the submission claims for it
	Artifact string // the artifact that the submission offers it for
	Bytes    []byte
}

// Subject is something that bundles may speak of: the artifact itself, or a file
// in it.
type Subject struct {
	Name    string            // as the submission lists it; the one name that reaches a verdict
	Digests map[string]string // algorithm to lower-case hexadecimal; sha256 or sha512 at least
	// Whole marks the artifact itself. What is said about it is said about every
	// file in it, and not the other way round: a role is met when it is met for
	// every file, or for the whole where no file is listed.
	Whole bool
}

// Verdict is the answer for a set. It is the same for any order of the set's
// lists.
type Verdict struct {
	Roles []RoleVerdict // by name
	// Refusals are of bundles that claim a role which the policy does not have.
	Refusals []Refusal // by bundle
}

// RoleVerdict is the answer for one role.
type RoleVerdict struct {
	Role      string
	Threshold int
	Demanded  bool // false for threshold 0: nothing was asked, so nothing is met
	Met       bool
	Count     int        // distinct principals, for the subject that has fewest
	Counted   []Attested // by bundle and subject
	Refusals  []Refusal  // by bundle
	// Missing names the smallest evidence that would meet the role, or says that
	// none would; empty where the role is met or not demanded.
	Missing safetext.Text
}

// Attested is one thing that counted: who says what about which subject.
// PredicateType, Builder and BuildType are the signer's own words.
type Attested struct {
	Bundle        string // its name in the set
	BundleDigest  string // "sha256:" of its bytes
	Role          string
	Principal     string // its name in the policy
	Organisation  string
	Issuer        string // empty for a key
	PredicateType string
	Builder       string // of SLSA provenance
	BuildType     string // of SLSA provenance
	Subject       string // name of the set's subject that was matched
}

// Refusal is a bundle that did not count, or, without a bundle, a part of the
// policy that cannot be used.
type Refusal struct {
	Bundle string
	Code   Code
	Reason safetext.Text
}

// VerifySet verifies a set. It has no error: what cannot be verified is a
// refusal, and a role that cannot be judged is not met.
func VerifySet(set Set) Verdict {
	j := newJudge(set)
	var v Verdict
	for _, role := range j.roles {
		v.Roles = append(v.Roles, j.role(role))
	}
	for _, b := range j.bundles {
		if !slices.ContainsFunc(j.roles, func(r *role) bool { return r.Name == b.Role }) {
			v.Refusals = append(v.Refusals, refusal(b.Name, refuse(RoleNotTrusted, "the policy trusts nobody in role %.40q", b.Role)))
		}
	}
	return v
}

func refusal(bundle string, err error) Refusal {
	e := asError(err)
	return Refusal{Bundle: bundle, Code: e.Code, Reason: e.Reason}
}

// role is a role of the policy, made ready.
type role struct {
	trust.Role
	known   []*principal
	problem error // why it cannot be used, or nil
}

// offered is a bundle of the set, opened once.
type offered struct {
	Named
	digest string
	opened *opened
	err    error // why it could not be opened
}

// judge holds a set in its one order.
type judge struct {
	bundles  []*offered
	subjects []Subject
	roles    []*role
}

func newJudge(set Set) *judge {
	j := &judge{subjects: slices.Clone(set.Subjects)}
	slices.SortFunc(j.subjects, func(a, b Subject) int { return strings.Compare(a.Name, b.Name) })
	for _, n := range set.Bundles {
		j.bundles = append(j.bundles, openNamed(n, set.Artifact))
	}
	slices.SortFunc(j.bundles, func(a, b *offered) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.digest, b.digest), strings.Compare(a.Role, b.Role), strings.Compare(a.Artifact, b.Artifact))
	})
	readRoot := rootReader(set.Roots)
	for _, r := range set.Roles {
		known := &role{Role: r, problem: checkSubjects(set.Subjects)}
		if known.problem == nil {
			known.problem = known.read(readRoot)
		}
		j.roles = append(j.roles, known)
	}
	slices.SortStableFunc(j.roles, func(a, b *role) int { return strings.Compare(a.Name, b.Name) })
	for i, r := range j.roles {
		twice := i > 0 && j.roles[i-1].Name == r.Name || i+1 < len(j.roles) && j.roles[i+1].Name == r.Name
		if twice && r.problem == nil {
			r.problem = refuse(BadPolicy, "role %.40q stands twice in the policy", r.Name)
		}
	}
	return j
}

func openNamed(n Named, artifact string) *offered {
	b := &offered{Named: n, digest: digestOf(n.Bytes)}
	if artifact != "" && n.Artifact != artifact {
		b.err = refuse(SubjectMismatch, "the submission offers it for artifact %.80q", n.Artifact)
		return b
	}
	b.opened, b.err = open(n.Bytes, MaxBundle)
	return b
}

// checkSubjects refuses subjects that could never be matched, or only by a
// misreading: the caller's mistake must not look like missing evidence.
func checkSubjects(subjects []Subject) error {
	names := map[string]bool{}
	for _, s := range subjects {
		if names[s.Name] {
			return refuse(BadPolicy, "two subjects are called %.80q", s.Name)
		}
		names[s.Name] = true
		if err := statement.CheckDigests(s.Digests); err != nil {
			return refuseFor(BadPolicy, err, "subject %.80q", s.Name)
		}
		if s.Digests["sha256"] == "" && s.Digests["sha512"] == "" {
			return refuse(BadPolicy, "subject %.80q has neither sha256 nor sha512", s.Name)
		}
	}
	if len(subjects) == 0 {
		return refuse(BadPolicy, "no subject to speak of")
	}
	return nil
}

// read makes the principals ready, in the order of their names.
func (r *role) read(readRoot rootSource) error {
	if err := r.Validate(); err != nil {
		return refuseFor(BadPolicy, err, "policy")
	}
	for _, p := range r.Principals {
		k, err := readPrincipal(p, readRoot)
		if err != nil {
			return err
		}
		r.known = append(r.known, k)
	}
	slices.SortFunc(r.known, func(a, b *principal) int { return strings.Compare(a.Name, b.Name) })
	return nil
}
