package graft_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft"
	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

func TestAuthenticode(t *testing.T) {
	s := newSigner(t)
	stamped := planPE{message: func(m *signtest.Message) {
		m.Unsigned = func(value []byte) [][]byte {
			token, err := s.Timestamp(value)
			if err != nil {
				t.Fatal(err)
			}
			return [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 3, 3, 1), token)}
		}
	}}
	for _, tt := range []struct {
		name     string
		unsigned []byte
		plan     planPE
	}{
		{"a Go program", windows(t), planPE{}},
		{"with a timestamp", windows(t), stamped},
		{"a tiny image", tinyPE(), planPE{}},
		{"padding to 8 inside the entry", tinyPE(), planPE{behind: make([]byte, 5)}},
		{"checksum left at zero", tinyPE(), planPE{keepSum: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shipped := signPE(t, s, tt.unsigned, tt.plan)
			before := slices.Clone(tt.unsigned)
			g := clean(t, shipped, tt.unsigned)
			if g.Kind != graft.Authenticode || len(g.Findings) != 0 {
				t.Errorf("%s, %+v", g.Kind, g.Findings)
			}
			if len(g.Signers) != 1 || !g.Signers[0].Valid || g.Signers[0].Signed != g.Signers[0].Computed || g.Signers[0].Subject.String() != "CN=Vendor Release,O=Example Vendor" {
				t.Errorf("%+v", g.Signers)
			}
			if !bytes.Equal(before, tt.unsigned) {
				t.Error("the rebuilt file was changed")
			}
			outside(t, shipped, tt.unsigned, 0x200, len(shipped), func(b []byte) {
				at, _ := peOffsets(b)
				if get32(shipped, at) != 0 {
					put32(b, at, wordSum(b))
				}
			})
		})
	}
}

// TestAuthenticodeOfAnother: where the rebuilt file differs, the graft differs
// there and nowhere else.
func TestAuthenticodeOfAnother(t *testing.T) {
	unsigned := tinyPE()
	shipped := signPE(t, newSigner(t), unsigned, planPE{})
	rebuilt := slices.Clone(unsigned)
	rebuilt[0x210] ^= 1
	g := apply(t, shipped, rebuilt)
	checksum, _ := peOffsets(shipped)
	for i := range shipped {
		same := shipped[i] == g.Bytes[i]
		if i == 0x210 && same || i != 0x210 && !same && (i < checksum || i >= checksum+4) {
			t.Errorf("byte %#x", i)
		}
	}
	if longer := apply(t, shipped, append(rebuilt, make([]byte, 100)...)); longer.Identical(shipped) {
		t.Error("a longer file is identical")
	}
}

func TestAuthenticodePayloads(t *testing.T) {
	s := newSigner(t)
	unsigned := tinyPE()
	payload := bytes.Repeat([]byte("payload!"), 8)
	stray, err := signtest.Certificate("nobody", payload)
	if err != nil {
		t.Fatal(err)
	}
	message := func(f func(*signtest.Message)) planPE { return planPE{message: f} }
	for _, tt := range []struct {
		name string
		plan planPE
		want string
	}{
		{"behind the message", planPE{behind: payload}, graft.EntryPadding},
		{"zeros behind the message", planPE{behind: make([]byte, 64)}, graft.EntryPadding},
		{"a second entry", planPE{entry: winCertificate(0x200, 2, payload)}, graft.EntryExtra},
		{"a second entry of another type", planPE{entry: winCertificate(0x200, 0xef1, payload)}, graft.EntryKind},
		{"rest of the table", planPE{entry: []byte("payload!payload!")}, graft.TableRest},
		{"entries without end", planPE{entry: bytes.Repeat(winCertificate(0x200, 2, nil), 100)}, graft.TableRest},
		{"behind the table", planPE{appended: payload}, graft.AppendedData},
		{"padding before the table", planPE{padding: 'p'}, graft.PaddingData},
		{"unauthenticated attribute", message(func(m *signtest.Message) {
			m.Unsigned = func([]byte) [][]byte {
				return [][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 42921, 1, 2, 1), signtest.Octets(payload))}
			}
		}), cms.UnauthenticatedAttribute},
		{"certificate of nobody", message(func(m *signtest.Message) { m.Certs = [][]byte{stray} }), cms.CertificateUnrelated},
		{"element of no schema", message(func(m *signtest.Message) { m.Behind = signtest.Octets(payload) }), cms.UnknownElement},
		{"beside the digest", message(func(m *signtest.Message) {
			n := 2
			if m.Content[1] >= 0x80 {
				n += int(m.Content[1] & 0x7f)
			}
			m.Content = signtest.Seq(m.Content[n:], signtest.Octets(payload))
		}), graft.IndirectData},
		{"in the image data", planPE{image: signtest.Seq(signtest.DER(0x03, append([]byte{0}, payload...)))}, graft.ImageData},
		{"another digest", planPE{digestFlip: 1}, graft.SignedDigest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := apply(t, signPE(t, s, unsigned, tt.plan), unsigned)
			flagged(t, g, tt.want, -1)
			if !g.SecurityRelevant() {
				t.Error("not security-relevant")
			}
		})
	}
	t.Run("the checksum field", func(t *testing.T) {
		shipped := signPE(t, s, unsigned, planPE{})
		at, _ := peOffsets(shipped)
		copy(shipped[at:], "evil")
		g := apply(t, shipped, unsigned)
		flagged(t, g, graft.ChecksumWrong, int64(at))
		if g.Identical(shipped) {
			t.Error("the payload was grafted")
		}
	})
	t.Run("not a message", func(t *testing.T) {
		shipped := signPE(t, s, unsigned, planPE{})
		_, entry := peOffsets(shipped)
		table := get32(shipped, entry)
		shipped[table+8] = 0x31
		flagged(t, apply(t, shipped, unsigned), graft.SignatureMessage, int64(table)+8)
	})
}

// TestOsslsigncode has a second implementation sign and compute the digest.
func TestOsslsigncode(t *testing.T) {
	tool, err := exec.LookPath("osslsigncode")
	if err != nil {
		t.Skip("SKIPPED: osslsigncode is not installed (Debian: apt-get install osslsigncode); Authenticode is checked against our own signer only")
	}
	s := newSigner(t)
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	key, err := x509.MarshalPKCS8PrivateKey(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	certs := slices.Concat(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Cert.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.CA.Raw}))
	keyFile := file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	certFile := file("certs.pem", certs)
	run := func(args ...string) string {
		out, err := exec.Command(tool, args...).CombinedOutput()
		if err != nil && args[0] != "verify" {
			t.Fatalf("osslsigncode %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	unsigned := windows(t)
	in := file("in.exe", unsigned)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA1} {
		name := strings.ToLower(strings.ReplaceAll(h.String(), "-", ""))
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(dir, name+".exe")
			run("sign", "-h", name, "-certs", certFile, "-key", keyFile, "-n", "A program", "-i", "https://example.org/", "-in", in, "-out", out)
			shipped, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			g := clean(t, shipped, unsigned)
			if len(g.Findings) != 0 {
				t.Errorf("%+v", g.Findings)
			}
			sum, err := graft.Authentihash(unsigned, h)
			if err != nil {
				t.Fatal(err)
			}
			report := run("verify", "-in", out)
			want := strings.ToUpper(hex.EncodeToString(sum))
			if !strings.Contains(report, want) {
				t.Errorf("our digest %s is not in\n%s", want, report)
			}
			if len(g.Signers) != 1 || g.Signers[0].Signed != hex.EncodeToString(sum) || !g.Signers[0].Valid || g.Signers[0].Digest != name {
				t.Errorf("%+v", g.Signers)
			}
		})
	}
	t.Run("page hashes", func(t *testing.T) {
		out := filepath.Join(dir, "pages.exe")
		run("sign", "-ph", "-h", "sha256", "-certs", certFile, "-key", keyFile, "-in", in, "-out", out)
		shipped, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if g := clean(t, shipped, unsigned); len(g.Findings) != 0 {
			t.Errorf("%+v", g.Findings)
		}
		i := bytes.Index(shipped, []byte("\xa6\xb5\x86\xd5\xb4\xa1\x24\x66"))
		copy(shipped[i+200:], "payload!")
		flagged(t, apply(t, shipped, unsigned), graft.ImageData, -1)
	})
	t.Run("the graft verifies", func(t *testing.T) {
		shipped, err := os.ReadFile(filepath.Join(dir, "sha256.exe"))
		if err != nil {
			t.Fatal(err)
		}
		other := slices.Clone(unsigned)
		other[len(other)/2] ^= 1
		broken := run("verify", "-in", file("other.exe", apply(t, shipped, other).Bytes))
		if !strings.Contains(broken, "MISMATCH") {
			t.Errorf("a graft onto another file verifies:\n%s", broken)
		}
	})
	t.Run("a payload that it adds", func(t *testing.T) {
		out := filepath.Join(dir, "blob.exe")
		run("add", "-addUnauthenticatedBlob", "-in", filepath.Join(dir, "sha256.exe"), "-out", out)
		shipped, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		flagged(t, apply(t, shipped, unsigned), cms.UnauthenticatedAttribute, -1)
	})
}
