package bundle

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// stamper is a timestamp authority of the root.
type stamper struct {
	id       string // of its root certificate
	uri      string
	window   window
	paths    []*path           // from every issuer of signers to the root
	leaf     *x509.Certificate // the signer, where the root names it
	leafPath *path
	unfit    error // why the signer is none: nothing that it signs is believed
}

func newStamper(t *root.SigstoreTimestampingAuthority) *stamper {
	s := &stamper{
		id: idOf(sha256.Sum256(t.Root.Raw)), uri: t.URI, leaf: t.Leaf,
		window: window{t.ValidityPeriodStart, t.ValidityPeriodEnd},
		paths:  pathsTo(t.Root, t.Intermediates, x509.ExtKeyUsageTimeStamping),
	}
	if s.leaf != nil {
		s.leafPath, s.unfit = s.issuer(s.leaf, nil)
	}
	return s
}

// issuer finds the chain of a signer, and wants it to be a timestamp authority's:
// for nothing else, and saying so critically (RFC 3161, 2.3). Certificates that
// came with a token may stand between the signer and the root.
func (s *stamper) issuer(leaf *x509.Certificate, between []*x509.Certificate) (*path, error) {
	paths := s.paths
	if len(between) > 0 && len(paths) > 0 {
		own := paths[len(paths)-1].certs
		paths = pathsTo(own[len(own)-1], append(s.middles(), between...), x509.ExtKeyUsageTimeStamping)
	}
	for _, p := range paths {
		if !bytes.Equal(p.certs[0].RawSubject, leaf.RawIssuer) || p.issued(leaf, x509.ExtKeyUsageTimeStamping) != nil {
			continue
		}
		if !stampsOnly(leaf) {
			return nil, refuse(TimestampUsage, "the timestamp's certificate is not for timestamps and nothing else")
		}
		return p, nil
	}
	return nil, refuse(UntrustedTimestamper, "no timestamp authority of the trusted root issued the timestamp's certificate")
}

// middles are the authority's own certificates between signer and root.
func (s *stamper) middles() []*x509.Certificate {
	var all []*x509.Certificate
	for _, p := range s.paths {
		for _, c := range p.certs[:len(p.certs)-1] {
			if !slices.ContainsFunc(all, c.Equal) {
				all = append(all, c)
			}
		}
	}
	return all
}

func stampsOnly(c *x509.Certificate) bool {
	if c.IsCA || len(c.ExtKeyUsage) != 1 || len(c.UnknownExtKeyUsage) > 0 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping {
		return false
	}
	for _, e := range c.Extensions {
		if e.Id.Equal([]int{2, 5, 29, 37}) {
			return e.Critical
		}
	}
	return false
}

// checkStamps holds every timestamp against the root's authorities. They are
// about the signature's bytes.
func (c *check) checkStamps() error {
	for _, raw := range c.bundle.stamps {
		a, at, err := c.checkStamp(raw)
		if err == nil && c.counted(a) {
			err = refuse(TimestamperTwice, "two timestamps of one authority, which count as one")
		}
		if err != nil {
			if c.demand.All {
				return err
			}
			c.passed = err
			continue
		}
		c.result.Authorities = append(c.result.Authorities, a)
		c.saw(at, ByTimestamp, a.ID)
	}
	return nil
}

// counted reports that an authority vouches already, by its root or by its name.
func (c *check) counted(a Authority) bool {
	return slices.ContainsFunc(c.result.Authorities, func(o Authority) bool {
		return o.ID == a.ID || o.URI == a.URI
	})
}

func (c *check) checkStamp(raw []byte) (Authority, time.Time, error) {
	none := time.Time{}
	if c.root == nil {
		return Authority{}, none, refuse(UncheckableMaterial, "timestamp, and no root to check it with")
	}
	t, ok := readToken(raw)
	if !ok {
		return Authority{}, none, refuse(BadTimestamp, "not a granted timestamp in DER with one signature")
	}
	h := t.imprint.New()
	h.Write(c.bundle.sig)
	if !bytes.Equal(h.Sum(nil), t.about) {
		return Authority{}, none, refuse(TimestampOther, "the timestamp is about another signature")
	}
	var why error = refuse(UntrustedTimestamper, "timestamp of no authority of the trusted root")
	first := true
	for _, s := range c.root.stampers {
		signer, err := s.signed(t)
		if err == nil {
			return Authority{ID: s.id, Signer: idOf(sha256.Sum256(signer.RawSubjectPublicKeyInfo)), URI: s.uri}, t.at, nil
		}
		if e, ok := err.(*Error); ok && e.Code != UntrustedTimestamper && first { //nolint:errorlint // our own, unwrapped
			why, first = err, false
		}
	}
	return Authority{}, none, why
}

// signed verifies that the authority made the token, when it was valid.
func (s *stamper) signed(t *token) (*x509.Certificate, error) {
	signer, p, err := s.signer(t)
	if err != nil {
		return nil, err
	}
	h := t.digest.New()
	h.Write(t.content)
	if !bytes.Equal(h.Sum(nil), t.messageDigest) || !t.names(signer) || signer.CheckSignature(t.algorithm, t.attributes, t.sig) != nil {
		return nil, refuse(TimestampSignature, "the timestamp is not signed by its authority")
	}
	for _, at := range []time.Time{t.at, t.signingTime} {
		if at.IsZero() {
			continue
		}
		if at.Before(signer.NotBefore) || at.After(signer.NotAfter) {
			return nil, refuse(TimestamperNotValid, "timestamp of %s, when its certificate was not valid", stamp(at))
		}
	}
	if !p.window.holds(t.at) || !s.window.holds(t.at) {
		return nil, refuse(TimestamperNotValid, "timestamp of %s, when its authority was not valid", stamp(t.at))
	}
	return signer, nil
}

// signer finds the certificate that the token names: the one that the root gives
// for the authority or, where it gives none, one that came with the token.
func (s *stamper) signer(t *token) (*x509.Certificate, *path, error) {
	foreign := refuse(UntrustedTimestamper, "timestamp of no authority of the trusted root")
	if s.leaf != nil {
		if !t.isOf(s.leaf) {
			return nil, nil, foreign
		}
		if s.unfit != nil {
			return nil, nil, s.unfit
		}
		return s.leaf, s.leafPath, t.carries(s)
	}
	var leaf *x509.Certificate
	var between []*x509.Certificate
	for _, raw := range t.certs {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, nil, refuseBy(BadTimestamp, err, "the timestamp comes with something that is no certificate")
		}
		if leaf == nil && t.isOf(c) {
			leaf = c
		} else if c.IsCA {
			between = append(between, c)
		}
	}
	if leaf == nil {
		return nil, nil, foreign
	}
	p, err := s.issuer(leaf, between)
	return leaf, p, err
}

// carries wants certificates that came along, if any did, to hold the signer's
// and nothing that is no certificate.
func (t *token) carries(s *stamper) error {
	found := len(t.certs) == 0
	for _, raw := range t.certs {
		if bytes.Equal(raw, s.leaf.Raw) {
			found = true
			continue
		}
		if slices.ContainsFunc(s.leafPath.certs, func(c *x509.Certificate) bool { return bytes.Equal(raw, c.Raw) }) {
			continue
		}
		if _, err := x509.ParseCertificate(raw); err != nil {
			return refuseBy(BadTimestamp, err, "the timestamp comes with something that is no certificate")
		}
	}
	if !found {
		return refuse(TimestampSignature, "the timestamp comes with another certificate than its authority's")
	}
	return nil
}

// isOf reports whether the token names this certificate as its signer's.
func (t *token) isOf(c *x509.Certificate) bool {
	serial := der{rest: c.RawTBSCertificate}
	tbs := serial.into(tagSequence)
	tbs.skip(tagContext0)
	return bytes.Equal(tbs.want(tagInteger), t.serial) && bytes.Equal(c.RawIssuer, t.issuer)
}
