package fetch

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
)

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

func (w *world) modules(t testing.TB, gosum string) (ModuleSet, []reports.Fetch) {
	t.Helper()
	set, recs, err := w.Modules(context.WithoutCancel(t.Context()), []byte(gosum), nil)
	if err != nil {
		t.Fatal(err)
	}
	return set, recs
}
