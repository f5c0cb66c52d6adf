package attest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	ct "github.com/google/certificate-transparency-go"
	cttls "github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	ctx509util "github.com/google/certificate-transparency-go/x509util"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest/statement"
)

const (
	alice  = "alice@acme.example"
	bob    = "bob@rebuild.example"
	issuer = "https://issuer.example"
)

// virtual is a sigstore of its own: sigstore-go's test log and timestamp
// authority, and a certificate authority of ours, because the library's makes
// certificates without the certificate timestamps that we demand.
type virtual struct {
	*ca.VirtualSigstore
	now    time.Time
	root   *x509.Certificate
	middle *x509.Certificate
	key    *ecdsa.PrivateKey
	ct     *ecdsa.PrivateKey
}

func newVirtual(t testing.TB) *virtual {
	t.Helper()
	vs, err := ca.NewVirtualSigstore()
	check(t, err)
	rootCert, rootKey, err := ca.GenerateRootCa()
	check(t, err)
	middle, key, err := ca.GenerateFulcioIntermediate(rootCert, rootKey)
	check(t, err)
	ctKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return &virtual{vs, middle.NotBefore.Add(3 * time.Minute), rootCert, middle, key, ctKey}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// trustedRoot writes the trusted_root.json of this sigstore.
func (v *virtual) trustedRoot(t testing.TB) []byte {
	t.Helper()
	start, end := v.now.Add(-time.Hour), v.now.Add(time.Hour)
	authority := &root.FulcioCertificateAuthority{
		Root: v.root, Intermediates: []*x509.Certificate{v.middle}, URI: "https://ca.example",
		ValidityPeriodStart: start, ValidityPeriodEnd: end,
	}
	spki, err := x509.MarshalPKIXPublicKey(v.ct.Public())
	check(t, err)
	id := sha256.Sum256(spki)
	ctLog := &root.TransparencyLog{
		BaseURL: "https://ct.example", ID: id[:], PublicKey: v.ct.Public(),
		HashFunc: crypto.SHA256, SignatureHashFunc: crypto.SHA256, ValidityPeriodStart: start, ValidityPeriodEnd: end,
	}
	logs := v.RekorLogs()
	for hexID, l := range logs {
		l.ID, err = hex.DecodeString(hexID)
		check(t, err)
	}
	r, err := root.NewTrustedRoot(root.TrustedRootMediaType01, []root.CertificateAuthority{authority},
		map[string]*root.TransparencyLog{hex.EncodeToString(id[:]): ctLog}, v.TimestampingAuthorities(), logs)
	check(t, err)
	data, err := r.MarshalJSON()
	check(t, err)
	return data
}

// leaf makes a certificate for an identity.
func (v *virtual) leaf(t testing.TB, identity, issuer string, opt signOptions) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	curve := elliptic.P256()
	if opt.curve != nil {
		curve = opt.curve
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	check(t, err)
	der, err := asn1.MarshalWithParams(issuer, "utf8")
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), EmailAddresses: []string{identity},
		NotBefore: v.now.Add(-2 * time.Minute), NotAfter: v.now.Add(20 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: der}},
	}
	if opt.otherName {
		template.EmailAddresses = nil
		san, err := cryptoutils.MarshalOtherNameSAN(identity, true)
		check(t, err)
		template.ExtraExtensions = append(template.ExtraExtensions, *san)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, v.middle, key.Public(), v.key)
	check(t, err)
	if !opt.noSCT {
		template.ExtraExtensions = append(template.ExtraExtensions, v.sct(t, raw))
		raw, err = x509.CreateCertificate(rand.Reader, template, v.middle, key.Public(), v.key)
		check(t, err)
	}
	cert, err := x509.ParseCertificate(raw)
	check(t, err)
	return cert, key
}

// sct signs a certificate timestamp over a certificate that has none yet.
func (v *virtual) sct(t testing.TB, raw []byte) pkix.Extension {
	t.Helper()
	cert, err := ctx509.ParseCertificate(raw)
	check(t, err)
	spki, err := x509.MarshalPKIXPublicKey(v.ct.Public())
	check(t, err)
	sct := ct.SignedCertificateTimestamp{
		SCTVersion: ct.V1, LogID: ct.LogID{KeyID: sha256.Sum256(spki)}, Timestamp: uint64(v.now.UnixMilli()),
	}
	entry := ct.LogEntry{Leaf: ct.MerkleTreeLeaf{
		Version: ct.V1, LeafType: ct.TimestampedEntryLeafType,
		TimestampedEntry: &ct.TimestampedEntry{
			Timestamp: sct.Timestamp, EntryType: ct.PrecertLogEntryType,
			PrecertEntry: &ct.PreCert{IssuerKeyHash: sha256.Sum256(v.middle.RawSubjectPublicKeyInfo), TBSCertificate: cert.RawTBSCertificate},
		},
	}}
	input, err := ct.SerializeSCTSignatureInput(sct, entry)
	check(t, err)
	sum := sha256.Sum256(input)
	sig, err := v.ct.Sign(rand.Reader, sum[:], crypto.SHA256)
	check(t, err)
	sct.Signature = ct.DigitallySigned{
		Algorithm: cttls.SignatureAndHashAlgorithm{Hash: cttls.SHA256, Signature: cttls.ECDSA}, Signature: sig,
	}
	list, err := ctx509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	check(t, err)
	value, err := cttls.Marshal(*list)
	check(t, err)
	inner, err := asn1.Marshal(value)
	check(t, err)
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: inner}
}

// signOptions say what a signer leaves out or puts in.
type signOptions struct {
	noSCT, noLog, noTimestamp bool
	late                      time.Duration // certificate and log entry are of so much later
	log                       *virtual      // another log's entry
	payloadType               string
	otherName                 bool           // the identity is a name that crypto/x509 does not know
	curve                     elliptic.Curve // of the key; P-256 if nil. The hash is SHA-256 always
}

// attestAs signs a payload as an identity, into a bundle.
func (v *virtual) attestAs(t testing.TB, identity, issuer string, payload []byte, opt signOptions) []byte {
	t.Helper()
	later := *v
	later.now = v.now.Add(opt.late)
	cert, key := later.leaf(t, identity, issuer, opt)
	return v.bundle(t, payload, opt, key, cert, &protobundle.VerificationMaterial_Certificate{
		Certificate: &protocommon.X509Certificate{RawBytes: cert.Raw},
	}, nil)
}

// bundle signs, logs and stamps.
func (v *virtual) bundle(t testing.TB, payload []byte, opt signOptions, key crypto.Signer, cert *x509.Certificate,
	single *protobundle.VerificationMaterial_Certificate, public *protobundle.VerificationMaterial_PublicKey,
) []byte {
	t.Helper()
	payloadType := opt.payloadType
	if payloadType == "" {
		payloadType = statement.PayloadType
	}
	sum := sha256.Sum256(dsse.PAE(payloadType, payload))
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	check(t, err)
	material := &protobundle.VerificationMaterial{}
	if single != nil {
		material.Content = single
	} else {
		material.Content = public
	}
	if !opt.noLog && cert != nil {
		log := v
		if opt.log != nil {
			log = opt.log
		}
		envelope := &dsse.Envelope{
			PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload),
			Signatures: []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(sig)}},
		}
		material.TlogEntries = []*protorekor.TransparencyLogEntry{log.entry(t, cert, envelope, sig, v.now.Add(opt.late))}
	}
	if !opt.noTimestamp {
		stamp, err := v.TimestampResponse(sig)
		check(t, err)
		material.TimestampVerificationData = &protobundle.TimestampVerificationData{
			Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
		}
	}
	data, err := protojson.Marshal(&protobundle.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", VerificationMaterial: material,
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: payload, PayloadType: payloadType, Signatures: []*protodsse.Signature{{Sig: sig}},
		}},
	})
	check(t, err)
	return data
}

// entry logs an envelope with proof and promise. The library's test log keeps
// the promise to itself, so it is signed again here.
func (v *virtual) entry(t testing.TB, cert *x509.Certificate, envelope *dsse.Envelope, sig []byte, at time.Time) *protorekor.TransparencyLogEntry {
	t.Helper()
	logged, err := v.GenerateTlogEntry(cert, envelope, sig, at.Unix(), true)
	check(t, err)
	entry := logged.TransparencyLogEntry()
	set, err := v.RekorSignPayload(tlog.RekorPayload{
		Body: base64.StdEncoding.EncodeToString(entry.CanonicalizedBody), IntegratedTime: entry.IntegratedTime,
		LogIndex: entry.LogIndex, LogID: hex.EncodeToString(entry.LogId.KeyId),
	})
	check(t, err)
	entry.KindVersion = &protorekor.KindVersion{Kind: "dsse", Version: "0.0.1"}
	entry.InclusionPromise = &protorekor.InclusionPromise{SignedEntryTimestamp: set}
	return entry
}

// keyBundle signs with a key and has the signature stamped.
func (v *virtual) keyBundle(t testing.TB, s signer, payload []byte, opt signOptions) []byte {
	t.Helper()
	return v.bundle(t, payload, opt, s.key.Signer(), nil, nil, &protobundle.VerificationMaterial_PublicKey{
		PublicKey: &protocommon.PublicKeyIdentifier{Hint: "whatever"},
	})
}

// moveStamps puts the timestamps of a bundle into another.
func moveStamps(t testing.TB, from []byte, to map[string]any) {
	t.Helper()
	var m map[string]any
	check(t, json.Unmarshal(from, &m))
	to["verificationMaterial"].(map[string]any)["timestampVerificationData"] = m["verificationMaterial"].(map[string]any)["timestampVerificationData"]
}
