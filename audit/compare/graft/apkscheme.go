package graft

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
	"github.com/proffer-audit/proffer/reports/safetext"
)

const schemeSigners = 10 // at most, as Android reads

// prefixed reads length-prefixed values of one block. Offsets are bytes of the
// shipped file.
type prefixed struct {
	data     []byte
	at, end  int64
	overread bool
}

func (p *prefixed) u32() uint32 {
	if p.end-p.at < 4 {
		p.overread, p.at = true, p.end
		return 0
	}
	v := binary.LittleEndian.Uint32(p.data[p.at:])
	p.at += 4
	return v
}

// next is the value that follows, with its own bounds.
func (p *prefixed) next() *prefixed {
	n := int64(p.u32())
	if n > p.end-p.at {
		p.overread = true
		n = p.end - p.at
	}
	inner := &prefixed{data: p.data, at: p.at, end: p.at + n}
	p.at += n
	return inner
}

func (p *prefixed) more() bool    { return p.at < p.end && !p.overread }
func (p *prefixed) bytes() []byte { return p.data[p.at:p.end] }
func (p *prefixed) size() int64   { return p.end - p.at }

// apkSigner is one signer of scheme v2 or v3.
type apkSigner struct {
	signedData []byte
	digests    map[uint32][]byte // by signature algorithm
	order      []uint32
	certs      []*x509.Certificate
	signatures map[uint32][]byte
	used       []uint32
	key        []byte // SubjectPublicKeyInfo
}

// scheme accounts for the block of one scheme and checks its signers.
func (a *archive) scheme(id uint32, from, to int64) {
	p := &prefixed{data: a.shipped, at: from, end: to}
	signers := p.next()
	a.rest(p, 0, "behind the signers")
	n := 0
	for ; signers.more() && n < schemeSigners; n++ {
		one := signers.next()
		start, size := one.at, one.size()
		s := a.apkSigner(id, one)
		a.rest(one, 0, "behind a signer")
		a.judge(id, s, start, size)
	}
	a.rest(signers, 0, "behind the last signer")
	if n == 0 {
		a.flag(NoMessage, from, to-from, "a block for signature scheme %s without a signer", schemeName(id))
	}
}

// rest flags bytes behind what a scheme defines, but for zeros that Android's own
// signer writes there.
func (a *archive) rest(p *prefixed, zeros int64, where string) {
	if p.overread {
		a.flag(SchemeRest, p.at, max(p.size(), 0), "a length that reaches outside its block, %s", where)
		return
	}
	if n := p.size(); n > 0 && (n > zeros || nonZero(p.bytes()) > 0) {
		a.flag(SchemeRest, p.at, n, "%d bytes %s that the signature scheme does not have", n, where)
	}
}

func schemeName(id uint32) string {
	switch id {
	case idV2:
		return "v2"
	case idV3:
		return "v3"
	}
	return "v3.1"
}

func (a *archive) apkSigner(id uint32, p *prefixed) *apkSigner {
	s := &apkSigner{digests: map[uint32][]byte{}, signatures: map[uint32][]byte{}}
	signed := p.next()
	s.signedData = signed.bytes()
	minimum, maximum := a.signedData(id, s, signed)
	if id != idV2 && (p.u32() != minimum || p.u32() != maximum) {
		a.flag(SchemeValue, p.at-8, 8, "a range of platforms that is not the signed one")
	}
	list := p.next()
	for list.more() {
		one := list.next()
		algorithm := one.u32()
		value := one.next()
		if _, twice := s.signatures[algorithm]; twice || len(s.signatures) == schemeSigners {
			a.flag(SchemeRest, value.at, value.size(), "a second signature by algorithm %#04x, or too many", algorithm)
			continue
		}
		s.signatures[algorithm] = value.bytes()
		s.used = append(s.used, algorithm)
		a.rest(one, 0, "behind a signature")
	}
	a.rest(list, 0, "behind the signatures")
	s.key = p.next().bytes()
	return s
}

// signedData reads digests, certificates and attributes.
func (a *archive) signedData(id uint32, s *apkSigner, p *prefixed) (minimum, maximum uint32) {
	list := p.next()
	for list.more() {
		one := list.next()
		algorithm := one.u32()
		value := one.next()
		if _, twice := s.digests[algorithm]; twice || len(s.digests) == schemeSigners {
			a.flag(SchemeRest, value.at, value.size(), "a second digest for algorithm %#04x, or too many", algorithm)
			continue
		}
		s.digests[algorithm] = value.bytes()
		s.order = append(s.order, algorithm)
		a.rest(one, 0, "behind a digest")
	}
	a.rest(list, 0, "behind the digests")
	certs := p.next()
	for certs.more() {
		a.apkCertificate(s, certs.next())
	}
	a.rest(certs, 0, "behind the certificates")
	if id != idV2 {
		minimum, maximum = p.u32(), p.u32()
	}
	attributes := p.next()
	for attributes.more() {
		a.apkAttribute(attributes.next())
	}
	a.rest(attributes, 0, "behind the attributes")
	// Android's signer ends the signed data of v2 with an empty fourth value.
	a.rest(p, 4, "behind the signed data")
	return minimum, maximum
}

func (a *archive) apkCertificate(s *apkSigner, p *prefixed) {
	cert, err := x509.ParseCertificate(p.bytes())
	switch {
	case err != nil || len(s.certs) == schemeSigners:
		a.flag(cms.CertificateUnreadable, p.at, p.size(), "%d bytes among the certificates are not an X.509 certificate, or there are too many", p.size())
		return
	case len(s.certs) > 0 && !cms.Issued(cert, s.certs[len(s.certs)-1]):
		a.flag(cms.CertificateUnrelated, p.at, p.size(), "the certificate of %s, %d bytes, did not issue the one before it", cert.Subject, p.size())
	}
	s.certs = append(s.certs, cert)
}

// apkAttribute knows the attributes of fixed form: protection against the
// stripping of a scheme, the least platform, rotation for development.
func (a *archive) apkAttribute(p *prefixed) {
	start, size := p.at, p.size()
	switch id := p.u32(); {
	case (id == 0xbeeff00d || id == 0x559f8b02) && p.size() == 4:
	case id == 0xc2a6b3ba && p.size() == 0:
	default:
		a.flag(SchemeUnknown, start, size, "attribute %#08x, %d bytes, is not read here", id, size)
	}
}

// judge checks one signer's signatures and digests.
func (a *archive) judge(id uint32, s *apkSigner, at, size int64) {
	out := Signer{Where: "signing block, " + schemeName(id), Valid: len(s.used) > 0}
	if len(s.certs) == 0 {
		a.flag(SchemeValue, at, size, "a signer without a certificate")
		out.Valid = false
	} else {
		sum := sha256.Sum256(s.certs[0].Raw)
		out.Subject, out.Certificate = safetext.Of(s.certs[0].Subject.String()), hex.EncodeToString(sum[:])
		if !bytes.Equal(s.certs[0].RawSubjectPublicKeyInfo, s.key) {
			a.flag(SchemeValue, at, size, "the signer's key is not that of its certificate")
			out.Valid = false
		}
	}
	for _, algorithm := range s.used {
		if err := verifyAPK(algorithm, s); err != nil {
			a.flag(SchemeValue, at, size, "signature algorithm %#04x: %v", algorithm, err)
			out.Valid = false
		}
		if _, ok := s.digests[algorithm]; !ok {
			a.flag(SchemeValue, at, size, "a signature by algorithm %#04x without a digest for it", algorithm)
			out.Valid = false
		}
	}
	for _, algorithm := range s.order {
		name, computed, err := a.apkDigest(algorithm)
		if err != nil {
			a.flag(SchemeUnknown, at, size, "%v", err)
			out.Valid = false
			continue
		}
		out.Digest, out.Signed, out.Computed = name, hex.EncodeToString(s.digests[algorithm]), hex.EncodeToString(computed)
		if !bytes.Equal(computed, s.digests[algorithm]) {
			a.flag(ContentDigest, at, size, "the %s digest that was signed is %x, that of the shipped file is %x", name, s.digests[algorithm], computed)
			out.Valid = false
		}
		if _, ok := s.signatures[algorithm]; !ok {
			a.flag(SchemeValue, at, size, "a digest for algorithm %#04x without a signature by it", algorithm)
		}
	}
	a.graft.Signers = append(a.graft.Signers, out)
}
