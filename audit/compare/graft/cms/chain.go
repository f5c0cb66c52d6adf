package cms

import (
	"bytes"
	"crypto/x509"
	"errors"
)

// certificates reads the set of RFC 5652, section 10.2.2.
func (p *parser) certificates(e element) error {
	all, err := p.children(e)
	if err != nil {
		return err
	}
	if len(all) > maxCertificates {
		return bad(e.start, "more than %d certificates", maxCertificates)
	}
	for _, c := range all {
		if c.tag != tagSequence {
			p.flag(CertificateUnreadable, c, "%d bytes with tag %#x among the certificates", c.end-c.start, c.tag)
			continue
		}
		raw := p.bytes(c)
		if p.held(raw) {
			p.flag(CertificateDuplicate, c, "a certificate of %d bytes is there twice", len(raw))
			continue
		}
		parsed, err := x509.ParseCertificate(raw)
		if err != nil {
			p.flag(CertificateUnreadable, c, "%d bytes among the certificates are not an X.509 certificate: %v", len(raw), err)
			continue
		}
		p.message.certificates = append(p.message.certificates, certificate{at: c, parsed: parsed})
	}
	return nil
}

func (p *parser) held(raw []byte) bool {
	for _, c := range p.message.certificates {
		if bytes.Equal(c.parsed.Raw, raw) {
			return true
		}
	}
	return false
}

// chains flags every certificate that is in no signer's chain. Such a one is a
// known carrier of payloads: a verifier skips it, so it may hold anything.
func (p *parser) chains() {
	set := p.message.certificates
	for grown := true; grown; {
		grown = false
		for i := range set {
			if !set[i].used {
				continue
			}
			for j := range set {
				if !set[j].used && Issued(set[j].parsed, set[i].parsed) {
					set[j].used, grown = true, true
				}
			}
		}
	}
	for _, c := range set {
		if !c.used {
			p.flag(CertificateUnrelated, c.at, "the certificate of %s, %d bytes, belongs to no signer's chain", c.parsed.Subject, len(c.parsed.Raw))
		} else if bytes.Equal(c.parsed.RawSubject, c.parsed.RawIssuer) && !Issued(c.parsed, c.parsed) {
			p.flag(CertificateUnreadable, c.at, "the signature of the self-issued certificate of %s does not verify", c.parsed.Subject)
		}
	}
}

// Issued reports whether parent's name and key are those that child was issued
// with. Where the algorithm is too weak for the library to compute, the name
// decides.
func Issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	var weak x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &weak)
}
