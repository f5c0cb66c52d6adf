package cms

import (
	"bytes"
	"crypto"
	"fmt"
	"math/big"

	"github.com/proffer-audit/proffer/reports/safetext"
)

const maxAttribute = 1024 // bytes of one authenticated attribute

// signerInfo is RFC 5652, section 5.3, by its elements.
type signerInfo struct {
	at         element
	sid        element
	digest     crypto.Hash
	digestName string
	algorithm  string
	signed     []attribute
	signedRaw  []byte // the attributes as the signature covers them, nil if there are none
	value      []byte
	unsigned   []attribute
}

type attribute struct {
	at     element
	oid    string
	values []element
}

func (p *parser) signers(e element) error {
	all, err := p.children(e)
	if err != nil {
		return err
	}
	if len(all) > maxSigners {
		return bad(e.start, "more than %d signers", maxSigners)
	}
	if len(all) == 0 {
		p.flag(NoSigner, e, "the message has no signer")
	}
	for _, s := range all {
		info, err := p.signerInfo(s)
		if err != nil {
			return err
		}
		if err := p.signer(info); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) signerInfo(e element) (*signerInfo, error) {
	parts, err := p.children(e)
	if err != nil {
		return nil, err
	}
	if e.tag != tagSequence || len(parts) < 5 || parts[0].tag != tagInteger {
		return nil, bad(e.start, "not a SignerInfo")
	}
	if parts[0].end-parts[0].body > 1 {
		p.flag(UnknownElement, parts[0], "a version number of %d bytes", parts[0].end-parts[0].body)
	}
	s := &signerInfo{at: e, sid: parts[1]}
	if s.digestName, err = p.algorithm(parts[2], false); err != nil {
		return nil, err
	}
	if h, name, ok := DigestAlgorithm(s.digestName); ok {
		s.digest, s.digestName = h, name
	}
	next := 3
	if parts[next].tag == tagContext0 {
		if s.signed, err = p.attributes(parts[next]); err != nil {
			return nil, err
		}
		value := p.value(parts[next])
		s.signedRaw = append(derHeader(tagSet, len(value)), value...)
		next++
	}
	if len(parts) < next+2 {
		return nil, bad(e.start, "a SignerInfo without a signature")
	}
	if s.algorithm, err = p.algorithm(parts[next], true); err != nil {
		return nil, err
	}
	if s.value, err = p.octets(parts[next+1]); err != nil {
		return nil, err
	}
	next += 2
	if next < len(parts) && parts[next].tag == tagContext1 {
		if s.unsigned, err = p.attributes(parts[next]); err != nil {
			return nil, err
		}
		next++
	}
	p.rest(parts, next, "a SignerInfo")
	return s, nil
}

func (p *parser) attributes(e element) ([]attribute, error) {
	all, err := p.children(e)
	if err != nil {
		return nil, err
	}
	var list []attribute
	for _, a := range all {
		parts, err := p.children(a)
		if err != nil {
			return nil, err
		}
		if a.tag != tagSequence || len(parts) < 2 || parts[1].tag != tagSet {
			return nil, bad(a.start, "not an attribute")
		}
		p.rest(parts, 2, "an attribute")
		oid, err := p.oid(parts[0])
		if err != nil {
			return nil, err
		}
		values, err := p.children(parts[1])
		if err != nil {
			return nil, err
		}
		list = append(list, attribute{at: a, oid: oid, values: values})
	}
	return list, nil
}

// signer judges one signer and appends it to the message.
func (p *parser) signer(s *signerInfo) error {
	out := Signer{Digest: s.digestName}
	cert := p.signerCertificate(s)
	if cert != nil {
		cert.used = true
		out.Subject = safetext.Of(cert.parsed.Subject.String())
		out.Certificate = fingerprint(cert.parsed.Raw)
	}
	out.Valid = p.check(s, cert, p.contentDigest)
	if err := p.unauthenticated(s, &out); err != nil {
		return err
	}
	p.message.Signers = append(p.message.Signers, out)
	return nil
}

// signerCertificate finds the certificate by issuer and serial number, or by
// key identifier.
func (p *parser) signerCertificate(s *signerInfo) *certificate {
	set := p.message.certificates
	if s.sid.tag == tagKeyID {
		for i := range set {
			if bytes.Equal(set[i].parsed.SubjectKeyId, p.value(s.sid)) && len(p.value(s.sid)) > 0 {
				return &set[i]
			}
		}
		return nil
	}
	parts, err := p.children(s.sid)
	if err != nil || len(parts) < 2 || parts[1].tag != tagInteger {
		return nil
	}
	p.rest(parts, 2, "a signer's name")
	serial := new(big.Int).SetBytes(p.value(parts[1]))
	for i := range set {
		c := set[i].parsed
		if bytes.Equal(c.RawIssuer, p.bytes(parts[0])) && c.SerialNumber.Cmp(serial) == 0 {
			return &set[i]
		}
	}
	return nil
}

// check verifies a signature over what has a digest, and flags what does not
// hold.
func (p *parser) check(s *signerInfo, cert *certificate, content func(crypto.Hash) []byte) bool {
	if cert == nil {
		p.flag(SignatureUnchecked, s.at, "the signer's certificate is not in the message: nothing shows that its %d bytes are a signature", len(s.value))
		return false
	}
	if s.digest == 0 || !s.digest.Available() {
		p.flag(SignatureUnchecked, s.at, "digest algorithm %s is not known here", s.digestName)
		return false
	}
	digest := content(s.digest)
	if s.signedRaw != nil {
		if !p.signedAttributes(s, digest) {
			return false
		}
		digest = sum(s.digest, s.signedRaw)
	}
	if *p.checks--; *p.checks < 0 {
		p.flag(SignatureUnchecked, s.at, "more than %d signatures and certificates: this one was not checked", maxChecks)
		return false
	}
	switch err := verifyValue(cert.parsed.PublicKey, s, digest).(type) {
	case nil:
		return true
	case unknownAlgorithm:
		p.flag(SignatureUnchecked, s.at, "%v", err)
	default:
		p.flag(SignatureInvalid, s.at, "the signature value does not verify with the certificate of %s", cert.parsed.Subject)
	}
	return false
}

// signedAttributes checks content type and digest, and that the others are such
// as signers write.
func (p *parser) signedAttributes(s *signerInfo, digest []byte) bool {
	seen, ok := map[string]bool{}, false
	for _, a := range s.signed {
		size := a.at.end - a.at.start
		switch {
		case !authenticatedAttribute(a.oid):
			p.flag(AuthenticatedAttribute, a.at, "an authenticated attribute of unknown kind %s, %d bytes", a.oid, size)
		case seen[a.oid] || len(a.values) != 1:
			p.flag(AuthenticatedAttribute, a.at, "authenticated attribute %s with %d values, or there twice", a.oid, len(a.values))
		case size > maxAttribute:
			p.flag(AuthenticatedAttribute, a.at, "authenticated attribute %s of %d bytes", a.oid, size)
		}
		seen[a.oid] = true
		if a.oid == oidMessageDigest && len(a.values) == 1 {
			ok = bytes.Equal(p.value(a.values[0]), digest)
		}
	}
	if !ok {
		p.flag(SignatureInvalid, s.at, "the signed digest is not that of the content")
	}
	return ok
}

// unauthenticated reads the attributes that no signature covers. A timestamp
// and a second signature are read in turn; anything else is flagged.
func (p *parser) unauthenticated(s *signerInfo, out *Signer) error {
	for _, a := range s.unsigned {
		for _, v := range a.values {
			known, err := true, error(nil)
			switch a.oid {
			case oidTimestampMS, oidTimestampToken:
				err = p.timestamp(s, v, out)
			case oidCounterSign:
				err = p.counterSignature(s, v, out)
			case oidNestedSignature:
				err = p.nested(v)
			default:
				known = false
			}
			if !known {
				p.flag(UnauthenticatedAttribute, a.at, "unauthenticated attribute %s, %d bytes that no signature covers", a.oid, v.end-v.start)
			} else if err != nil {
				p.flag(UnauthenticatedAttribute, a.at, "unauthenticated attribute %s cannot be read as what it claims to be: %v", a.oid, err)
			}
		}
		if len(a.values) == 0 {
			p.flag(UnauthenticatedAttribute, a.at, "unauthenticated attribute %s without a value", a.oid)
		}
	}
	return nil
}

func (p *parser) nested(v element) error {
	m, err := parse(p.bytes(v), nil, p.base+v.start, p.nesting+1, p.checks)
	if err != nil {
		return fmt.Errorf("a second signature: %w", err)
	}
	p.message.Nested = append(p.message.Nested, m)
	p.findings = append(p.findings, m.Findings...)
	return nil
}
