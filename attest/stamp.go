package attest

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// The parts of a timestamp response (RFC 3161 section 2.4.2) around CMS
// SignedData (RFC 5652 section 5.1), as far as they are written again. What is
// signed stays as it is.
type (
	stampResponse struct {
		Status stampStatus
		Token  stampContent
	}
	stampStatus  struct{ Status int }
	stampContent struct {
		Type asn1.ObjectIdentifier
		Data stampSigned `asn1:"explicit,tag:0"`
	}
	stampSigned struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      stampInfo
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		Signers      []stampSigner `asn1:"set"`
	}
	stampInfo struct {
		Type asn1.ObjectIdentifier
		Data []byte `asn1:"explicit,tag:0"`
	}
	stampSigner struct {
		Version    int
		Signer     stampSignerID
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue `asn1:"tag:0"`
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
	}
	stampSignerID struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
)

// readStamp reads a response that was granted, with one signer.
func readStamp(raw []byte) (r stampResponse, ok bool) {
	var loose struct {
		Status asn1.RawValue
		Token  asn1.RawValue
	}
	if rest, err := asn1.Unmarshal(raw, &loose); err != nil || len(rest) > 0 {
		return r, false
	}
	// A status may carry words, which nobody signs.
	if _, err := asn1.Unmarshal(loose.Status.FullBytes, &r.Status); err != nil || r.Status.Status != 0 {
		return r, false
	}
	if rest, err := asn1.Unmarshal(loose.Token.FullBytes, &r.Token); err != nil || len(rest) > 0 {
		return r, false
	}
	return r, len(r.Token.Data.Signers) == 1
}

// canonicalStamp writes a timestamp in the one form of ours; ok is false for what
// is none. All that nobody signs has one value, and the certificates are left out
// but for the signer's.
func canonicalStamp(raw []byte) (out []byte, ok bool) {
	r, ok := readStamp(raw)
	if !ok {
		return nil, false
	}
	signed := &r.Token.Data
	signer := &signed.Signers[0]
	signed.Version, signer.Version = 3, 1
	signer.Digest.Parameters = asn1.NullRawValue
	signed.Digests = []pkix.AlgorithmIdentifier{signer.Digest}
	signer.Algorithm.Parameters = asn1.RawValue{}
	if isRSA(signer.Algorithm.Algorithm) {
		signer.Algorithm.Parameters = asn1.NullRawValue
	}
	signed.Certificates = only(signed.Certificates, signer.Signer)
	out, err := asn1.Marshal(r)
	return out, err == nil
}

func isRSA(id asn1.ObjectIdentifier) bool {
	rsa := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1}
	return len(id) == len(rsa)+1 && id[:len(rsa)].Equal(rsa)
}

// only keeps the certificate that a signer names, from a SET under a tag.
func only(certs asn1.RawValue, who stampSignerID) asn1.RawValue {
	for rest := certs.Bytes; len(rest) > 0; {
		var cert asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &cert); err != nil {
			break
		}
		if isOf(cert.FullBytes, who) {
			return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.FullBytes}
		}
	}
	return asn1.RawValue{}
}

// isOf reports whether a certificate has the issuer and serial number.
func isOf(cert []byte, who stampSignerID) bool {
	var c struct {
		TBS struct {
			Version   int `asn1:"optional,explicit,tag:0"`
			Serial    *big.Int
			Algorithm asn1.RawValue
			Issuer    asn1.RawValue
			Validity  asn1.RawValue
			Subject   asn1.RawValue
			Key       asn1.RawValue
			Issued    asn1.BitString  `asn1:"optional,tag:1"`
			Subjected asn1.BitString  `asn1:"optional,tag:2"`
			Rest      []asn1.RawValue `asn1:"optional,explicit,tag:3"`
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if rest, err := asn1.Unmarshal(cert, &c); err != nil || len(rest) > 0 {
		return false
	}
	return c.TBS.Serial.Cmp(who.Serial) == 0 && bytes.Equal(c.TBS.Issuer.FullBytes, who.Issuer.FullBytes)
}

// stampCertificate is the certificate in a canonical timestamp, or nil.
func stampCertificate(raw []byte) []byte {
	r, ok := readStamp(raw)
	if !ok {
		return nil
	}
	return r.Token.Data.Certificates.Bytes
}
