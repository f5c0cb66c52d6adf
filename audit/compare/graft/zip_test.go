package graft_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft"
	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

func apkFiles() []file {
	return []file{
		{name: "AndroidManifest.xml", content: strings.Repeat("binary xml ", 100)},
		{name: "classes.dex", content: strings.Repeat("dex\n035 ", 1000), stored: true},
		{name: "res/a.png", content: "a picture", stored: true},
	}
}

func TestJAR(t *testing.T) {
	s := newSigner(t)
	unsigned := zipOf(t, jarFiles()...)
	bare := zipOf(t, jarFiles()[2:]...)
	for _, tt := range []struct {
		name              string
		shipped, unsigned []byte
	}{
		{"with a manifest", signJAR(t, s, unsigned, planJAR{}), unsigned},
		{"without one", signJAR(t, s, bare, planJAR{}), bare},
		{"an attribute that the rebuilt manifest has", signJAR(t, s, sealed(t), planJAR{attribute: "Sealed: true\r\n", main: "Manifest-Version: 1.0\r\n\r\n"}), sealed(t)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := clean(t, tt.shipped, tt.unsigned)
			if g.Kind != graft.JAR || len(g.Findings) != 0 || len(g.Signers) != 1 || !g.Signers[0].Valid || g.Signers[0].Where != "META-INF/VENDOR.EC" {
				t.Errorf("%s, %+v, %+v", g.Kind, g.Signers, g.Findings)
			}
			from, to := contents(tt.shipped)
			outside(t, tt.shipped, tt.unsigned, from, to, nil)
		})
	}
}

// sealed is a jar whose own manifest has a section.
func sealed(t testing.TB) []byte {
	return zipOf(t,
		file{name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\r\n\r\nName: a.class\r\nSealed: true\r\n\r\n"},
		file{name: "a.class", content: "class"})
}

func TestAPK(t *testing.T) {
	s := newSigner(t)
	unsigned := zipOf(t, apkFiles()...)
	content := int(get32(unsigned, len(unsigned)-22+16))
	page := make([]byte, -content&4095)
	padded := func() planAPK {
		first := signAPK(t, s, unsigned, planAPK{gap: page})
		n := len(first) - len(unsigned) - len(page)
		return planAPK{gap: page, pairs: pairOf(0x42726577, make([]byte, (-n-12)&4095))}
	}
	v1 := signJAR(t, s, unsigned, planJAR{signature: "X-Android-APK-Signed: 2\r\n"})
	for _, tt := range []struct {
		name    string
		shipped []byte
		signers int
	}{
		{"v2", signAPK(t, s, unsigned, planAPK{}), 1},
		{"v3", signAPK(t, s, unsigned, planAPK{v3: true}), 1},
		{"v1 alone", signJAR(t, s, unsigned, planJAR{}), 1},
		{"v1 and v2", signAPK(t, s, v1, planAPK{}), 2},
		{"with the authority's certificate", signAPK(t, s, unsigned, planAPK{certs: [][]byte{s.CA.Raw}}), 1},
		{"aligned to pages", signAPK(t, s, unsigned, planAPK{gap: page}), 1},
		{"block padded to pages", paddedAPK(t, s, unsigned, padded()), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := clean(t, tt.shipped, unsigned)
			if g.Kind != graft.APK || len(g.Findings) != 0 || len(g.Signers) != tt.signers {
				t.Errorf("%s, %+v, %+v", g.Kind, g.Signers, g.Findings)
			}
			for _, one := range g.Signers {
				if !one.Valid {
					t.Errorf("%+v", one)
				}
			}
			from, to := contents(tt.shipped)
			outside(t, tt.shipped, unsigned, from, to, nil)
		})
	}
}

// paddedAPK repeats until a signature of the length comes that was planned for:
// one by ECDSA varies by a byte or two.
func paddedAPK(t testing.TB, s *signtest.Signer, unsigned []byte, plan planAPK) []byte {
	t.Helper()
	for range 1000 {
		out := signAPK(t, s, unsigned, plan)
		if (len(out)-len(unsigned)-len(plan.gap))%4096 == 0 {
			return out
		}
	}
	t.Fatal("no signature of that length in 1,000 tries")
	return nil
}

func TestAPKPayloads(t *testing.T) {
	s := newSigner(t)
	unsigned := zipOf(t, apkFiles()...)
	payload := bytes.Repeat([]byte("payload!"), 8)
	stray, err := signtest.Certificate("nobody", payload)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		plan planAPK
		want string
	}{
		{"an unknown block", planAPK{pairs: pairOf(0x11223344, payload)}, graft.BlockUnknown},
		{"padding with data", planAPK{pairs: pairOf(0x42726577, payload)}, graft.BlockPadding},
		{"a block twice", planAPK{pairs: pairOf(0x7109871a, payload)}, graft.BlockDuplicate},
		{"data for the store", planAPK{pairs: pairOf(0x504b4453, payload)}, graft.BlockOpaque},
		{"the first size", planAPK{first: 7}, graft.BlockSize},
		{"a pair too long", planAPK{pairs: append(u32le(1000), payload...)}, graft.BlockSize},
		{"before the block", planAPK{gap: payload}, graft.BlockPadding},
		{"behind the signed data", planAPK{behindData: payload}, graft.SchemeRest},
		{"behind the signer", planAPK{behindOne: payload}, graft.SchemeRest},
		{"an attribute", planAPK{attribute: payload}, graft.SchemeUnknown},
		{"a certificate of nobody", planAPK{certs: [][]byte{stray}}, cms.CertificateUnrelated},
		{"a certificate that is none", planAPK{certs: [][]byte{payload}}, cms.CertificateUnreadable},
		{"another digest", planAPK{digest: 1}, graft.ContentDigest},
		{"a digest without a signature", planAPK{second: payload[:32]}, graft.SchemeValue},
		{"a signature that does not verify", planAPK{tamper: true}, graft.SchemeValue},
	} {
		t.Run(tt.name, func(t *testing.T) {
			flagged(t, apply(t, signAPK(t, s, unsigned, tt.plan), unsigned), tt.want, -1)
		})
	}
	t.Run("signing block taken away", func(t *testing.T) {
		shipped := signJAR(t, s, unsigned, planJAR{signature: "X-Android-APK-Signed: 2\r\n"})
		flagged(t, apply(t, shipped, unsigned), graft.SignatureFile, -1)
	})
}

func TestJARPayloads(t *testing.T) {
	s := newSigner(t)
	unsigned := zipOf(t, jarFiles()...)
	payload := strings.Repeat("payload!", 8)
	rebuiltMain := "Manifest-Version: 1.0\r\nMain-Class: org.example.Main\r\n\r\n"
	for _, tt := range []struct {
		name string
		plan planJAR
		want string
	}{
		{"main class", planJAR{main: strings.Replace(rebuiltMain, "Main\r", "Other\r", 1)}, graft.ManifestAltered},
		{"class path", planJAR{main: strings.Replace(rebuiltMain, "\r\n\r\n", "\r\nClass-Path: evil.jar\r\n\r\n", 1)}, graft.ManifestAltered},
		{"an attribute of a member", planJAR{attribute: "Payload: " + payload + "\r\n"}, graft.ManifestAltered},
		{"a digest that is none", planJAR{attribute: "X-Digest: " + payload + "\r\n"}, graft.MemberDigest},
		{"a section of no member", planJAR{section: "Name: none\r\n" + "SHA-256-Digest: " + payload + "\r\n\r\n"}, graft.MemberAbsent},
		{"a line that is none", planJAR{section: payload + "\r\n"}, graft.ManifestMalformed},
		{"an attribute of the signature file", planJAR{signature: "Payload: " + payload + "\r\n"}, graft.SignatureFile},
		{"no block", planJAR{noBlock: true}, graft.SignatureAlone},
		{"no signature file", planJAR{noFile: true}, graft.BlockAlone},
		{"behind the message", planJAR{behind: []byte(payload)}, graft.SignatureMessage},
		{"extra field", planJAR{extra: append([]byte{0x99, 0x99, 64, 0}, payload...)}, graft.MemberExtra},
		{"comment", planJAR{comment: payload}, graft.MemberExtra},
		{"behind the compressed stream", planJAR{slack: []byte(payload)}, graft.MemberExtra},
		{"added later", planJAR{late: []file{{name: "evil.class", content: payload}}}, graft.MemberUncovered},
		{"added later, with the manifest", planJAR{lateName: "data.bin"}, graft.MemberUnsigned},
		{"another content", planJAR{spoil: "data.bin"}, graft.MemberDigest},
		{"a reserved name", planJAR{block: "META-INF/SIG-EVIL"}, graft.SignatureForeign},
		{"unauthenticated attribute", planJAR{message: func(m *signtest.Message) {
			m.Unsigned = func([]byte) [][]byte {
				return [][]byte{signtest.Attribute(signtest.OID(1, 2, 3), signtest.Octets([]byte(payload)))}
			}
		}}, cms.UnauthenticatedAttribute},
		{"the same, stored", planJAR{method: 99, message: func(m *signtest.Message) { m.Lists = signtest.Octets([]byte(payload)) }}, cms.RevocationList},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shipped := signJAR(t, s, unsigned, tt.plan)
			g := apply(t, shipped, unsigned)
			flagged(t, g, tt.want, -1)
			if tt.want == graft.ManifestAltered && g.Identical(shipped) {
				t.Error("another manifest was grafted")
			}
		})
	}
	t.Run("a folder with content", func(t *testing.T) {
		shipped := signJAR(t, s, unsigned, planJAR{late: []file{{name: "folder_", content: payload}}})
		shipped = bytes.ReplaceAll(shipped, []byte("folder_"), []byte("folder/"))
		flagged(t, apply(t, shipped, unsigned), graft.MemberUncovered, -1)
	})
	t.Run("between members", func(t *testing.T) {
		shipped := signJAR(t, s, unsigned, planJAR{})
		end := len(shipped) - 22
		central := int(get32(shipped, end+16))
		shipped = slices.Concat(shipped[:central], []byte(payload), shipped[central:])
		put32(shipped, len(shipped)-22+16, uint32(central+len(payload)))
		g := apply(t, shipped, unsigned)
		flagged(t, g, graft.ZipGap, int64(central))
		if g.Identical(shipped) {
			t.Error("the payload was grafted")
		}
	})
}
