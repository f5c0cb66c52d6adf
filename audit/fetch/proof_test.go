package fetch

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/note"

	"github.com/proffer-audit/proffer/audit/evidence"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// proven gives an observation with a proof out of a log of a few records.
func proven(t testing.TB) (*fakeGo, *world, Observation) {
	t.Helper()
	g := newFakeGo(t)
	w := g.world(t)
	g.fill(t, w, 9)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantObtained(t, o, recs)
	return g, w, o
}

// withProof is the observation with other bytes for a proof, kept under their
// own digest, so that only the proof's own checks stand against them.
func withProof(t testing.TB, w *world, o Observation, data []byte) Observation {
	t.Helper()
	d, err := w.store.PutBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	o.Proof = &evidence.Descriptor{Name: "proof", MediaType: MediaProof, Digest: d, Size: int64(len(data))}
	return o
}

func proofBytes(t testing.TB, w *world, o Observation) []byte {
	t.Helper()
	data, err := w.store.Read(o.Proof.Digest, 0)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every single byte of a proof counts.
func TestProofEveryByte(t *testing.T) {
	g, w, o := proven(t)
	data := proofBytes(t, w, o)
	for i := range data {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			bad := bytes.Clone(data)
			bad[i] ^= flip
			if p, err := VerifyProof(w.store, withProof(t, w, o, bad), []LogKey{g.log}); err == nil {
				t.Fatalf("byte %d of %d xor %#x: still proves %+v\n%s", i, len(data), flip, p, bad)
			} else if CodeOf(err) == "" {
				t.Fatalf("byte %d: error without a code: %v", i, err)
			}
		}
	}
	for n := range len(data) {
		if _, err := VerifyProof(w.store, withProof(t, w, o, data[:n]), []LogKey{g.log}); CodeOf(err) != ProofMalformed {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestProofParts(t *testing.T) {
	g, w, o := proven(t)
	edit := func(change func(d *proofDoc)) []byte {
		d, err := parseProof(proofBytes(t, w, o))
		if err != nil {
			t.Fatal(err)
		}
		change(d)
		data, err := d.marshal()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	key, err := lookupKey(module.Version{Path: theMod, Version: theVersion})
	if err != nil {
		t.Fatal(err)
	}
	otherLog := newFakeGo(t)
	otherSigned := signWith(t)
	for _, tt := range []struct {
		name string
		data []byte
		code Code
	}{
		{"no head", edit(func(d *proofDoc) { d.Head = "" }), ProofInvalid},
		{"a head by another key", edit(func(d *proofDoc) { d.Head = otherSigned(d.Head) }), ProofInvalid},
		{"no lookup", edit(func(d *proofDoc) { clear(d.Lookups) }), ProofMissing},
		{"another module's lookup", edit(func(d *proofDoc) {
			d.Lookups = map[string]string{"example.org/other@v1.0.0": d.Lookups[key]}
		}), ProofMissing},
		{"a lookup too many", edit(func(d *proofDoc) { d.Lookups["example.org/x@v1.0.0"] = d.Lookups[key] }), ProofMalformed},
		{"a digest in the record changed", edit(func(d *proofDoc) {
			d.Lookups[key] = strings.Replace(d.Lookups[key], o.Pin[:6], "h1:AAA", 1)
		}), ProofInvalid},
		{"the record at another place", edit(func(d *proofDoc) {
			d.Lookups[key] = "0" + strings.TrimLeft(d.Lookups[key], "0123456789")
		}), ProofInvalid},
		{"no tiles", edit(func(d *proofDoc) { clear(d.Tiles) }), ProofMissing},
		{"a tile too many", edit(func(d *proofDoc) { d.Tiles["tile/8/0/001"] = make([]byte, 32*256) }), ProofMalformed},
		{"a tile cut", edit(func(d *proofDoc) {
			for name, data := range d.Tiles {
				d.Tiles[name] = data[:len(data)-32]
			}
		}), ProofInvalid},
		{"another log's name", edit(func(d *proofDoc) { d.Log = "other.example.org" }), ProofUnknownLog},
		{"another version", edit(func(d *proofDoc) { d.Version = 2 }), ProofMalformed},
		{"a signature too many", edit(func(d *proofDoc) { d.Head += otherLine(d.Head) }), ProofMalformed},
		{"an older head than the record's", grownOlderHead(t, g, w, o), ProofMissing},
		{"spaces", append([]byte(" "), proofBytes(t, w, o)...), ProofMalformed},
		{"trailing data", append(proofBytes(t, w, o), '\n'), ProofMalformed},
		{"empty", nil, ProofMalformed},
		{"null", []byte("null"), ProofMalformed},
	} {
		if _, err := VerifyProof(w.store, withProof(t, w, o, tt.data), []LogKey{g.log}); CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want code %s", tt.name, err, tt.code)
		}
	}
	for name, logs := range map[string][]LogKey{
		"no log":        nil,
		"another log":   {{"other.example.org", otherLog.vkey}},
		"another key":   {{fakeLogName, otherLog.vkey}},
		"a broken key":  {{fakeLogName, "nonsense"}},
		"an empty key":  {{fakeLogName, ""}},
		"an empty name": {{"", g.vkey}},
	} {
		want := ProofInvalid
		if logs == nil || logs[0].Name != fakeLogName {
			want = ProofUnknownLog
		}
		if _, err := VerifyProof(w.store, o, logs); CodeOf(err) != want {
			t.Errorf("%s: %v, want code %s", name, err, want)
		}
	}
	if _, err := VerifyProof(w.store, o, []LogKey{{fakeLogName, otherLog.vkey}, g.log}); err != nil {
		t.Errorf("the second of two keys for one name: %v", err)
	}
}

// signWith signs a head's text with a key that nobody trusts, under the log's
// own name.
func signWith(t *testing.T) func(head string) string {
	t.Helper()
	skey, _, err := note.GenerateKey(rand.Reader, fakeLogName)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return func(head string) string {
		text, _, _ := strings.Cut(head, "\n\n")
		signed, err := note.Sign(&note.Note{Text: text + "\n"}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return string(signed)
	}
}

// grownOlderHead is the proof of o after the log has grown, with the head from
// before that: its record claims a tree that the head knows nothing of.
func grownOlderHead(t *testing.T, g *fakeGo, w *world, o Observation) []byte {
	t.Helper()
	g.publish(t, "example.org/later", "v1.0.0", map[string]string{"go.mod": "module example.org/later\n"})
	w.get(t, Request{PURL: "pkg:golang/example.org/later@v1.0.0", Digest: sumOf(t, g, "example.org/later", "v1.0.0")})
	later, _ := w.get(t, Request{PURL: o.PURL, Digest: o.Pin})
	before, err1 := parseProof(proofBytes(t, w, o))
	after, err2 := parseProof(proofBytes(t, w, later))
	if err1 != nil || err2 != nil || before.Head == after.Head {
		t.Fatalf("the log did not grow: %v, %v", err1, err2)
	}
	after.Head = before.Head
	data, err := after.marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sumOf(t *testing.T, g *fakeGo, path, version string) string {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	fields := strings.Fields(g.sums[path+"@"+version])
	if len(fields) != 6 {
		t.Fatalf("no sum of %s@%s", path, version)
	}
	return fields[2]
}

func TestProofForAnotherModule(t *testing.T) {
	g, w, o := proven(t)
	other, _ := w.get(t, Request{PURL: "pkg:golang/example.org/other3@v1.0.0", Digest: sumOf(t, g, "example.org/other3", "v1.0.0")})
	swapped := o
	swapped.Proof = other.Proof
	if _, err := VerifyProof(w.store, swapped, []LogKey{g.log}); CodeOf(err) != ProofMissing {
		t.Errorf("another module's proof: %v", err)
	}
	renamed := o
	renamed.PURL = "pkg:golang/github.com/BurntSushi/m@v1.2.4"
	if _, err := VerifyProof(w.store, renamed, []LogKey{g.log}); CodeOf(err) != ProofMissing {
		t.Errorf("another version: %v", err)
	}
	pinned := o
	pinned.Pin = "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	if _, err := VerifyProof(w.store, pinned, []LogKey{g.log}); CodeOf(err) != ProofMismatch {
		t.Errorf("another pin: %v", err)
	}
	gomod := o
	gomod.Mod = other.Mod
	if _, err := VerifyProof(w.store, gomod, []LogKey{g.log}); CodeOf(err) != ProofMismatch {
		t.Errorf("another go.mod: %v", err)
	}
	without := o
	without.Proof = nil
	if _, err := VerifyProof(w.store, without, []LogKey{g.log}); CodeOf(err) != ProofMissing {
		t.Errorf("no proof: %v", err)
	}
	npm := o
	npm.PURL = "pkg:npm/x@1.0.0"
	if _, err := VerifyProof(w.store, npm, []LogKey{g.log}); CodeOf(err) != BadPURL {
		t.Errorf("no Go module: %v", err)
	}
	gone := o
	gone.Proof = &evidence.Descriptor{Digest: evidence.Of([]byte("not kept"))}
	if _, err := VerifyProof(w.store, gone, []LogKey{g.log}); err == nil {
		t.Error("a proof that is not in evidence was verified")
	}
}

// otherLine is a further signature line as a witness would add one.
func otherLine(head string) string {
	_, line, _ := strings.Cut(head, "\n\n")
	return strings.Replace(line, fakeLogName, "witness.example.org", 1)
}
