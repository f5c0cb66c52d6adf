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

func TestMachO(t *testing.T) {
	s := newSigner(t)
	arm, intel, tiny := darwinARM(t), darwinIntel(t), tinyMachO()
	open := planMachO{message: func(m *signtest.Message) { m.Open = true }}
	for _, tt := range []struct {
		name     string
		unsigned []byte
		shipped  []byte
		signers  int
	}{
		{"arm64, over the linker's signature", arm, signMachO(t, s, arm, planMachO{}), 1},
		{"amd64, without one before", intel, signMachO(t, s, intel, planMachO{}), 1},
		{"BER, as Apple writes it", intel, signMachO(t, s, intel, open), 1},
		{"ad hoc", intel, signMachO(t, s, intel, planMachO{adHoc: true}), 0},
		{"the linker's own", arm, arm, 0},
		{"tiny", tiny, signMachO(t, s, tiny, planMachO{}), 1},
		{"universal", universal(intel, arm), universal(signMachO(t, s, intel, planMachO{}), signMachO(t, s, arm, planMachO{})), 2},
		{"universal, one slice signed", universal(intel, arm), universal(intel, signMachO(t, s, arm, planMachO{})), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := clean(t, tt.shipped, tt.unsigned)
			if g.Kind != graft.MachO || len(g.Signers) != tt.signers {
				t.Errorf("%s, %+v", g.Kind, g.Signers)
			}
			for _, one := range g.Signers {
				if !one.Valid || len(one.Computed) != 64 {
					t.Errorf("%+v", one)
				}
			}
			outside(t, tt.shipped, tt.unsigned, 0x1000, len(tt.shipped), nil)
		})
	}
}

// TestMachOOfAnother: one byte of the rebuilt file differs; after the graft it is
// the only one, where the linker's own signature had two more.
func TestMachOOfAnother(t *testing.T) {
	rebuilt := darwinARM(t)
	shipped := signMachO(t, newSigner(t), rebuilt, planMachO{})
	at := len(rebuilt) / 2
	rebuilt[at] ^= 1
	g := apply(t, shipped, rebuilt)
	for i := range shipped {
		if (shipped[i] == g.Bytes[i]) == (i == at) {
			t.Fatalf("byte %d", i)
		}
	}
	if !slices.ContainsFunc(g.Findings, func(f graft.Finding) bool { return f.Code == graft.PageHashRebuilt && !f.SecurityRelevant }) || g.SecurityRelevant() {
		t.Errorf("%+v", g.Findings)
	}
}

func TestMachOPayloads(t *testing.T) {
	s := newSigner(t)
	unsigned := tinyMachO()
	payload := bytes.Repeat([]byte("payload!"), 8)
	grow := func(at int) func([]byte) []byte {
		return func(cd []byte) []byte {
			// Moves the hashes away from the name and fills the room.
			be.PutUint32(cd[16:], be.Uint32(cd[16:])+uint32(len(payload)))
			return slices.Concat(cd[:at], payload, cd[at:])
		}
	}
	set := func(at int, v uint32) func([]byte) []byte {
		return func(cd []byte) []byte { be.PutUint32(cd[at:], v); return cd }
	}
	for _, tt := range []struct {
		name string
		plan planMachO
		want string
	}{
		{"behind the SuperBlob", planMachO{slack: payload}, graft.SignatureSlack},
		{"a blob that the index does not name", planMachO{gap: blobOf(0xfade7171, payload)}, graft.BlobUnreferenced},
		{"a slot that is not known", planMachO{slot: 0x20000, extra: blobOf(0xfade0b02, payload)}, graft.BlobUnknown},
		{"a slot twice", planMachO{slot: 5, extra: blobOf(0xfade7171, payload)}, graft.BlobDuplicate},
		{"another magic", planMachO{slot: 7, extra: blobOf(0xfade7171, payload)}, graft.BlobUnknown},
		{"a blob without a hash", planMachO{slot: 8, extra: blobOf(0xfade8181, payload)}, graft.BlobUncovered},
		{"entitlements exchanged", planMachO{swap: []byte(entitlements + "\n")}, graft.BlobUncovered},
		{"behind the property list", planMachO{entitlements: entitlements + string(payload)}, graft.BlobMalformed},
		{"a comment in the entitlements", planMachO{entitlements: strings.Replace(entitlements, "<plist", "<!-- "+string(payload)+" --><plist", 1)}, graft.BlobMalformed},
		{"requirements too long", planMachO{requirements: make([]byte, 5000)}, graft.BlobMalformed},
		{"constraint that is no DER", planMachO{slot: 9, extra: blobOf(0xfade8181, payload)}, graft.BlobMalformed},
		{"in the requirements", planMachO{requirements: payload}, graft.BlobUnreferenced},
		{"behind the message", planMachO{behindCMS: payload}, graft.SignatureSlack},
		{"behind the file", planMachO{appended: payload}, graft.AppendedData},
		{"padding", planMachO{padding: 'p'}, graft.SignaturePadding},
		{"room in the CodeDirectory", planMachO{directory: grow(88 + 17)}, graft.DirectorySlack},
		{"behind the hashes", planMachO{directory: func(cd []byte) []byte { return append(cd, payload...) }}, graft.DirectorySlack},
		{"hashes too many", planMachO{directory: func(cd []byte) []byte {
			be.PutUint32(cd[28:], be.Uint32(cd[28:])+2)
			return append(cd, payload...)
		}}, graft.PagesUncovered},
		{"a hash of no page", planMachO{directory: func(cd []byte) []byte { copy(cd[len(cd)-32:], payload); return cd }}, graft.PageHash},
		{"a hash of no blob", planMachO{directory: func(cd []byte) []byte { copy(cd[88+17+32:], payload[:32]); return cd }}, graft.DirectorySlack},
		{"a reserved field", planMachO{directory: set(52, 1)}, graft.DirectoryField},
		{"a flag", planMachO{directory: set(12, 0x80000000)}, graft.DirectoryField},
		{"bounds of the text", planMachO{directory: set(72, 7)}, graft.DirectoryField},
		{"fewer bytes covered", planMachO{directory: set(32, 4096)}, graft.PagesUncovered},
		{"unauthenticated attribute", planMachO{message: func(m *signtest.Message) {
			m.Unsigned = func([]byte) [][]byte {
				return [][]byte{signtest.Attribute(signtest.OID(1, 2, 3), signtest.Octets(payload))}
			}
		}}, cms.UnauthenticatedAttribute},
		{"reserve of a megabyte", planMachO{reserve: 1 << 20}, graft.SignatureSlack},
		{"weaker", planMachO{entitlements: strings.Replace(entitlements, "com.apple.security.network.client", "com.apple.security.get-task-allow", 1)}, graft.EntitlementWeaker},
	} {
		t.Run(tt.name, func(t *testing.T) {
			flagged(t, apply(t, signMachO(t, s, unsigned, tt.plan), unsigned), tt.want, -1)
		})
	}
	signed := signMachO(t, s, unsigned, planMachO{})
	p := machOf(signed)
	t.Run("size in memory", func(t *testing.T) {
		shipped := slices.Clone(signed)
		put32(shipped, p.linkedit+32, 0x123456)
		flagged(t, apply(t, shipped, unsigned), graft.LinkeditSize, int64(p.linkedit))
	})
	t.Run("size in memory that nobody rounded", func(t *testing.T) {
		shipped := slices.Clone(signed)
		put32(shipped, p.linkedit+32, get32(shipped, p.linkedit+48))
		for _, f := range apply(t, shipped, unsigned).Findings {
			if f.Code == graft.LinkeditSize {
				t.Errorf("Go's linker writes that: %+v", f)
			}
		}
	})
	t.Run("size in the file", func(t *testing.T) {
		shipped := slices.Clone(signed)
		put32(shipped, p.linkedit+48, get32(shipped, p.linkedit+48)-16)
		flagged(t, apply(t, shipped, unsigned), graft.LinkeditSize, int64(p.linkedit))
	})
	t.Run("not a SuperBlob", func(t *testing.T) {
		shipped := slices.Clone(signed)
		copy(shipped[get32(shipped, p.signature+8):], payload)
		flagged(t, apply(t, shipped, unsigned), graft.BlobMalformed, -1)
	})
	t.Run("between slices", func(t *testing.T) {
		a, b := darwinIntel(t), darwinARM(t)
		shipped := universal(signMachO(t, s, a, planMachO{}), signMachO(t, s, b, planMachO{}))
		at := int(be.Uint32(shipped[8+20+8:])) - 16
		copy(shipped[at:], payload[:16])
		g := apply(t, shipped, universal(a, b))
		flagged(t, g, graft.FatLayout, int64(at))
		if g.Identical(shipped) {
			t.Error("the payload was grafted")
		}
	})
	t.Run("behind the last slice", func(t *testing.T) {
		a := universal(unsigned)
		flagged(t, apply(t, append(universal(signed), payload...), a), graft.AppendedData, -1)
	})
}
