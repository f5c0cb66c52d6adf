package bundle

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// Demand is how much must vouch for a bundle. A certificate always needs at
// least one observed time, whatever the demand.
type Demand struct {
	SCTs      int // distinct certificate logs; of a key, which has none, nothing is demanded
	Logs      int // distinct transparency logs
	Observers int // distinct logs and timestamp authorities that say when
	Stamps    int // distinct timestamp authorities
	// All makes every log entry, certificate timestamp and timestamp that the
	// bundle shows one that must verify. Without it, those of logs and
	// authorities that the root does not have are passed over, as are
	// timestamps that do not verify.
	All bool
}

// Strict is the demand of the public-good instance: one certificate log, one
// transparency log, one observer, and nothing shown that does not verify.
func Strict() Demand { return Demand{SCTs: 1, Logs: 1, Observers: 1, All: true} }

// Source says what kind of observer gave a time.
type Source string

// The sources of an observed time.
const (
	ByLog       Source = "log"
	ByTimestamp Source = "timestamp"
)

// Observation is a time at which somebody trusted saw the signature.
type Observation struct {
	At     time.Time // UTC
	Source Source
	By     string // id of the log or authority
}

// Authority is a timestamp authority that vouched for a time.
type Authority struct {
	ID     string // "sha256:" and the SHA-256 of its root certificate
	Signer string // "sha256:" and the SHA-256 of the SubjectPublicKeyInfo that signed
	URI    string // as the trusted root names it
}

// Verified is what holds of a bundle. Lists are sorted and without duplicates,
// times too.
type Verified struct {
	Identity    *Identity // nil where a key signed
	KeyID       string    // "sha256:" and the SHA-256 of the SubjectPublicKeyInfo that signed
	CA          string    // "sha256:" and the SHA-256 of the root certificate; "" where a key signed
	CTLogs      []string  // "sha256:" and the SHA-256 of each log's SubjectPublicKeyInfo
	Logs        []string  // likewise
	Authorities []Authority
	Times       []Observation
	PayloadType string               // "" for a message signature
	Payload     []byte               // nil for a message signature
	Statement   *statement.Statement // where an artifact was held against an envelope
}

// Is reports, as an *Error with WrongIdentity, that the signer is not exactly
// this identity, vouched for by exactly this issuer.
func (v *Verified) Is(identity, issuer string) error {
	switch {
	case v.Identity == nil:
		return refuse(WrongIdentity, "signed with a key, not as %.200q", identity)
	case identity == "" || issuer == "":
		return refuse(BadDemand, "identity and issuer must both be named")
	case v.Identity.Issuer != issuer:
		return refuse(WrongIdentity, "signed as %.200q, vouched for by %.200q, not by %.200q", v.Identity.SAN, v.Identity.Issuer, issuer)
	case v.Identity.SAN != identity:
		return refuse(WrongIdentity, "signed as %.200q, not as %.200q", v.Identity.SAN, identity)
	}
	return nil
}

// VerifyCertificate verifies a bundle that was signed under a certificate. Who
// may sign is for the caller to say, by Verified.Is or its own rule. The error
// is an *Error.
func VerifyCertificate(b *Bundle, r *Root, about Artifact, d Demand) (*Verified, error) {
	if b.leaf == nil {
		return nil, refuse(UntrustedSigner, "signed with a key, not under a certificate")
	}
	spki := sha256.Sum256(b.leaf.RawSubjectPublicKeyInfo)
	claim := b.claim
	c := &check{
		bundle: b, root: r, demand: d, about: about, key: b.leaf.PublicKey,
		result: Verified{Identity: &claim, KeyID: idOf(spki)},
	}
	return c.run()
}

// VerifyKey verifies a bundle that was signed with a key. Without a root (nil)
// nothing may be demanded of logs and authorities, and the bundle may not show
// any: there is nothing to check them with. The error is an *Error.
func VerifyKey(b *Bundle, key *trust.Public, r *Root, about Artifact, d Demand) (*Verified, error) {
	if b.leaf != nil {
		return nil, refuse(UntrustedSigner, "signed under a certificate, not with key %s", key.ID())
	}
	if r == nil {
		if d.Logs+d.Observers+d.Stamps > 0 {
			return nil, refuse(BadDemand, "logs or timestamps are demanded, and no root to check them with")
		}
		if len(b.entries)+len(b.stamps) > 0 {
			return nil, refuse(UncheckableMaterial, "bundle carries log entries or timestamps, and there is no root to check them with")
		}
	}
	c := &check{
		bundle: b, root: r, demand: d, about: about, key: key.Key, pub: key,
		result: Verified{KeyID: key.ID()},
	}
	return c.run()
}

// check is one verification under way.
type check struct {
	bundle *Bundle
	root   *Root
	demand Demand
	about  Artifact
	key    crypto.PublicKey
	pub    *trust.Public // nil where a certificate signed
	paths  []*path       // from the leaf's issuer to a root
	passed error         // why a timestamp was passed over
	// undated are logs that give no time of their own, so that their keys must
	// have been valid when others saw the signature.
	undated []*logKey
	result  Verified
}

// run does the steps from the cheap and telling to the dear: what it refuses has
// the code of the first thing that is wrong in this order.
func (c *check) run() (*Verified, error) {
	steps := []func() error{c.checkChain, c.checkContent, c.checkSCTs, c.checkEntries, c.checkStamps, c.checkTimes, c.checkSubject}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	v := &c.result
	slices.Sort(v.CTLogs)
	slices.Sort(v.Logs)
	slices.SortFunc(v.Authorities, func(x, y Authority) int {
		return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.URI, y.URI))
	})
	slices.SortFunc(v.Times, func(x, y Observation) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Source, y.Source), cmp.Compare(x.By, y.By))
	})
	return v, nil
}

// checkTimes holds every observed time against everything that has an end.
func (c *check) checkTimes() error {
	v, d := &c.result, c.demand
	if n := len(v.Authorities); n < d.Stamps {
		return refuse(TimestampMissing, "%d timestamp authorities vouch for it, %d are demanded", n, d.Stamps)
	}
	if n := v.observers(); n < d.Observers {
		if c.passed != nil && n == 0 {
			return c.passed
		}
		return refuse(TimestampMissing, "%d observers say when it was signed, %d are demanded", n, d.Observers)
	}
	if err := c.logsAt(); err != nil || c.bundle.leaf == nil {
		return err
	}
	if len(v.Times) == 0 {
		return refuse(CertificateTimeNeeded, "nobody who is trusted says when it was signed, and its certificate is short-lived")
	}
	for _, o := range v.Times {
		if err := c.leafAt(o.At); err != nil {
			return err
		}
	}
	for _, p := range c.paths {
		if !slices.ContainsFunc(v.Times, func(o Observation) bool { return !p.window.holds(o.At) }) {
			v.CA = p.rootID
			return nil
		}
	}
	return refuse(AuthorityNotValid, "seen at %s, when its certificate authority was not valid", stamp(v.Times[0].At))
}

// logsAt wants the logs that give no time to have been valid at every time that
// others give. An entry is made a moment after its timestamp.
func (c *check) logsAt() error {
	for _, k := range c.undated {
		for _, o := range c.result.Times {
			if !k.window.holds(o.At) {
				return refuse(LogNotValid, "seen at %s, when the key of its log was not valid", stamp(o.At))
			}
		}
	}
	return nil
}

func (c *check) leafAt(at time.Time) error {
	switch leaf := c.bundle.leaf; {
	case at.Before(leaf.NotBefore):
		return refuse(CertificateNotYet, "seen at %s, before its certificate began", stamp(at))
	case at.After(leaf.NotAfter):
		return refuse(CertificateExpired, "seen at %s, after its certificate ended", stamp(at))
	}
	return nil
}

// stamp writes a time as reports do.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func (c *check) checkSubject() error {
	b, v := c.bundle, &c.result
	if !b.envelope {
		return nil
	}
	v.PayloadType, v.Payload = b.payloadType, b.payload
	if c.about.IsZero() {
		return nil
	}
	st, err := c.about.matches(b)
	v.Statement = st
	return err
}

// idOf writes a SHA-256 as an id.
func idOf(sum [sha256.Size]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }
