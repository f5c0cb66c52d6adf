package cms

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
)

const maxExtension = 4096 // bytes of one extension of a certificate

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
		if len(raw) > maxCertificate {
			p.flag(CertificateUnreadable, c, "a certificate of %d bytes, over the limit of %d", len(raw), maxCertificate)
			continue
		}
		if p.held(raw) {
			p.flag(CertificateDuplicate, c, "a certificate of %d bytes is there twice", len(raw))
			continue
		}
		parsed, err := x509.ParseCertificate(raw)
		if err != nil {
			p.flag(CertificateUnreadable, c, "%d bytes among the certificates are not an X.509 certificate: %v", len(raw), err)
			continue
		}
		p.extensions(c, parsed)
		p.message.certificates = append(p.message.certificates, certificate{at: c, parsed: parsed})
	}
	return nil
}

// extensions flags those that certificates for code do not have. A signer who
// is his own authority can put anything into one.
func (p *parser) extensions(at element, c *x509.Certificate) {
	for _, e := range c.Extensions {
		if id := e.Id.String(); !certificateExtension(id) || len(e.Value) > maxExtension {
			p.flag(CertificateExtension, at, "extension %s of the certificate of %s, %d bytes, is unknown or longer than %d bytes", id, c.Subject, len(e.Value), maxExtension)
		}
	}
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
//
// Each pair is compared once, and no more of them than the message may cost.
func (p *parser) chains() {
	set := p.message.certificates
	var queue []int
	for i := range set {
		if set[i].used {
			queue = append(queue, i)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for j := range set {
			if !set[j].used && p.issued(set[j].parsed, set[queue[0]].parsed) {
				set[j].used = true
				queue = append(queue, j)
			}
		}
	}
	for _, c := range set {
		if !c.used {
			p.flag(CertificateUnrelated, c.at, "the certificate of %s, %d bytes, belongs to no signer's chain", c.parsed.Subject, len(c.parsed.Raw))
		} else if bytes.Equal(c.parsed.RawSubject, c.parsed.RawIssuer) && !p.issued(c.parsed, c.parsed) {
			p.flag(CertificateUnreadable, c.at, "the signature of the self-issued certificate of %s does not verify", c.parsed.Subject)
		}
	}
}

func (p *parser) issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	*p.checks--
	return *p.checks >= 0 && Issued(parent, child)
}

// Issued reports whether parent's name and key are those that child was issued
// with. Where the algorithm is too weak for the library to compute, the name
// decides.
func Issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	if key, ok := parent.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSA {
		return false
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	var weak x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &weak)
}
