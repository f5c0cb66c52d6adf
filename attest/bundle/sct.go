package bundle

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"time"
)

// sctListDER is the OID of the embedded list of certificate timestamps,
// 1.3.6.1.4.1.11129.2.4.2 (RFC 6962, 3.3), as DER has its contents.
const sctListDER = "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"

func sctListOID() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
}

// sct is a SignedCertificateTimestamp (RFC 6962, 3.2).
type sct struct {
	log        [sha256.Size]byte
	at         uint64 // milliseconds since 1970
	extensions []byte // with their length before them
	hash, alg  byte
	sig        []byte
}

func (s *sct) time() time.Time { return time.UnixMilli(int64(s.at)).UTC() } //nolint:gosec // readSCT refuses what does not fit

// checkSCTs holds the certificate timestamps of the leaf against the root's
// certificate logs.
func (c *check) checkSCTs() error {
	if c.bundle.leaf == nil {
		return nil
	}
	list, there, err := readSCTs(c.bundle.leaf)
	if err != nil && (c.demand.All || c.demand.SCTs > 0) {
		return err
	}
	if !there && c.demand.SCTs > 0 {
		return refuse(SCTMissing, "certificate without a certificate timestamp")
	}
	var last error
	for i := range list {
		k, err := c.checkSCT(&list[i])
		switch {
		case err == nil:
			if !slices.Contains(c.result.CTLogs, k.id) {
				c.result.CTLogs = append(c.result.CTLogs, k.id)
			}
		case c.demand.All:
			return err
		default:
			last = err
		}
	}
	if n := len(c.result.CTLogs); n < c.demand.SCTs {
		if last != nil && n == 0 {
			return last
		}
		return refuse(SCTMissing, "%d certificate logs vouch for the certificate, %d are demanded", n, c.demand.SCTs)
	}
	return nil
}

func (c *check) checkSCT(s *sct) (*logKey, error) {
	k, ok := c.root.ctLogs[s.log]
	if !ok {
		return nil, refuse(SCTUnknownLog, "certificate timestamp of a log that the trusted root does not have")
	}
	if !k.window.holds(s.time()) {
		return nil, refuse(SCTOutsideLog, "certificate timestamp of %s, when the log's key was not valid", stamp(s.time()))
	}
	// Of paths with different issuers only one can have signed the leaf.
	input, ok := precertInput(s, c.bundle.leaf, c.paths[0].keySum)
	if !ok {
		return nil, refuse(SCTBroken, "certificate timestamp in a certificate that is not DER")
	}
	const sha256Hash, rsaSignature, ecdsaSignature = 4, 1, 3 // RFC 5246, 7.4.1.4.1
	kind := byte(rsaSignature)
	if _, ec := k.key.(*ecdsa.PublicKey); ec {
		kind = ecdsaSignature
	}
	if _, ed := k.key.(ed25519.PublicKey); ed || s.hash != sha256Hash || s.alg != kind {
		return nil, refuse(SCTBadSignature, "certificate timestamp with a kind of signature that its log does not make")
	}
	if !verifyText(k.key, input, s.sig) {
		return nil, refuse(SCTBadSignature, "the certificate timestamp is not its log's word for this certificate")
	}
	return k, nil
}

// readSCTs reads the list in the certificate; there is false if it has none.
func readSCTs(leaf *x509.Certificate) (list []sct, there bool, err error) {
	var value []byte
	for _, e := range leaf.Extensions {
		if e.Id.Equal(sctListOID()) {
			value, there = e.Value, true
		}
	}
	if !there {
		return nil, false, nil
	}
	broken := refuse(SCTBroken, "the list of certificate timestamps is broken")
	outer := der{rest: value}
	rest, ok := vector(outer.want(tagOctets))
	if !outer.done() || !ok || len(rest) == 0 {
		return nil, true, broken
	}
	for len(rest) > 0 {
		size := 0
		if len(rest) >= 2 {
			size = int(binary.BigEndian.Uint16(rest))
		}
		if size == 0 || size > len(rest)-2 {
			return nil, true, broken
		}
		s, ok := readSCT(rest[2 : 2+size])
		if !ok {
			return nil, true, broken
		}
		list, rest = append(list, s), rest[2+size:]
	}
	return list, true, nil
}

// vector takes the length of two bytes off contents that it must fill.
func vector(b []byte) ([]byte, bool) {
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) != len(b)-2 {
		return nil, false
	}
	return b[2:], true
}

func readSCT(b []byte) (s sct, ok bool) {
	const fixed = 1 + sha256.Size + 8 + 2
	if len(b) < fixed || b[0] != 0 {
		return s, false
	}
	s.log = [sha256.Size]byte(b[1:])
	s.at = binary.BigEndian.Uint64(b[1+sha256.Size:])
	n := int(binary.BigEndian.Uint16(b[fixed-2:]))
	if s.at > 1<<53 || len(b) < fixed+n+4 {
		return s, false
	}
	s.extensions = b[fixed-2 : fixed+n]
	rest := b[fixed+n:]
	s.hash, s.alg = rest[0], rest[1]
	s.sig, ok = vector(rest[2:])
	return s, ok
}

// precertInput is what a log signs for a precertificate (RFC 6962, 3.2): the
// leaf's TBSCertificate without the list, and the key of its issuer.
func precertInput(s *sct, leaf *x509.Certificate, issuer [sha256.Size]byte) ([]byte, bool) {
	tbs, ok := withoutSCTs(leaf.RawTBSCertificate)
	if !ok || len(tbs) >= 1<<24 {
		return nil, false
	}
	b := make([]byte, 0, len(tbs)+len(s.extensions)+64)
	b = append(b, 0, 0) // v1, certificate_timestamp
	b = binary.BigEndian.AppendUint64(b, s.at)
	b = append(b, 0, 1) // precert_entry
	b = append(b, issuer[:]...)
	b = append(b, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	b = append(b, tbs...)
	return append(b, s.extensions...), true
}

// withoutSCTs writes a TBSCertificate again without the list.
func withoutSCTs(raw []byte) ([]byte, bool) {
	outer := der{rest: raw}
	tbs := outer.into(tagSequence)
	before := tbs.rest
	for !tbs.broken && len(tbs.rest) > 0 && !tbs.at(tagContext3) {
		tbs.next()
	}
	before = before[:len(before)-len(tbs.rest)]
	list := tbs.into(tagContext3).into(tagSequence)
	if !outer.done() || !tbs.done() || list.broken {
		return nil, false
	}
	kept := make([]byte, 0, len(list.rest))
	for len(list.rest) > 0 {
		_, body, whole := list.next()
		ext := der{rest: body}
		if !bytes.Equal(ext.want(tagOID), []byte(sctListDER)) {
			kept = append(kept, whole...)
		}
	}
	if list.broken {
		return nil, false
	}
	inner := derSize(len(kept))
	out := appendDER(make([]byte, 0, len(raw)), tagSequence, len(before)+derSize(inner))
	out = append(out, before...)
	out = appendDER(out, tagContext3, inner)
	out = appendDER(out, tagSequence, len(kept))
	return append(out, kept...), true
}
