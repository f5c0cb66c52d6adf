package bundle

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// checkChain finds the authorities that issued the leaf. When that was, is for
// checkTimes: a root may list one authority for several spans of time.
func (c *check) checkChain() error {
	leaf := c.bundle.leaf
	if leaf == nil {
		return nil
	}
	clean := cleanLeaf(leaf)
	var why error
	for _, p := range c.root.paths {
		issuer := p.certs[0]
		if !bytes.Equal(issuer.RawSubject, leaf.RawIssuer) || otherKey(leaf.AuthorityKeyId, issuer.SubjectKeyId) {
			continue
		}
		if len(c.paths) > 0 && p.sameIssuer(c.paths[0]) {
			c.paths = append(c.paths, p)
			continue
		}
		if err := p.issued(clean, x509.ExtKeyUsageCodeSigning); err != nil {
			why = err
			continue
		}
		c.paths = append(c.paths, p)
	}
	if len(c.paths) > 0 {
		// RFC 5280 lets a certificate without usages be used for everything.
		if !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) || leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
			return refuse(WrongUsage, "the certificate was not issued for code signing")
		}
		return nil
	}
	var invalid x509.CertificateInvalidError
	switch {
	case why == nil:
		return refuse(UntrustedRoot, "the certificate's issuer is no authority of the trusted root")
	case errors.As(why, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return refuseBy(WrongUsage, why, "the certificate was not issued for code signing")
	case errors.As(why, &invalid) && invalid.Reason == x509.Expired:
		return refuseBy(AuthorityNotValid, why, "the certificate and its authority were never valid together")
	}
	return refuseBy(UntrustedRoot, why, "no authority of the trusted root issued the certificate")
}

// cleanLeaf is the certificate in a form that crypto/x509 verifies: it does not
// know names of type OtherName and counts them as unhandled. Their value was
// read by readIdentity.
func cleanLeaf(leaf *x509.Certificate) *x509.Certificate {
	if len(leaf.UnhandledCriticalExtensions) == 0 {
		return leaf
	}
	clean := *leaf
	clean.UnhandledCriticalExtensions = nil
	for _, oid := range leaf.UnhandledCriticalExtensions {
		if !oid.Equal(cryptoutils.SANOID) {
			clean.UnhandledCriticalExtensions = append(clean.UnhandledCriticalExtensions, oid)
		}
	}
	return &clean
}

// otherKey reports that two key ids are there and differ.
func otherKey(authority, subject []byte) bool {
	return len(authority) > 0 && len(subject) > 0 && !bytes.Equal(authority, subject)
}

// saw records a time that a trusted observer gave.
func (c *check) saw(at time.Time, source Source, by string) {
	o := Observation{At: at.UTC(), Source: source, By: by}
	if !slices.Contains(c.result.Times, o) {
		c.result.Times = append(c.result.Times, o)
	}
}

// observers counts who gave a time, each once.
func (v *Verified) observers() int {
	var who []string
	for _, o := range v.Times {
		if !slices.Contains(who, o.By) {
			who = append(who, o.By)
		}
	}
	return len(who)
}
