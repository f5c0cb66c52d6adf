package mint

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// TSAOptions say what a timestamp authority is like.
type TSAOptions struct {
	Seed    string
	Name    string
	Now     time.Time
	Curve   Kind   // of the leaf; P256 if empty
	CA      Kind   // of root and intermediate; P384 if empty
	Leaf    Window // of the certificate that signs
	Trusted Window // in trusted_root.json
	Bare    bool   // leaves the certificate out of its timestamps
}

// TSA is a timestamp authority (RFC 3161): root, intermediate, leaf.
type TSA struct {
	Leaf, Middle, Root *x509.Certificate
	URI                string
	Trusted            Window
	key                *Key
	bare               bool
}

// NewTSA makes a timestamp authority.
func NewTSA(o TSAOptions) *TSA {
	if o.Curve == "" {
		o.Curve = P256
	}
	subject := func(name string) pkix.Name {
		return pkix.Name{CommonName: name, Organization: []string{o.Name}}
	}
	chain := first(o.CA, P384)
	rootKey, middleKey := NewKey(chain, "tsa root "+o.Seed), NewKey(chain, "tsa intermediate "+o.Seed)
	t := &TSA{
		URI: "https://tsa." + o.Name + "/api/v1/timestamp", key: NewKey(o.Curve, "tsa "+o.Seed), bare: o.Bare,
		Trusted: o.Trusted.or(Window{Start: o.Now.Add(-4 * year)}),
	}
	root := authority(subject("sigstore-tsa-selfsigned"), around(o.Now, 5*year, 5*year), "tsa root "+o.Seed)
	t.Root = issue(root, root, rootKey, rootKey)
	middle := authority(subject("sigstore-tsa-intermediate"), around(o.Now, 5*year, 5*year), "tsa intermediate "+o.Seed)
	middle.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	t.Middle = issue(middle, t.Root, middleKey, rootKey)
	valid := o.Leaf.or(around(o.Now, 5*year, 5*year))
	leaf := &x509.Certificate{
		SerialNumber: serial("tsa " + o.Seed), Subject: subject("sigstore-tsa"), NotBefore: valid.Start, NotAfter: valid.End,
		KeyUsage: x509.KeyUsageDigitalSignature,
		// RFC 3161 section 2.3 wants this one usage, and critical.
		ExtraExtensions: []pkix.Extension{{
			Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true,
			Value: must(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})),
		}},
	}
	t.Leaf = issue(leaf, t.Middle, t.key, middleKey)
	return t
}

type timestampInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	Serial *big.Int
	Time   time.Time     `asn1:"generalized"`
	TSA    asn1.RawValue `asn1:"tag:0,optional"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type signerInfo struct {
	Version   int
	Signer    issuerAndSerial
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
}

type signedData struct {
	Version int
	Digests []pkix.AlgorithmIdentifier `asn1:"set"`
	Content struct {
		Type asn1.ObjectIdentifier
		Data asn1.RawValue
	}
	Certificates asn1.RawValue `asn1:"optional"`
	Signers      []signerInfo  `asn1:"set"`
}

func pkcs9(last ...int) asn1.ObjectIdentifier {
	return append(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9}, last...)
}

// hashAlgorithm is a key's hash as an algorithm.
func hashAlgorithm(k *Key) pkix.AlgorithmIdentifier {
	last := map[string]int{"SHA2_256": 1, "SHA2_384": 2, "SHA2_512": 3}[k.hashName()]
	return pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, last}, Parameters: asn1.NullRawValue}
}

// stamp is a timestamp response over a signature: CMS SignedData (RFC 5652)
// around TSTInfo (RFC 3161 section 2.4.2).
func (t *TSA) stamp(sig []byte, at time.Time) []byte {
	sum := sha256.Sum256(sig)
	info := timestampInfo{
		Version: 1, Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2},
		Serial: serial("stamp " + string(sum[:])), Time: at.UTC(),
		TSA: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: wrap(4, t.Leaf.RawSubject)},
	}
	info.Imprint.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Parameters: asn1.NullRawValue}
	info.Imprint.Hash = sum[:]
	content := must(asn1.Marshal(info))

	attributes := must(asn1.MarshalWithParams([]attribute{
		single(pkcs9(3), must(asn1.Marshal(pkcs9(16, 1, 4)))),
		single(pkcs9(5), must(asn1.Marshal(at.UTC()))),
		single(pkcs9(4), must(asn1.Marshal(t.key.digest(content)))),
		single(pkcs9(16, 2, 47), t.certificateID()),
	}, "set"))
	implicit := append([]byte{0xa0}, attributes[1:]...) // signed as a SET, sent under a tag
	data := signedData{Version: 3, Digests: []pkix.AlgorithmIdentifier{hashAlgorithm(t.key)}, Signers: []signerInfo{{
		Version: 1, Signer: issuerAndSerial{asn1.RawValue{FullBytes: t.Leaf.RawIssuer}, t.Leaf.SerialNumber},
		Digest: hashAlgorithm(t.key), Signed: asn1.RawValue{FullBytes: implicit},
		Algorithm: signatureAlgorithm(t.key), Signature: t.key.Sign(attributes),
	}}}
	data.Content.Type = pkcs9(16, 1, 4)
	data.Content.Data = asn1.RawValue{FullBytes: wrap(0, must(asn1.Marshal(content)))}
	if !t.bare {
		data.Certificates = asn1.RawValue{FullBytes: wrap(0, t.Leaf.Raw)}
	}
	token := append(must(asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})), wrap(0, must(asn1.Marshal(data)))...)
	return must(asn1.Marshal(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: token}}))
}

func single(id asn1.ObjectIdentifier, value []byte) attribute {
	return attribute{id, []asn1.RawValue{{FullBytes: value}}}
}

// certificateID is the signing-certificate-v2 attribute (RFC 5035).
func (t *TSA) certificateID() []byte {
	type general struct{ Name asn1.RawValue }
	type cert struct {
		Hash   []byte
		Issuer struct {
			Names  general
			Serial *big.Int
		}
	}
	sum := sha256.Sum256(t.Leaf.Raw)
	c := cert{Hash: sum[:]}
	c.Issuer.Names.Name = asn1.RawValue{FullBytes: wrap(4, t.Leaf.RawIssuer)}
	c.Issuer.Serial = t.Leaf.SerialNumber
	return must(asn1.Marshal(struct{ Certs []cert }{[]cert{c}}))
}
