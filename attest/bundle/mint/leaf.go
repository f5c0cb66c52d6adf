package mint

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"slices"
	"time"
)

// CT is a certificate log (RFC 6962).
type CT struct {
	URI     string
	Trusted Window
	key     *Key
}

// NewCT makes a certificate log.
func NewCT(seed, name string, trusted Window) *CT {
	return &CT{URI: "https://ctfe." + name + "/test", Trusted: trusted, key: NewKey(P256, "ct "+seed)}
}

// certificate is the outer form of an X.509 certificate, RFC 5280 section 4.1.
type certificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

type tbsCertificate struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   struct{ NotBefore, NotAfter time.Time }
	Subject    asn1.RawValue
	Key        asn1.RawValue
	Extensions []pkix.Extension `asn1:"explicit,tag:3"`
}

// leafOrder is what a leaf certificate is to say.
type leafOrder struct {
	identity Identity
	key      *Key
	valid    Window
	serial   *big.Int
	logs     []*CT
	logged   time.Time // when the certificate logs saw it
	otherSCT bool      // they saw another certificate
}

// leaf issues a certificate for signing, and returns its DER form. It is put
// together by hand, because crypto/x509 would sign the certificate twice, with
// and without timestamps, and verify each signature.
func (ca *CA) leaf(o leafOrder) []byte {
	tbs := tbsCertificate{
		Version: 2, Serial: o.serial, Algorithm: signatureAlgorithm(ca.key),
		Issuer:  asn1.RawValue{FullBytes: ca.Middle.RawSubject},
		Subject: asn1.RawValue{FullBytes: []byte{0x30, 0}},
		Key:     asn1.RawValue{FullBytes: o.key.spki},
		Extensions: slices.Concat([]pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 7, 0x80}}, // digital signature
			{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: codeSigning()},
			{Id: asn1.ObjectIdentifier{2, 5, 29, 14}, Value: must(asn1.Marshal(keyIdentifier(o.key)))},
			{Id: asn1.ObjectIdentifier{2, 5, 29, 35}, Value: authorityKey(ca.key)},
			o.identity.altName(),
		}, o.identity.extensions()),
	}
	tbs.Validity.NotBefore, tbs.Validity.NotAfter = o.valid.Start.UTC(), o.valid.End.UTC()
	if len(o.logs) > 0 {
		seen := tbs
		if o.otherSCT {
			seen.Serial = new(big.Int).Add(o.serial, big.NewInt(1))
		}
		list := timestampList(o.logs, o.logged, ca.key.ID(), must(asn1.Marshal(seen)))
		tbs.Extensions = append(tbs.Extensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: must(asn1.Marshal(list))})
	}
	raw := must(asn1.Marshal(tbs))
	sig := ca.key.Sign(raw)
	return must(asn1.Marshal(certificate{
		asn1.RawValue{FullBytes: raw}, signatureAlgorithm(ca.key), asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)},
	}))
}

func codeSigning() []byte {
	return must(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 3}}))
}

func authorityKey(k *Key) []byte {
	return must(asn1.Marshal(struct {
		ID []byte `asn1:"tag:0"`
	}{keyIdentifier(k)}))
}

// signatureAlgorithm is ECDSA with the key's hash, or Ed25519.
func signatureAlgorithm(k *Key) pkix.AlgorithmIdentifier {
	switch k.hash {
	case 0:
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 101, 112}}
	default:
		last := map[string]int{"SHA2_256": 2, "SHA2_384": 3, "SHA2_512": 4}[k.hashName()]
		return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, last}}
	}
}

// timestampList is a SignedCertificateTimestampList over a certificate that has
// none yet, RFC 6962 sections 3.2 and 3.3.
func timestampList(logs []*CT, at time.Time, issuer [32]byte, tbs []byte) []byte {
	millis := uint64(at.UnixMilli()) //nolint:gosec // after 1970
	var list []byte
	for _, l := range logs {
		input := []byte{0, 0} // version 1, certificate timestamp
		input = binary.BigEndian.AppendUint64(input, millis)
		input = append(input, 0, 1) // of a certificate before it was issued
		input = append(input, issuer[:]...)
		input = append(input, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
		input = append(input, tbs...)
		input = append(input, 0, 0) // no extensions
		sig := l.key.Sign(input)
		id := l.key.ID()
		sct := append([]byte{0}, id[:]...)
		sct = binary.BigEndian.AppendUint64(sct, millis)
		sct = append(sct, 0, 0, 4, 3) // no extensions; SHA-256, ECDSA
		sct = opaque(sct, sig)
		list = opaque(list, sct)
	}
	return opaque(nil, list)
}

// opaque appends data after its length in two bytes.
func opaque(to, data []byte) []byte {
	to = binary.BigEndian.AppendUint16(to, uint16(len(data))) //nolint:gosec // a few hundred bytes
	return append(to, data...)
}
