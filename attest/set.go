package attest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/proffer-audit/proffer/attest/claim"
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
	// Workers is how many attestations are verified at a time, 1 to MaxWorkers;
	// less is 1 and more is MaxWorkers. The verdict is the same for any number.
	Workers int
}

// MaxWorkers bounds Set.Workers.
const MaxWorkers = 16

// Named is a file of attestations as the submission offers it: a sigstore bundle,
// a DSSE envelope, an in-toto link, or many of them (see package envelope).
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
// PredicateType, Builder and BuildType are the signer's own words, in which the
// predicate was read.
type Attested struct {
	Bundle        string // its name in the set
	BundleDigest  string // "sha256:" of its bytes
	Place         string // of the attestation in the file; "" where it is the file
	Role          string
	Principal     string // its name in the policy
	Organisation  string
	Issuer        string // empty for a key
	PredicateType string
	Kind          claim.Kind
	Builder       string   // whom the predicate names as speaking, such as a builder
	BuildType     string   // of SLSA provenance
	Root          string   // "sha256:" and digest of the root certificate above an identity; empty for a key
	Logs          []string // transparency logs that vouch for it, each "sha256:" and digest of its key
	Subject       string   // name of the set's subject that was matched
}

// Refusal is an attestation that did not count, or, without a bundle, a part of
// the policy that cannot be used.
type Refusal struct {
	Bundle string
	Place  string // in the file; "" for the file
	// Principal is the signer's name in the policy, of an attestation that holds
	// by itself and is one too many; several keys may sign one attestation.
	Principal string
	Code      Code
	Reason    safetext.Text
}

// VerifySet verifies a set. It has no error: what cannot be verified is a
// refusal, and a role that cannot be judged is not met.
func VerifySet(set Set) Verdict {
	j := newJudge(set)
	var v Verdict
	for _, role := range j.roles {
		v.Roles = append(v.Roles, j.role(role))
	}
	for _, f := range j.files {
		if !slices.ContainsFunc(j.roles, func(r *role) bool { return r.Name == f.Role }) {
			whole := &item{file: f}
			v.Refusals = append(v.Refusals, whole.refusal(refuse(RoleNotTrusted, "the policy trusts nobody in role %.40q", f.Role)))
		}
	}
	return v
}

// role is a role of the policy, made ready.
type role struct {
	trust.Role
	known   []*principal
	problem error // why it cannot be used, or nil
}

// judge holds a set in its one order.
type judge struct {
	files    []*offered
	items    []*item   // of all files
	heard    []hearing // of each item, in the role that its file claims
	subjects []Subject
	roles    []*role
}

func newJudge(set Set) *judge {
	j := &judge{subjects: slices.Clone(set.Subjects), files: make([]*offered, len(set.Bundles))}
	slices.SortFunc(j.subjects, func(a, b Subject) int { return strings.Compare(a.Name, b.Name) })
	j.readRoles(set)
	each(set.Workers, len(set.Bundles), func(i int) { j.files[i] = openFile(set.Bundles[i], set.Artifact) })
	slices.SortFunc(j.files, func(a, b *offered) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.digest, b.digest), strings.Compare(a.Role, b.Role), strings.Compare(a.Artifact, b.Artifact))
	})
	for _, f := range j.files {
		j.items = append(j.items, f.items...)
	}
	j.heard = make([]hearing, len(j.items))
	each(set.Workers, len(j.items), func(i int) {
		it := j.items[i]
		for _, r := range j.roles {
			if r.Name == it.file.Role && r.problem == nil {
				j.heard[i].voices, j.heard[i].err = j.hear(r, it)
			}
		}
	})
	return j
}

// each calls do for 0 to n-1, so many at a time.
func each(workers, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(max(workers, 1), MaxWorkers, n) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wg.Wait()
}

func (j *judge) readRoles(set Set) {
	roots := anchors(set.Roots)
	for _, r := range set.Roles {
		known := &role{Role: r, problem: checkSubjects(set.Subjects)}
		if known.problem == nil {
			known.problem = known.read(roots)
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
func (r *role) read(roots map[string]*anchor) error {
	// Sorted first: which of several mistakes is named must not hang on the order.
	r.Principals = slices.SortedFunc(slices.Values(r.Principals), func(a, b trust.Principal) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), bytes.Compare(a.Key, b.Key), strings.Compare(a.Identity+"\x00"+a.Match, b.Identity+"\x00"+b.Match))
	})
	r.DistinctBy = slices.Sorted(slices.Values(r.DistinctBy))
	if err := r.Validate(); err != nil {
		return refuseFor(BadPolicy, err, "policy")
	}
	for _, p := range r.Principals {
		k, err := readPrincipal(p, roots)
		if err != nil {
			return err
		}
		r.known = append(r.known, k)
	}
	return nil
}
