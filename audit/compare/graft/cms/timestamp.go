package cms

import (
	"bytes"
	"crypto"
	"fmt"
)

const maxTimestamp = 1024 // bytes of a TSTInfo

// timestamp reads a token of RFC 3161 and checks that it stamps the signature
// it hangs on.
func (p *parser) timestamp(s *signerInfo, v element, out *Signer) error {
	m, err := parse(p.bytes(v), nil, p.base+v.start, p.nesting+1, p.checks)
	if err != nil {
		return fmt.Errorf("a timestamp: %w", err)
	}
	p.findings = append(p.findings, m.Findings...)
	if m.ContentType != oidTSTInfo {
		p.flag(TimestampUnrelated, v, "content type %s in the place of a timestamp", m.ContentType)
		return nil
	}
	ok, err := stamps(m.Content, s.value)
	if err != nil {
		return err
	}
	if !ok {
		p.flag(TimestampUnrelated, v, "a timestamp of something else than this signature")
		return nil
	}
	if n := len(m.Content); n > maxTimestamp {
		p.flag(TimestampLong, v, "a timestamp of %d bytes, where digest, time and name of an authority take less than %d", n, maxTimestamp)
	}
	out.Timestamps++
	return nil
}

// stamps reads the TSTInfo of RFC 3161, section 2.4.2, as far as the digest that
// was stamped: version, policy, messageImprint.
func stamps(info, value []byte) (bool, error) {
	r := &reader{data: info, left: maxElements}
	outer, err := r.read(0, len(info))
	if err != nil {
		return false, err
	}
	if outer.end != len(info) {
		return false, bad(outer.end, "%d bytes behind the timestamp", len(info)-outer.end)
	}
	parts, err := r.children(outer)
	if err != nil {
		return false, err
	}
	if len(parts) < 5 || parts[2].tag != tagSequence {
		return false, bad(0, "not a timestamp")
	}
	imprint, err := r.children(parts[2])
	if err != nil {
		return false, err
	}
	if len(imprint) != 2 || imprint[1].tag != tagOctetString {
		return false, bad(parts[2].start, "not a message imprint")
	}
	algorithm, err := r.children(imprint[0])
	if err != nil {
		return false, err
	}
	if len(algorithm) == 0 {
		return false, bad(imprint[0].start, "no digest algorithm")
	}
	oid, err := r.oid(algorithm[0])
	if err != nil {
		return false, err
	}
	h, _, ok := DigestAlgorithm(oid)
	if !ok || !h.Available() {
		return false, bad(algorithm[0].start, "digest algorithm %s is not known here", oid)
	}
	return bytes.Equal(sum(h, value), r.value(imprint[1])), nil
}

// counterSignature is RFC 5652, section 11.4: a SignerInfo over the signature's
// value. Its certificates stand in the same set.
func (p *parser) counterSignature(s *signerInfo, v element, out *Signer) error {
	info, err := p.signerInfo(v)
	if err != nil {
		return err
	}
	cert := p.signerCertificate(info)
	if cert != nil {
		cert.used = true
	}
	if p.check(info, cert, func(h crypto.Hash) []byte { return sum(h, s.value) }) {
		out.Timestamps++
	}
	for _, a := range info.unsigned {
		p.flag(UnauthenticatedAttribute, a.at, "unauthenticated attribute %s in a counter-signature", a.oid)
	}
	return nil
}
