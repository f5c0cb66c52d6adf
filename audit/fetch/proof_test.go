package fetch

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
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
	otherSigned := signWith(t, o, w)
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
		{"an older head than the record's", edit(func(d *proofDoc) { d.Head = olderHead(t, g, w) }), ProofInvalid},
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
func signWith(t *testing.T, o Observation, w *world) func(head string) string {
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

// olderHead is a tree head of the log from before the module was published.
func olderHead(t *testing.T, g *fakeGo, w *world) string {
	t.Helper()
	o, _ := w.get(t, Request{PURL: "pkg:golang/example.org/other0@v1.0.0", Digest: sumOf(t, g, "example.org/other0", "v1.0.0")})
	d, err := parseProof(proofBytes(t, w, o))
	if err != nil {
		t.Fatal(err)
	}
	// The server answers with its present head: an older one is made by asking
	// a log with fewer records, which for this log's key does not exist; cutting
	// the count is the nearest that an attacker without the key can do.
	return strings.Replace(d.Head, "\n10\n", "\n9\n", 1)
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

// A set spans many tiles, heads of different ages, and settings that keep one
// module from the log. Its proof does not depend on the order of answers.
func TestModules(t *testing.T) {
	g := newFakeGo(t)
	w := g.world(t)
	g.fill(t, w, 300)
	var gosum strings.Builder
	for i := range 20 {
		path, version := fmt.Sprintf("example.org/Dep%d", i), "v1.0.0"
		h1, modH1 := g.publish(t, path, version, map[string]string{"go.mod": "module " + path + "\n", "x.go": "package x\n"})
		fmt.Fprintf(&gosum, "%s %s/go.mod %s\n", path, version, modH1)
		if i%2 == 0 {
			fmt.Fprintf(&gosum, "%s %s %s\n", path, version, h1)
		}
	}
	w.modules(t, gosum.String()) // the log takes the modules in when it is first asked
	set, recs := w.modules(t, gosum.String())
	if len(set.Modules) != 20 || len(set.Missing) != 0 || len(set.Unproven) != 0 || set.Proof == nil {
		t.Fatalf("set %+v: %s", set, errorsOf(recs))
	}
	if err := VerifyModules(w.store, []byte(gosum.String()), set); err != nil {
		t.Fatal(err)
	}
	all, err := VerifyModulesProof(w.store, set, []LogKey{g.log})
	if err != nil || len(all) != 20 {
		t.Fatalf("%d proven, %v", len(all), err)
	}
	for i, m := range set.Modules {
		if (m.Zip != nil) != (m.H1 != "") || m.Mod == nil || (m.Info != nil) != (m.H1 != "") {
			t.Errorf("module %d: %+v", i, m)
		}
	}
	again, _ := g.world(t).modules(t, gosum.String())
	first, err1 := json.Marshal(set)
	second, err2 := json.Marshal(again)
	if err1 != nil || err2 != nil || !bytes.Equal(first, second) {
		t.Errorf("two runs differ: %v\n%v", set.Proof, again.Proof)
	}
	back, err := ParseModuleSet(first)
	if err != nil || len(back.Modules) != 20 {
		t.Errorf("it reads back as %+v, %v", back, err)
	}
	if _, err := ParseModuleSet(append(first, ' ')); CodeOf(err) != BadDocument {
		t.Errorf("trailing data: %v", err)
	}
}

func TestModulesFaults(t *testing.T) {
	g := newFakeGo(t)
	w := g.world(t)
	gosum := ""
	for _, path := range []string{"example.org/a", "example.org/b", "example.org/c", "example.org/private"} {
		h1, modH1 := g.publish(t, path, "v1.0.0", map[string]string{"go.mod": "module " + path + "\n"})
		gosum += fmt.Sprintf("%s v1.0.0 %s\n%s v1.0.0/go.mod %s\n", path, h1, path, modH1)
	}
	g.files["example.org/a/@v/v1.0.0.zip"] = g.files["example.org/b/@v/v1.0.0.zip"]
	g.files["example.org/b/@v/v1.0.0.mod"] = []byte("module example.org/evil\n")
	delete(g.files, "example.org/c/@v/v1.0.0.zip")
	w.opt.GoEnv["GONOSUMDB"] = "example.org/private"
	set, recs := w.modules(t, gosum)
	want := []Lack{
		{Path: "example.org/a", Version: "v1.0.0", Part: PartZip, Code: Mismatch},
		{Path: "example.org/b", Version: "v1.0.0", Part: PartMod, Code: Mismatch},
		{Path: "example.org/c", Version: "v1.0.0", Part: PartZip, Code: NotFound},
	}
	if len(set.Missing) != len(want) {
		t.Fatalf("missing %+v: %s", set.Missing, errorsOf(recs))
	}
	for i, l := range set.Missing {
		if (l.Observed == "") == (l.Code == Mismatch) {
			t.Errorf("missing %+v", l)
		}
		l.Observed = ""
		if l != want[i] {
			t.Errorf("missing %+v, want %+v", l, want[i])
		}
	}
	if err := VerifyModules(w.store, []byte(gosum), set); CodeOf(err) != Mismatch {
		t.Errorf("VerifyModules: %v", err)
	}
	all, err := VerifyModulesProof(w.store, set, []LogKey{g.log})
	if CodeOf(err) != ProofDisabled || len(all) != 3 {
		t.Errorf("%d proven, %v", len(all), err)
	}
}

func TestVerifyModulesRefuses(t *testing.T) {
	g := newFakeGo(t)
	w := g.world(t)
	gosum := ""
	for _, path := range []string{"example.org/a", "example.org/b"} {
		h1, modH1 := g.publish(t, path, "v1.0.0", map[string]string{"go.mod": "module " + path + "\n"})
		gosum += fmt.Sprintf("%s v1.0.0 %s\n%s v1.0.0/go.mod %s\n", path, h1, path, modH1)
	}
	good, _ := w.modules(t, gosum)
	for name, change := range map[string]func(s *ModuleSet){
		"a module less":    func(s *ModuleSet) { s.Modules = s.Modules[:1] },
		"another order":    func(s *ModuleSet) { slices.Reverse(s.Modules) },
		"another zip":      func(s *ModuleSet) { s.Modules[0].Zip = s.Modules[1].Zip },
		"another go.mod":   func(s *ModuleSet) { s.Modules[0].Mod = s.Modules[1].Mod },
		"another digest":   func(s *ModuleSet) { s.Modules[0].H1 = s.Modules[1].H1 },
		"no zip":           func(s *ModuleSet) { s.Modules[0].Zip = nil },
		"no go.mod":        func(s *ModuleSet) { s.Modules[0].Mod = nil },
		"zip not kept":     func(s *ModuleSet) { s.Modules[0].Zip = &evidence.Descriptor{Digest: evidence.Of([]byte("x"))} },
		"missing and here": func(s *ModuleSet) { s.Missing = []Lack{{Path: "example.org/a", Version: "v1.0.0", Part: PartZip}} },
	} {
		set := good
		set.Modules = slices.Clone(good.Modules)
		change(&set)
		if err := VerifyModules(w.store, []byte(gosum), set); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := VerifyModules(w.store, []byte(gosum), good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(s *ModuleSet){
		"no proof":       func(s *ModuleSet) { s.Proof = nil },
		"another digest": func(s *ModuleSet) { s.Modules[0].H1 = s.Modules[1].H1 },
		"go.mod digest":  func(s *ModuleSet) { s.Modules[0].GoModH1 = s.Modules[1].GoModH1 },
		"module less":    func(s *ModuleSet) { s.Modules = s.Modules[:1] },
		"renamed":        func(s *ModuleSet) { s.Modules[0].Path = "example.org/zzz" },
		"unproven":       func(s *ModuleSet) { s.Unproven = []Unproven{{"example.org/q", "v1.0.0", ProofAbsent, ""}} },
	} {
		set := good
		set.Modules = slices.Clone(good.Modules)
		change(&set)
		if _, err := VerifyModulesProof(w.store, set, []LogKey{g.log}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := VerifyModulesProof(w.store, good, []LogKey{g.log}); err != nil {
		t.Error(err)
	}
}

// When nobody answers, the rest of a set is given up instead of waited for.
func TestModulesGivesUp(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *hooks) {
		o.GoEnv = map[string]string{"GOPROXY": "http://127.0.0.1:1", "GOSUMDB": "off"}
	})
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	gosum := ""
	for i := range 200 {
		gosum += fmt.Sprintf("example.org/m%d v1.0.0/go.mod %s\n", i, h1)
	}
	set, recs := w.modules(t, gosum)
	if len(set.Missing) != 200 || set.Missing[199].Code != Transport || len(recs) > 100 {
		t.Errorf("%d missing after %d transfers", len(set.Missing), len(recs))
	}
}

func TestParseGoSum(t *testing.T) {
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	h2 := "h1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	for name, text := range map[string]string{
		"two words":       "example.org/m v1.0.0\n",
		"four words":      "example.org/m v1.0.0 " + h1 + " x\n",
		"two spaces":      "example.org/m  v1.0.0 " + h1 + "\n",
		"tab":             "example.org/m\tv1.0.0 " + h1 + "\n",
		"carriage return": "example.org/m v1.0.0 " + h1 + "\r\n",
		"h2":              "example.org/m v1.0.0 h2:" + h1[3:] + "\n",
		"sha256":          "example.org/m v1.0.0 " + pin256(nil) + "\n",
		"cut":             "example.org/m v1.0.0 " + h1[:20],
		"no version":      "example.org/m latest " + h1 + "\n",
		"short version":   "example.org/m v1 " + h1 + "\n",
		"path up":         "example.org/../m v1.0.0 " + h1 + "\n",
		"absolute":        "/etc/passwd v1.0.0 " + h1 + "\n",
		"no dot":          "m v1.0.0 " + h1 + "\n",
		"two digests":     "example.org/m v1.0.0 " + h1 + "\nexample.org/m v1.0.0 " + h2 + "\n",
		"NUL":             "example.org/m\x00 v1.0.0 " + h1 + "\n",
	} {
		if sums, err := ParseGoSum([]byte(text)); CodeOf(err) != BadGoSum {
			t.Errorf("%s: reads as %v, %v", name, sums, err)
		}
	}
	sums, err := ParseGoSum([]byte("example.org/m v1.0.0/go.mod " + h2 + "\nexample.org/m v1.0.0 " + h1 + "\n\nexample.org/a v1.0.0+incompatible " + h1))
	want := []Sum{{"example.org/a", "v1.0.0+incompatible", h1, ""}, {"example.org/m", "v1.0.0", h1, h2}}
	if err != nil || !slices.Equal(sums, want) {
		t.Errorf("reads as %+v, %v", sums, err)
	}
	if sums, err := ParseGoSum(nil); err != nil || len(sums) != 0 {
		t.Errorf("an empty go.sum reads as %v, %v", sums, err)
	}
	if _, err := ParseGoSum(bytes.Repeat([]byte("\n"), maxGoSumLines+1)); CodeOf(err) != BadGoSum {
		t.Errorf("too many lines: %v", err)
	}
}

func FuzzParseGoSum(f *testing.F) {
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	f.Add([]byte("example.org/m v1.0.0 " + h1 + "\nexample.org/m v1.0.0/go.mod " + h1 + "\n"))
	f.Add([]byte("a b c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sums, err := ParseGoSum(data)
		if err != nil {
			if CodeOf(err) != BadGoSum {
				t.Fatalf("error without its code: %v", err)
			}
			return
		}
		var again strings.Builder
		for _, s := range sums {
			if s.H1 != "" {
				fmt.Fprintf(&again, "%s %s %s\n", s.Path, s.Version, s.H1)
			}
			if s.GoModH1 != "" {
				fmt.Fprintf(&again, "%s %s/go.mod %s\n", s.Path, s.Version, s.GoModH1)
			}
		}
		back, err := ParseGoSum([]byte(again.String()))
		if err != nil || !slices.Equal(sums, back) {
			t.Fatalf("%+v reads back as %+v, %v", sums, back, err)
		}
	})
}

// No input makes a proof hold for a module that its log does not know.
func FuzzProof(f *testing.F) {
	g, w, o := proven(f)
	f.Add(proofBytes(f, w, o))
	f.Add([]byte(`{"head":"","log":"log.example.org","lookups":{},"tiles":{},"version":1}`))
	stranger := o
	stranger.PURL = "pkg:golang/example.org/stranger@v1.0.0"
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := VerifyProof(w.store, withProof(t, w, stranger, data), []LogKey{g.log}); err == nil {
			t.Fatal("a proof of nothing")
		} else if CodeOf(err) == "" {
			t.Fatalf("error without a code: %v", err)
		}
	})
}

func FuzzParseObservation(f *testing.F) {
	_, _, o := proven(f)
	text, err := json.Marshal(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"outcome":"missing","pin":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := ParseObservation(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(o)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q reads back as %q, %v", data, again, err)
		}
	})
}
