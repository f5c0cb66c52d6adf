package envelope_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/in-toto/in-toto-golang/in_toto"
	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/proffer-audit/proffer/attest/envelope"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// signers are one key of each kind that is verified, by name.
func signers() map[string]crypto.Signer {
	_, ed := must2(ed25519.GenerateKey(rand.Reader))
	return map[string]crypto.Signer{
		"P-256":   must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"P-384":   must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"P-521":   must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"Ed25519": ed,
		"RSA":     must(rsa.GenerateKey(rand.Reader, 2048)),
	}
}

func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

func signWith(s crypto.Signer, msg []byte, opts crypto.SignerOpts) []byte {
	if opts.HashFunc() != 0 {
		h := opts.HashFunc().New()
		h.Write(msg)
		msg = h.Sum(nil)
	}
	return must(s.Sign(rand.Reader, msg, opts))
}

func optsOf(name string) crypto.SignerOpts {
	switch name {
	case "P-384":
		return crypto.SHA384
	case "P-521":
		return crypto.SHA512
	case "Ed25519":
		return crypto.Hash(0)
	}
	return crypto.SHA256
}

var pss = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

const payloadType = "application/vnd.in-toto+json"

func envelopeOf(payload []byte, sigs ...envelope.Signature) []byte {
	type sig struct {
		KeyID string `json:"keyid"`
		Sig   []byte `json:"sig"`
	}
	doc := struct {
		Payload     []byte `json:"payload"`
		PayloadType string `json:"payloadType"`
		Signatures  []sig  `json:"signatures"`
	}{payload, payloadType, nil}
	for _, s := range sigs {
		doc.Signatures = append(doc.Signatures, sig{s.KeyID, s.Sig})
	}
	return must(json.Marshal(doc))
}

func open1(t *testing.T, data []byte) envelope.Item {
	t.Helper()
	items, err := envelope.Open(data, envelope.Limits{})
	if err != nil || len(items) != 1 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	return items[0]
}

// Every kind of key, for an envelope and a link; and no other key, no changed
// byte, and no key id instead of a signature.
func TestVerifyKey(t *testing.T) {
	payload := []byte(`{"_type":"x"}`)
	keys := signers()
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			sig := signWith(key, dsse.PAE(payloadType, payload), optsOf(name))
			it := open1(t, envelopeOf(payload, envelope.Signature{KeyID: "not its id", Sig: []byte("junk")}, envelope.Signature{Sig: sig}))
			if !bytes.Equal(it.Signed(), dsse.PAE(payloadType, payload)) {
				t.Errorf("signed is %q", it.Signed())
			}
			if err := it.VerifyKey(key.Public()); err != nil {
				t.Error(err)
			}
			for other, k := range keys {
				if other != name && code(t, it.VerifyKey(k.Public())) != envelope.BadSignature {
					t.Errorf("verifies with %s", other)
				}
			}
			it.Payload = []byte(`{"_type":"y"}`)
			if code(t, it.VerifyKey(key.Public())) != envelope.BadSignature {
				t.Error("a changed payload verifies")
			}
			it.Payload, it.PayloadType = payload, payloadType+"x"
			if code(t, it.VerifyKey(key.Public())) != envelope.BadSignature {
				t.Error("a changed payload type verifies")
			}
			it.PayloadType, it.Signatures = payloadType, it.Signatures[:1]
			if code(t, it.VerifyKey(key.Public())) != envelope.BadSignature {
				t.Error("verifies without the signature")
			}
		})
	}
}

// RSA: PSS in both, PKCS #1 v1.5 in an envelope alone.
func TestVerifyRSA(t *testing.T) {
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	payload := []byte("{}")
	if err := open1(t, envelopeOf(payload, envelope.Signature{Sig: signWith(key, dsse.PAE(payloadType, payload), pss)})).VerifyKey(key.Public()); err != nil {
		t.Errorf("PSS in an envelope: %v", err)
	}
	if err := open1(t, linkWith(key, pss)).VerifyKey(key.Public()); err != nil {
		t.Errorf("PSS in a link: %v", err)
	}
	if code(t, open1(t, linkWith(key, crypto.SHA256)).VerifyKey(key.Public())) != envelope.BadSignature {
		t.Error("PKCS #1 v1.5 in a link verifies")
	}
}

// The key kinds that sign nothing here.
func TestVerifyKeyRefuses(t *testing.T) {
	it := open1(t, []byte(dsseJSON))
	for name, key := range map[string]crypto.PublicKey{
		"P-224":               must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)).Public(),
		"nothing":             nil,
		"a private key":       must(rsa.GenerateKey(rand.Reader, 2048)),
		"half an Ed25519 key": ed25519.PublicKey(make([]byte, 16)),
	} {
		if code(t, it.VerifyKey(key)) != envelope.NotVerifiable {
			t.Errorf("%s is tried", name)
		}
	}
	if code(t, open1(t, []byte(bundleJSON)).VerifyKey(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).Public())) != envelope.NotVerifiable {
		t.Error("a bundle is verified by a bare key")
	}
}

// rebuilderd's link, with nothing said but what came out.
const linkSigned = `{"_type":"link","name":"rebuild tool_1.0_amd64.deb","materials":{"tool_1.0_amd64.buildinfo":{"sha256":"` + hexA + `","sha512":"` + hexA + hexA + `"}},` +
	`"products":{"tool_1.0_amd64.deb":{"sha256":"` + hexA + `"}},"environment":null,"byproducts":{},"command":[]}`

func linkWith(key crypto.Signer, opts crypto.SignerOpts) []byte {
	var v any
	if err := json.Unmarshal([]byte(linkSigned), &v); err != nil {
		panic(err)
	}
	sig := signWith(key, must(cjson.EncodeCanonical(v)), opts)
	return fmt.Appendf(nil, `{"signatures":[{"keyid":"0011","sig":%q}],"signed":%s}`, hex.EncodeToString(sig), linkSigned)
}

func TestLink(t *testing.T) {
	for name, key := range signers() {
		opts := optsOf(name)
		if name == "RSA" {
			opts = pss
		}
		it := open1(t, linkWith(key, opts))
		if err := it.VerifyKey(key.Public()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if it.Link.Name != "rebuild tool_1.0_amd64.deb" || it.Link.Products["tool_1.0_amd64.deb"]["sha256"] != hexA || len(it.Link.Materials) != 1 {
			t.Errorf("read %+v", it.Link)
		}
		changed := bytes.Replace(linkWith(key, opts), []byte("1.0_amd64.deb"), []byte("1.1_amd64.deb"), 1)
		if code(t, open1(t, changed).VerifyKey(key.Public())) != envelope.BadSignature {
			t.Errorf("%s: a changed link verifies", name)
		}
	}
}

// A link that the Go implementation of in-toto signs is one that we verify.
func TestLinkOfInToto(t *testing.T) {
	_, private := must2(ed25519.GenerateKey(rand.Reader))
	der := must(x509.MarshalPKCS8PrivateKey(private))
	var key in_toto.Key
	if err := key.LoadKeyReaderDefaults(bytes.NewReader(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))); err != nil {
		t.Fatal(err)
	}
	mb := in_toto.Metablock{Signed: in_toto.Link{
		Type: "link", Name: `rebuild "quoted" \ é`, Command: []string{},
		Materials:  map[string]in_toto.HashObj{},
		Products:   map[string]in_toto.HashObj{"a.deb": {"sha256": hexA}},
		ByProducts: map[string]any{"return-value": 0, "stdout": "line\nline\t\u007f"}, Environment: map[string]any{},
	}}
	if err := mb.Sign(key); err != nil {
		t.Fatal(err)
	}
	data := must(json.MarshalIndent(mb, "", " "))
	it := open1(t, data)
	if err := it.VerifyKey(private.Public()); err != nil {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestLinkRefused(t *testing.T) {
	link := func(signed string) string { return `{"signatures":[{"keyid":"k","sig":"00"}],"signed":` + signed + `}` }
	edit := func(old, repl string) string { return link(strings.Replace(linkSigned, old, repl, 1)) }
	for name, in := range map[string]string{
		"a layout":                           edit(`"_type":"link"`, `"_type":"layout"`),
		"no type":                            edit(`"_type":"link",`, ``),
		"no name":                            edit(`"name":"rebuild tool_1.0_amd64.deb"`, `"name":""`),
		"unknown key":                        edit(`"environment":null`, `"environment":null,"extra":1`),
		"digest in capitals":                 edit(hexA, strings.ToUpper(hexA)),
		"digest of another length":           edit(hexA, hexA[:10]),
		"product without digests":            edit(`{"sha256":"`+hexA+`"}}`, `{}}`),
		"number that is not whole":           edit(`"byproducts":{}`, `"byproducts":{"n":1.5}`),
		"no signatures":                      `{"signatures":[],"signed":` + linkSigned + `}`,
		"signature in base64":                `{"signatures":[{"keyid":"k","sig":"eA=="}],"signed":` + linkSigned + `}`,
		"signature with a certificate chain": `{"signatures":[{"keyid":"k","sig":"00","other_headers":"00"}],"signed":` + linkSigned + `}`,
		"unknown key outside":                `{"signatures":[{"keyid":"k","sig":"00"}],"extra":1,"signed":` + linkSigned + `}`,
		"signed is a list":                   link(`[]`),
		"signed null":                        link(`null`),
	} {
		if _, err := envelope.Open([]byte(in), envelope.Limits{}); code(t, err) != envelope.BadLink {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEnvelopeRefused(t *testing.T) {
	edit := func(old, repl string) string { return strings.Replace(dsseJSON, old, repl, 1) }
	sigs := func(n int) string {
		return `"signatures":[` + strings.TrimSuffix(strings.Repeat(`{"sig":"eA=="},`, n), ",") + `]`
	}
	one := `"signatures":[{"keyid":"k","sig":"eA=="}]`
	for _, tt := range []struct {
		name, in string
		want     envelope.Code
	}{
		{"most signatures", edit(one, sigs(32)), ""},
		{"too many signatures", edit(one, sigs(33)), envelope.TooMany},
		{"no signatures", edit(one, `"signatures":[]`), envelope.BadEnvelope},
		{"signatures missing", edit(","+one, ``), envelope.BadEnvelope},
		{"no payload", edit(`"payload":"e30=",`, ``), envelope.BadEnvelope},
		{"empty payload", edit(`"e30="`, `""`), envelope.BadEnvelope},
		{"no payload type", edit(`"payloadType":"application/vnd.in-toto+json",`, ``), envelope.BadEnvelope},
		{"endless payload type", edit(`application/vnd.in-toto+json`, strings.Repeat("x", 257)), envelope.BadEnvelope},
		{"payload in the other alphabet", edit(`"e30="`, `"_-8="`), ""},
		{"payload in both alphabets", edit(`"e30="`, `"_+8="`), envelope.BadEnvelope},
		{"payload without padding", edit(`"e30="`, `"e30"`), envelope.BadEnvelope},
		{"payload with stray bits", edit(`"e30="`, `"e31="`), envelope.BadEnvelope},
		{"payload with a line break", edit(`"e30="`, `"e3\n0="`), envelope.BadEnvelope},
		{"empty signature", edit(`"eA=="`, `""`), envelope.BadEnvelope},
		{"signature not base64", edit(`"eA=="`, `"!"`), envelope.BadEnvelope},
		{"key id null", edit(`"k"`, `null`), envelope.BadEnvelope},
		{"endless key id", edit(`"k"`, `"`+strings.Repeat("k", 1025)+`"`), envelope.BadEnvelope},
		{"unknown key", edit(`{"payload"`, `{"extra":1,"payload"`), envelope.BadEnvelope},
		{"extension of a signature", edit(`"sig":"eA=="`, `"sig":"eA==","extension":{}`), envelope.BadEnvelope},
		{"certificate of a signature", edit(`"sig":"eA=="`, `"sig":"eA==","certificate":"x"`), envelope.BadEnvelope},
	} {
		if _, err := envelope.Open([]byte(tt.in), envelope.Limits{}); code(t, err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	three := strings.Repeat(dsseJSON+"\n", 3)
	github := `{"attestations":[` + strings.TrimSuffix(strings.Repeat(`{"bundle":`+bundleJSON+`},`, 3), ",") + `]}`
	for _, tt := range []struct {
		name, in string
		lim      envelope.Limits
		want     envelope.Code
	}{
		{"size at the limit", dsseJSON, envelope.Limits{Bytes: len(dsseJSON)}, ""},
		{"size above", dsseJSON, envelope.Limits{Bytes: len(dsseJSON) - 1}, envelope.TooLarge},
		{"size is looked at before the content", "\xff\xff", envelope.Limits{Bytes: 1}, envelope.TooLarge},
		{"items at the limit", three, envelope.Limits{Items: 3}, ""},
		{"items above", three, envelope.Limits{Items: 2}, envelope.TooMany},
		{"items of a document at the limit", github, envelope.Limits{Items: 3}, ""},
		{"items of a document above", github, envelope.Limits{Items: 2}, envelope.TooMany},
		{"line at the limit", three, envelope.Limits{ItemBytes: len(dsseJSON)}, ""},
		{"line above", three, envelope.Limits{ItemBytes: len(dsseJSON) - 1}, envelope.TooLarge},
		{"file above the limit of an item", dsseJSON, envelope.Limits{ItemBytes: len(dsseJSON) - 1}, envelope.TooLarge},
		{"bundle in a document above", github, envelope.Limits{ItemBytes: len(bundleJSON) - 1}, envelope.TooLarge},
		{"depth at the limit", dsseJSON, envelope.Limits{Depth: 3}, ""},
		{"depth above", dsseJSON, envelope.Limits{Depth: 2}, envelope.BadJSON},
	} {
		items, err := envelope.Open([]byte(tt.in), tt.lim)
		if code(t, err) != tt.want || (len(items) > 0) != (tt.want == "") {
			t.Errorf("%s: %d items, %v, want %q", tt.name, len(items), err, tt.want)
		}
	}
}

// A file is opened the same way every time, and what it says of itself stays
// where it was.
func TestOpenIsStable(t *testing.T) {
	data := []byte(strings.Repeat(dsseJSON+"\n", 4))
	before := sha256.Sum256(data)
	items := must(envelope.Open(data, envelope.Limits{}))
	if sha256.Sum256(data) != before {
		t.Error("Open changed its input")
	}
	for i, it := range items {
		if string(it.Raw) != dsseJSON || it.Place != fmt.Sprintf("line %d", i+1) || it.Signatures[0].KeyID != "k" || string(it.Payload) != "{}" {
			t.Errorf("item %d is %+v", i, it)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := envelope.Open([]byte(`{"attestations":[{"bundle":null,"bundle_url":"https://example.org"}]}`), envelope.Limits{})
	if err == nil || !strings.Contains(err.Error(), "attestations[0]") || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("got %v", err)
	}
	_, err = envelope.Open([]byte(`{"payload":"`+base64.StdEncoding.EncodeToString([]byte("x"))+`"`), envelope.Limits{})
	if err == nil || !strings.Contains(err.Error(), "line 1, column") {
		t.Errorf("got %v", err)
	}
}
