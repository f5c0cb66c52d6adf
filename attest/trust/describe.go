package trust

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// The kinds of an Anchor.
const (
	CertificateAuthority = "certificate-authority"
	CertificateLog       = "certificate-log"
	TransparencyLog      = "transparency-log"
	TimestampAuthority   = "timestamp-authority"
)

// An Anchor is one party that a trust root believes.
type Anchor struct {
	Kind string
	Name string // as its certificate has it; "" for a log
	URI  string // where it is, as the root has it
	// ID is "sha256:" and the SHA-256 of its root certificate, or of its
	// SubjectPublicKeyInfo for a log.
	ID string
	// From and Until bound what it is believed about, in UTC; zero for no bound.
	From, Until time.Time
}

// Describe lists whom a trusted_root.json believes, by kind and time. The error
// is an *Error.
func Describe(data []byte) ([]Anchor, error) {
	r, err := ParseRoot(data)
	if err != nil {
		return nil, err
	}
	var list []Anchor
	for _, c := range r.FulcioCertificateAuthorities() {
		if ca, ok := c.(*root.FulcioCertificateAuthority); ok && ca.Root != nil {
			list = append(list, authority(CertificateAuthority, ca.Root, ca.URI, ca.ValidityPeriodStart, ca.ValidityPeriodEnd))
		}
	}
	for _, c := range r.TimestampingAuthorities() {
		if tsa, ok := c.(*root.SigstoreTimestampingAuthority); ok && tsa.Root != nil {
			list = append(list, authority(TimestampAuthority, tsa.Root, tsa.URI, tsa.ValidityPeriodStart, tsa.ValidityPeriodEnd))
		}
	}
	for kind, logs := range map[string]map[string]*root.TransparencyLog{CertificateLog: r.CTLogs(), TransparencyLog: r.RekorLogs()} {
		for _, l := range logs {
			spki, err := x509.MarshalPKIXPublicKey(l.PublicKey)
			if err != nil {
				return nil, &Error{Code: BadRoot, Message: "read trusted root: the key of a log cannot be used", Err: err}
			}
			list = append(list, Anchor{Kind: kind, URI: l.BaseURL, ID: sumID(spki), From: bound(l.ValidityPeriodStart), Until: bound(l.ValidityPeriodEnd)})
		}
	}
	slices.SortFunc(list, func(a, b Anchor) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), a.From.Compare(b.From), strings.Compare(a.ID, b.ID), strings.Compare(a.URI, b.URI))
	})
	return list, nil
}

func authority(kind string, c *x509.Certificate, uri string, from, until time.Time) Anchor {
	return Anchor{Kind: kind, Name: c.Subject.String(), URI: uri, ID: sumID(c.Raw), From: bound(from), Until: bound(until)}
}

func sumID(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// bound is a bound of time, zero where there is none: some roots write the
// beginning of the Unix calendar for it.
func bound(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}
