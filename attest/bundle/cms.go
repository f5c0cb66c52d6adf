package bundle

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 2634 names certificates by it; what is trusted is the signature
	"crypto/x509"
	"time"
	"unicode/utf8"
)

// The contents of the object identifiers of timestamps, as DER has them.
const (
	oidSignedData    = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"         // 1.2.840.113549.1.7.2
	oidTSTInfo       = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04" // 1.2.840.113549.1.9.16.1.4
	oidContentType   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"         // 1.2.840.113549.1.9.3
	oidMessageDigest = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"         // 1.2.840.113549.1.9.4
	oidSigningTime   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"         // 1.2.840.113549.1.9.5
	oidSigningCert   = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c" // 1.2.840.113549.1.9.16.2.12
	oidSigningCertV2 = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" // 1.2.840.113549.1.9.16.2.47
	oidSHA256        = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"         // 2.16.840.1.101.3.4.2.1
	oidSHA384        = "\x60\x86\x48\x01\x65\x03\x04\x02\x02"
	oidSHA512        = "\x60\x86\x48\x01\x65\x03\x04\x02\x03"
	oidECDSASHA256   = "\x2a\x86\x48\xce\x3d\x04\x03\x02" // 1.2.840.10045.4.3.2
	oidECDSASHA384   = "\x2a\x86\x48\xce\x3d\x04\x03\x03"
	oidECDSASHA512   = "\x2a\x86\x48\xce\x3d\x04\x03\x04"
	oidRSA           = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" // 1.2.840.113549.1.1.1
	oidRSASHA256     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
	oidRSASHA384     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"
	oidRSASHA512     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"
	oidEd25519       = "\x2b\x65\x70" // 1.3.101.112
)

// token is a timestamp token (RFC 3161, 2.4.2): one signature in CMS (RFC 5652)
// over the TSTInfo.
type token struct {
	certs   [][]byte // that came with it, as DER; evidence and not trust
	content []byte   // the TSTInfo
	at      time.Time
	about   []byte // the message imprint, by the hash imprint
	imprint crypto.Hash

	issuer, serial []byte // of the signer's certificate, as DER
	digest         crypto.Hash
	algorithm      x509.SignatureAlgorithm
	attributes     []byte // as they are signed
	sig            []byte
	messageDigest  []byte
	signingTime    time.Time // zero if none is given
	certHash       []byte    // that names the signer's certificate; nil if none does
	certHashBy     crypto.Hash
}

// readToken reads a TimeStampResp that was granted; ok is false for anything
// else.
func readToken(raw []byte) (t *token, ok bool) {
	outer := &der{rest: raw}
	resp := outer.into(tagSequence)
	status := resp.into(tagSequence)
	if granted := status.want(tagInteger); len(granted) != 1 || granted[0] != 0 {
		return nil, false
	}
	if status.at(tagSequence) {
		words := status.into(tagSequence)
		for len(words.rest) > 0 {
			words.broken = !utf8.Valid(words.want(tagUTF8)) || words.broken
		}
		status.broken = status.broken || !words.done()
	}
	info := resp.into(tagSequence)
	if string(info.want(tagOID)) != oidSignedData {
		return nil, false
	}
	explicit := info.into(tagContext0)
	data := explicit.into(tagSequence)
	t = &token{}
	ok = t.readSignedData(data) && data.done() && explicit.done() && info.done() && resp.done() && outer.done() &&
		status.done() && t.readInfo()
	return t, ok
}

func (t *token) readSignedData(d *der) bool {
	version, hashes := d.want(tagInteger), d.into(tagSet)
	hash, ok := readHash(hashes)
	if !ok || !hashes.done() || len(version) != 1 {
		return false
	}
	content := d.into(tagSequence)
	if string(content.want(tagOID)) != oidTSTInfo {
		return false
	}
	wrapped := content.into(tagContext0)
	t.content = wrapped.want(tagOctets)
	if !wrapped.done() || !content.done() {
		return false
	}
	if d.at(tagContext0) {
		certs := d.into(tagContext0)
		for len(certs.rest) > 0 {
			_, _, whole := certs.next()
			t.certs = append(t.certs, whole)
		}
		if certs.broken {
			return false
		}
	}
	signers := d.into(tagSet)
	signer := signers.into(tagSequence)
	return t.readSigner(signer) && signer.done() && signers.done() && t.digest == hash
}

// readSigner reads the one SignerInfo. What is not signed in it is not read.
func (t *token) readSigner(d *der) bool {
	if version := d.want(tagInteger); len(version) != 1 {
		return false
	}
	sid := d.into(tagSequence)
	tag, _, issuer := sid.next()
	t.issuer, t.serial = issuer, sid.want(tagInteger)
	if tag != tagSequence || !sid.done() {
		return false
	}
	var ok bool
	if t.digest, ok = readHash(d); !ok {
		return false
	}
	if !d.at(tagContext0) {
		return false
	}
	_, body, whole := d.next()
	if d.broken {
		return false
	}
	t.attributes = append([]byte{tagSet}, whole[1:]...) // as RFC 5652, 5.4 has them signed
	if !t.readAttributes(body) {
		return false
	}
	alg := d.into(tagSequence)
	if t.algorithm, ok = algorithmOf(string(alg.want(tagOID)), t.digest); !ok || !alg.noParameters() {
		return false
	}
	t.sig = d.want(tagOctets)
	return !d.broken
}

// readHash reads an AlgorithmIdentifier of a hash.
func readHash(d *der) (crypto.Hash, bool) {
	alg := d.into(tagSequence)
	h, ok := map[string]crypto.Hash{oidSHA256: crypto.SHA256, oidSHA384: crypto.SHA384, oidSHA512: crypto.SHA512}[string(alg.want(tagOID))]
	return h, ok && alg.noParameters()
}

// noParameters reports the end of an AlgorithmIdentifier, or NULL before it.
func (d *der) noParameters() bool {
	return !d.broken && (len(d.rest) == 0 || string(d.rest) == "\x05\x00")
}

// algorithmOf names a signature algorithm, whose hash must be that of the digest.
func algorithmOf(oid string, digest crypto.Hash) (x509.SignatureAlgorithm, bool) {
	type kind struct {
		hash crypto.Hash
		alg  x509.SignatureAlgorithm
	}
	if oid == oidRSA {
		oid = map[crypto.Hash]string{crypto.SHA256: oidRSASHA256, crypto.SHA384: oidRSASHA384, crypto.SHA512: oidRSASHA512}[digest]
	}
	if oid == oidEd25519 {
		return x509.PureEd25519, true
	}
	k := map[string]kind{
		oidECDSASHA256: {crypto.SHA256, x509.ECDSAWithSHA256}, oidRSASHA256: {crypto.SHA256, x509.SHA256WithRSA},
		oidECDSASHA384: {crypto.SHA384, x509.ECDSAWithSHA384}, oidRSASHA384: {crypto.SHA384, x509.SHA384WithRSA},
		oidECDSASHA512: {crypto.SHA512, x509.ECDSAWithSHA512}, oidRSASHA512: {crypto.SHA512, x509.SHA512WithRSA},
	}[oid]
	return k.alg, k.alg != 0 && k.hash == digest
}

// readAttributes reads the signed attributes: in the order of DER, each once.
func (t *token) readAttributes(body []byte) bool {
	list := &der{rest: body}
	var before []byte
	typed := false
	for len(list.rest) > 0 {
		_, inner, whole := list.next()
		if list.broken || bytes.Compare(before, whole) >= 0 {
			return false
		}
		before = whole
		attr := &der{rest: inner}
		oid := string(attr.want(tagOID))
		values := attr.into(tagSet)
		ok := attr.done() && len(values.rest) > 0
		switch oid {
		case oidContentType:
			ok = ok && !typed && string(values.want(tagOID)) == oidTSTInfo && values.done()
			typed = true
		case oidMessageDigest:
			ok = ok && t.messageDigest == nil
			t.messageDigest = values.want(tagOctets)
			ok = ok && values.done()
		case oidSigningTime:
			ok = ok && t.readSigningTime(values)
		case oidSigningCert:
			ok = ok && t.readCertHash(values, crypto.SHA1)
		case oidSigningCertV2:
			ok = ok && t.readCertHash(values, crypto.SHA256)
		}
		if !ok {
			return false
		}
	}
	return typed && t.messageDigest != nil
}

func (t *token) readSigningTime(values *der) bool {
	tag, body, _ := values.next()
	var err error
	switch {
	case !t.signingTime.IsZero():
		return false
	case tag == tagGeneralTime:
		t.signingTime, err = time.Parse(generalTime, string(body))
	default:
		// Two digits of a year mean 1950 to 2049 (RFC 5652, 11.3).
		t.signingTime, err = time.Parse("060102150405Z", string(body))
		if t.signingTime.Year() >= 2050 {
			t.signingTime = t.signingTime.AddDate(-100, 0, 0)
		}
	}
	return err == nil && values.done()
}

// readCertHash reads the first ESSCertID (RFC 2634, 5.4) or ESSCertIDv2 (RFC
// 5035, 4), which is the signer's.
func (t *token) readCertHash(values *der, h crypto.Hash) bool {
	id := values.into(tagSequence).into(tagSequence).into(tagSequence)
	if h == crypto.SHA256 && id.at(tagSequence) {
		var ok bool
		if h, ok = readHash(id); !ok {
			return false
		}
	}
	if t.certHashBy == crypto.SHA1 || t.certHash == nil {
		t.certHash, t.certHashBy = id.want(tagOctets), h
	}
	return !id.broken
}

// names reports whether the token's own word for its signer is this certificate.
func (t *token) names(cert *x509.Certificate) bool {
	if t.certHash == nil {
		return true
	}
	if t.certHashBy == crypto.SHA1 {
		sum := sha1.Sum(cert.Raw) //nolint:gosec // see the import
		return bytes.Equal(sum[:], t.certHash)
	}
	h := t.certHashBy.New()
	h.Write(cert.Raw)
	return bytes.Equal(h.Sum(nil), t.certHash)
}

// generalTime is a GeneralizedTime of DER; time.Parse takes a fraction after it.
const generalTime = "20060102150405Z"

// readInfo reads the TSTInfo.
func (t *token) readInfo() bool {
	outer := &der{rest: t.content}
	d := outer.into(tagSequence)
	if v := d.want(tagInteger); len(v) != 1 || v[0] != 1 {
		return false
	}
	d.want(tagOID)
	message := d.into(tagSequence)
	var ok bool
	if t.imprint, ok = readHash(message); !ok {
		return false
	}
	t.about = message.want(tagOctets)
	d.want(tagInteger)
	text := string(d.want(tagGeneralTime))
	if d.broken || !message.done() || !outer.done() {
		return false
	}
	var err error
	if t.at, err = time.Parse("20060102150405.999999999Z", text); err != nil || t.at.Format("20060102150405.999999999Z") != text {
		return false
	}
	for len(d.rest) > 0 {
		d.next()
	}
	return d.done()
}
