package cms_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

func newSigner(t testing.TB, elliptical bool) *signtest.Signer {
	t.Helper()
	s, err := signtest.New("Vendor Release", elliptical)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *signtest.Signer, m signtest.Message) []byte {
	t.Helper()
	raw, err := s.CMS(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func data() []byte { return signtest.OID(1, 2, 840, 113549, 1, 7, 1) }

func attached() signtest.Message {
	return signtest.Message{ContentType: data(), Content: signtest.Octets([]byte("what is signed"))}
}

func codes(m *cms.Message) []string {
	var all []string
	for _, f := range m.Findings {
		all = append(all, f.Code)
	}
	return all
}

func TestHonestMessages(t *testing.T) {
	s, authority := newSigner(t, false), newSigner(t, true)
	stamped := attached()
	stamped.Unsigned = func(value []byte) [][]byte {
		token, err := authority.Timestamp(value)
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 3, 3, 1), token)}
	}
	nested := attached()
	nested.Unsigned = func([]byte) [][]byte {
		return [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 4, 1), sign(t, authority, attached()))}
	}
	detached := signtest.Message{ContentType: data(), Content: []byte("elsewhere"), Detached: true}
	for _, tt := range []struct {
		name    string
		message signtest.Message
		signer  *signtest.Signer
		content []byte
		stamps  int
	}{
		{"RSA", attached(), s, nil, 0},
		{"ECDSA", attached(), authority, nil, 0},
		{"detached", detached, s, []byte("elsewhere"), 0},
		{"timestamp", stamped, s, nil, 1},
		{"second signature", nested, s, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			raw := sign(t, tt.signer, tt.message)
			m, err := cms.Parse(append(raw, 0, 0), tt.content)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Findings) != 0 || m.Size != len(raw) {
				t.Errorf("size %d of %d, findings %+v", m.Size, len(raw), m.Findings)
			}
			if len(m.Signers) != 1 || !m.Signers[0].Valid || m.Signers[0].Timestamps != tt.stamps || m.Signers[0].Digest != "sha256" {
				t.Fatalf("signers %+v", m.Signers)
			}
			if got := m.Signers[0].Subject.String(); got != "CN=Vendor Release,O=Example Vendor" {
				t.Errorf("subject %q", got)
			}
		})
	}
}

func TestOpenLengths(t *testing.T) {
	m := attached()
	m.Open = true
	raw := sign(t, newSigner(t, true), m)
	got, err := cms.Parse(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{cms.OpenLength}, codes(got)); diff != "" || !got.Signers[0].Valid || got.Findings[0].SecurityRelevant {
		t.Error(diff, got.Signers)
	}
}

// TestPayloads puts bytes in every place of a message that a verifier skips.
func TestPayloads(t *testing.T) {
	s := newSigner(t, true)
	payload := bytes.Repeat([]byte("payload!"), 16)
	stray, err := signtest.Certificate("nobody", payload)
	if err != nil {
		t.Fatal(err)
	}
	attribute := signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 55555, 3), signtest.Octets(payload))
	unsigned := func(list ...[]byte) func([]byte) [][]byte { return func([]byte) [][]byte { return list } }
	stampOther := func([]byte) [][]byte {
		token, err := s.Timestamp([]byte("another value"))
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 3, 3, 1), token)}
	}
	longStamp := func(value []byte) [][]byte {
		token, err := s.Timestamp(value, signtest.Octets(bytes.Repeat(payload, 20)))
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 3, 3, 1), token)}
	}
	for _, tt := range []struct {
		name string
		plan func(*signtest.Message)
		want string
	}{
		{"unauthenticated attribute", func(m *signtest.Message) { m.Unsigned = unsigned(attribute) }, cms.UnauthenticatedAttribute},
		{"a timestamp that is none", func(m *signtest.Message) {
			m.Unsigned = unsigned(signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 3, 3, 1), signtest.Octets(payload)))
		}, cms.UnauthenticatedAttribute},
		{"a second signature that is none", func(m *signtest.Message) {
			m.Unsigned = unsigned(signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 4, 1), signtest.Seq(payload)))
		}, cms.UnauthenticatedAttribute},
		{"a timestamp of something else", func(m *signtest.Message) { m.Unsigned = stampOther }, cms.TimestampUnrelated},
		{"a counter-signature that is none", func(m *signtest.Message) {
			m.Unsigned = unsigned(signtest.Attribute(signtest.OID(1, 2, 840, 113549, 1, 9, 6), signtest.Seq(signtest.Octets(payload))))
		}, cms.UnauthenticatedAttribute},
		{"authenticated attribute", func(m *signtest.Message) { m.Signed = [][]byte{attribute} }, cms.AuthenticatedAttribute},
		{"overlong program name", func(m *signtest.Message) {
			m.Signed = [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 1, 12), signtest.Octets(bytes.Repeat(payload, 64)))}
		}, cms.AuthenticatedAttribute},
		{"certificate of nobody", func(m *signtest.Message) { m.Certs = [][]byte{stray} }, cms.CertificateUnrelated},
		{"extension of the signer's own certificate", func(m *signtest.Message) { m.Certs = [][]byte{stray} }, cms.CertificateExtension},
		{"algorithm that is none", func(m *signtest.Message) {
			m.Algorithms = [][]byte{signtest.Seq(signtest.OID(1, 3, 6, 1, 4, 1, 55555, 9))}
		}, cms.UnknownElement},
		{"algorithm twice", func(m *signtest.Message) {
			m.Algorithms = [][]byte{signtest.Seq(signtest.OID(2, 16, 840, 1, 101, 3, 4, 2, 1))}
		}, cms.UnknownElement},
		{"overlong timestamp", func(m *signtest.Message) { m.Unsigned = longStamp }, cms.TimestampLong},
		{"certificate twice", func(m *signtest.Message) { m.Certs = [][]byte{s.Cert.Raw} }, cms.CertificateDuplicate},
		{"certificate that is none", func(m *signtest.Message) { m.Certs = [][]byte{signtest.Seq(signtest.Octets(payload))} }, cms.CertificateUnreadable},
		{"certificate of another form", func(m *signtest.Message) { m.Certs = [][]byte{signtest.DER(0xa3, signtest.Octets(payload))} }, cms.CertificateUnreadable},
		{"revocation list", func(m *signtest.Message) { m.Lists = signtest.Octets(payload) }, cms.RevocationList},
		{"element behind the signers", func(m *signtest.Message) { m.Behind = signtest.Octets(payload) }, cms.UnknownElement},
		{"algorithm parameters", func(m *signtest.Message) { m.Parameters = signtest.Octets(payload) }, cms.AlgorithmParameters},
		{"signature value", func(m *signtest.Message) { m.Tamper = true }, cms.SignatureInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := attached()
			tt.plan(&plan)
			raw := sign(t, s, plan)
			m, err := cms.Parse(raw, nil)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(m.Findings, func(f cms.Finding) bool { return f.Code == tt.want })
			if i < 0 {
				t.Fatalf("no %s among %v", tt.want, codes(m))
			}
			f := m.Findings[i]
			if !f.SecurityRelevant || f.Length <= 0 || f.Offset < 0 || f.Offset+f.Length > len(raw) || f.Message == "" {
				t.Errorf("%+v of %d bytes", f, len(raw))
			}
		})
	}
}

func TestDetachedContentDiffers(t *testing.T) {
	raw := sign(t, newSigner(t, true), signtest.Message{ContentType: data(), Content: []byte("a"), Detached: true})
	m, err := cms.Parse(raw, []byte("b"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(codes(m), cms.SignatureInvalid) || m.Signers[0].Valid {
		t.Errorf("%v, %+v", codes(m), m.Signers)
	}
	raw = sign(t, newSigner(t, true), attached())
	if m, err = cms.Parse(raw, []byte("what is signed")); err != nil || !slices.Contains(codes(m), cms.UnknownElement) {
		t.Errorf("content in a detached signature: %v, %v", err, m)
	}
}

func TestLengthForms(t *testing.T) {
	raw := sign(t, newSigner(t, true), attached())
	// 30 82 hh ll becomes 30 83 00 hh ll.
	padded := append([]byte{0x30, 0x83, 0}, raw[2:]...)
	m, err := cms.Parse(padded, nil)
	if err != nil || !slices.Contains(codes(m), cms.NotDER) {
		t.Errorf("%v, %+v", err, m)
	}
}

func TestRefused(t *testing.T) {
	raw := sign(t, newSigner(t, true), attached())
	deep := bytes.Repeat([]byte{0x30, 0x80}, 100)
	for name, in := range map[string][]byte{
		"empty":            nil,
		"cut off":          raw[:len(raw)-1],
		"no content":       signtest.Seq(signtest.OID(1, 2, 840, 113549, 1, 7, 2)),
		"another type":     signtest.Seq(data(), signtest.DER(0xa0, signtest.Octets(nil))),
		"not a sequence":   signtest.Set(),
		"nested":           append(deep, make([]byte, 200)...),
		"high tag":         {0x3f, 0x81, 0x01, 0x00},
		"primitive open":   {0x04, 0x80, 0x00, 0x00},
		"length of 5":      {0x30, 0x85, 0, 0, 0, 0, 1, 0},
		"no signers":       signtest.Seq(signtest.OID(1, 2, 840, 113549, 1, 7, 2), signtest.DER(0xa0, signtest.Seq(signtest.Integer(1), signtest.Set(), signtest.Seq(data()), signtest.DER(0xa0)))),
		"bad identifier":   signtest.Seq(signtest.DER(0x06, []byte{0x80}), signtest.DER(0xa0)),
		"overlong OID arc": signtest.Seq(signtest.DER(0x06, append(bytes.Repeat([]byte{0xff}, 12), 1)), signtest.DER(0xa0)),
	} {
		t.Run(name, func(t *testing.T) {
			var want *cms.FormatError
			if m, err := cms.Parse(in, nil); !errors.As(err, &want) || want.Error() == "" {
				t.Errorf("%v, %+v", err, m)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	s := newSigner(f, true)
	f.Add(sign(f, s, attached()), []byte(nil))
	open := attached()
	open.Open = true
	f.Add(sign(f, s, open), []byte("x"))
	f.Fuzz(func(t *testing.T, raw, content []byte) {
		m, err := cms.Parse(raw, content)
		if err != nil {
			return
		}
		if m.Size <= 0 || m.Size > len(raw) {
			t.Fatalf("size %d of %d", m.Size, len(raw))
		}
		for _, found := range m.Findings {
			if found.Offset < 0 || found.Length < 0 || found.Offset+found.Length > len(raw) {
				t.Fatalf("%+v of %d bytes", found, len(raw))
			}
		}
	})
}
