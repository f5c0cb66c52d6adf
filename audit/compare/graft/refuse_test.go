package graft_test

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft"
)

func TestRefused(t *testing.T) {
	s := newSigner(t)
	pe, macho := tinyPE(), tinyMachO()
	jar, apk := zipOf(t, jarFiles()...), zipOf(t, apkFiles()...)
	signedPE := signPE(t, s, pe, planPE{})
	signedMachO := signMachO(t, s, macho, planMachO{})
	signedJAR := signJAR(t, s, jar, planJAR{})
	signedAPK := signAPK(t, s, apk, planAPK{})
	change := func(data []byte, at int, v uint32) []byte {
		c := slices.Clone(data)
		put32(c, at, v)
		return c
	}
	_, entry := peOffsets(signedPE)
	p := machOf(signedMachO)
	end := len(signedJAR) - 22
	crowded := slices.Clone(macho)
	for i := 32 + int(get32(macho, 20)); i < 0x1000; i++ {
		crowded[i] = 1
	}
	arm := slices.Clone(macho)
	put32(arm, 4, 0x0100000c)
	for _, tt := range []struct {
		name             string
		shipped, rebuilt []byte
		want             string
	}{
		{"empty", nil, nil, graft.NotSignable},
		{"text", []byte("a text file"), []byte("a text file"), graft.NotSignable},
		{"two kinds", signedPE, macho, graft.DifferentKind},
		{"nothing built", signedPE, nil, graft.DifferentKind},

		{"PE without a signature", pe, pe, graft.Unsigned},
		{"PE signed twice", signedPE, signedPE, graft.AlreadySigned},
		{"PE cut off", signedPE[:0x50], pe, graft.Malformed},
		{"PE rebuilt, cut off", signedPE, pe[:0x30], graft.Malformed},
		{"PE, half a directory", change(signedPE, entry+4, 0), pe, graft.Malformed},
		{"PE, table behind the end", change(signedPE, entry+4, 1<<20), pe, graft.Malformed},
		{"PE, table in a section", change(signedPE, entry, 0x208), pe, graft.Malformed},
		{"PE, table not aligned", change(signedPE, entry, get32(signedPE, entry)-4), pe, graft.Malformed},
		{"PE of no kind", change(signedPE, 0x58, 0x999), pe, graft.Malformed},
		{"PE without directories", change(signedPE, 0x58+108, 2), pe, graft.Malformed},
		{"PE, sections cut off", change(signedPE, 0x46, 0xffff), pe, graft.Malformed},

		{"Mach-O without a signature", macho, macho, graft.Unsigned},
		{"Mach-O signed twice", signedMachO, signedMachO, graft.AlreadySigned},
		{"Mach-O, bytes behind the rebuilt signature", signedMachO, append(signMachO(t, s, macho, planMachO{adHoc: true}), 1), graft.Layout},
		{"Mach-O, bytes behind __LINKEDIT", signedMachO, append(slices.Clone(macho), 1), graft.Layout},
		{"Mach-O, no room for a command", signedMachO, crowded, graft.Layout},
		{"Mach-O cut off", signedMachO[:100], macho, graft.Malformed},
		{"Mach-O, too many commands", change(signedMachO, 16, 100), macho, graft.Malformed},
		{"Mach-O, commands left over", change(signedMachO, 16, 1), macho, graft.Malformed},
		{"Mach-O, a command of no size", change(signedMachO, 36, 0), macho, graft.Malformed},
		{"Mach-O, signature outside", change(signedMachO, p.signature+8, 16), macho, graft.Malformed},
		{"Mach-O, sections of another size", change(signedMachO, 32+64, 9), macho, graft.Malformed},
		{"universal and thin", universal(signedMachO), macho, graft.Layout},
		{"universal, another number", universal(signedMachO, arm), universal(macho), graft.Layout},
		{"universal, another processor", universal(signedMachO), universal(arm), graft.Layout},
		{"universal without a signature", universal(macho), universal(macho), graft.Unsigned},
		{"universal, cut off", universal(signedMachO)[:20], universal(macho), graft.Malformed},
		{"universal, slices overlap", overlapping(signedMachO, arm), universal(macho, arm), graft.Malformed},

		{"zip without a signature", jar, jar, graft.Unsigned},
		{"jar signed twice", signedJAR, signedJAR, graft.AlreadySigned},
		{"apk signed twice", signedAPK, signedAPK, graft.AlreadySigned},
		{"zip cut off", signedJAR[:len(signedJAR)-1], jar, graft.Malformed},
		{"zip, bytes behind the end", append(slices.Clone(signedJAR), 'x'), jar, graft.Malformed},
		{"zip with 64-bit fields", change(signedJAR, end+16, 0xffffffff), jar, graft.Unsupported},
		{"zip in parts", change(signedJAR, end+4, 1), jar, graft.Unsupported},
		{"zip, directory elsewhere", change(signedJAR, end+16, 8), jar, graft.Malformed},
		{"zip, a member twice", zipOf(t, file{name: "a"}, file{name: "a"}), jar, graft.Malformed},
		{"zip, no local header", change(signedJAR, int(get32(signedJAR, end+16))+42, 5), jar, graft.Malformed},
		{"zip, size of a member", change(signedJAR, int(get32(signedJAR, end+16))+20, 1<<24), jar, graft.Malformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := graft.Apply(tt.shipped, tt.rebuilt, graft.Limits{})
			var e *graft.Error
			if !errors.As(err, &e) || e.Code != tt.want || g != nil {
				t.Fatalf("want %s, got %v", tt.want, err)
			}
			if e.Detail == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q", err)
			}
		})
	}
}

func overlapping(a, b []byte) []byte {
	u := universal(a, b)
	be.PutUint32(u[8+20+8:], be.Uint32(u[8+8:]))
	return u
}

func TestLimits(t *testing.T) {
	s := newSigner(t)
	pe, jar := tinyPE(), zipOf(t, jarFiles()...)
	signedPE, signedJAR := signPE(t, s, pe, planPE{}), signJAR(t, s, jar, planJAR{})
	for _, tt := range []struct {
		name             string
		shipped, rebuilt []byte
		lim              graft.Limits
	}{
		{"size", signedPE, pe, graft.Limits{Size: 100}},
		{"area", signedPE, pe, graft.Limits{Area: 100}},
		{"members", signedJAR, jar, graft.Limits{Members: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := graft.Apply(tt.shipped, tt.rebuilt, tt.lim)
			var e *graft.Error
			if !errors.As(err, &e) || e.Code != graft.TooLarge || !strings.Contains(err.Error(), "hint:") && tt.name == "size" {
				t.Error(err)
			}
		})
	}
	t.Run("output", func(t *testing.T) {
		g, err := graft.Apply(signedJAR, jar, graft.Limits{Output: 100})
		if err != nil {
			t.Fatal(err)
		}
		flagged(t, g, graft.MemberDigest, -1)
	})
	t.Run("findings", func(t *testing.T) {
		var files []file
		for i := range 50 {
			files = append(files, file{name: "late" + string(rune('A'+i)), content: "x"})
		}
		g, err := graft.Apply(signJAR(t, s, jar, planJAR{late: files}), jar, graft.Limits{Findings: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Findings) != 11 || !g.SecurityRelevant() {
			t.Errorf("%d findings", len(g.Findings))
		}
		flagged(t, g, graft.FindingsCut, -1)
	})
}

// TestSignatureFilesMost: a jar full of signature files costs no more than one
// with the most that are read.
func TestSignatureFilesMost(t *testing.T) {
	files := jarFiles()
	for i := range 100 {
		files = append(files, file{name: "META-INF/S" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ".SF", content: "Signature-Version: 1.0\r\n\r\n"})
	}
	g := apply(t, zipOf(t, files...), zipOf(t, jarFiles()...))
	if !slices.ContainsFunc(g.Findings, func(f graft.Finding) bool { return strings.HasPrefix(f.Message, "more than 64 signature files") }) {
		t.Errorf("%+v", g.Findings)
	}
}

// TestManifestMost: values and sections that grow without end are cut.
func TestManifestMost(t *testing.T) {
	long := "Manifest-Version: 1.0\r\nX: " + strings.Repeat("\r\n "+strings.Repeat("y", 69), 2000) + "\r\n\r\n"
	many := "Manifest-Version: 1.0\r\n"
	for i := range 100 {
		many += "A" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ": x\r\n"
	}
	s, jar := newSigner(t), zipOf(t, jarFiles()...)
	for _, main := range []string{long, many + "\r\n"} {
		flagged(t, apply(t, signJAR(t, s, jar, planJAR{main: main}), jar), graft.ManifestMalformed, -1)
	}
}

func TestAuthentihashRefuses(t *testing.T) {
	if _, err := graft.Authentihash([]byte("MZ"), crypto.SHA256); err == nil {
		t.Error("two bytes are an image")
	}
}

// TestDeterminism: the same files give the same findings in the same order.
func TestDeterminism(t *testing.T) {
	s, jar := newSigner(t), zipOf(t, jarFiles()...)
	shipped := signJAR(t, s, jar, planJAR{section: "Name: none\r\nX: y\r\n\r\n", signature: "X: y\r\n", comment: "c", behind: []byte("rest")})
	first := apply(t, shipped, jar)
	for range 20 {
		g := apply(t, shipped, jar)
		if !slices.Equal(g.Findings, first.Findings) || !slices.Equal(g.Area, first.Area) || !bytes.Equal(g.Bytes, first.Bytes) {
			t.Fatal("two runs differ")
		}
	}
}

// TestPE32 grafts onto an image of the 32-bit form, whose directories lie 16
// bytes earlier.
func TestPE32(t *testing.T) {
	pe := tinyPE()
	binary.LittleEndian.PutUint16(pe[0x58:], 0x10b)
	put32(pe, 0x58+92, 16)
	put32(pe, 0x58+108, 0)
	clean(t, signPE(t, newSigner(t), pe, planPE{}), pe)
}
