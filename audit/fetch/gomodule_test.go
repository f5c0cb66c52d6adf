package fetch

import (
	"archive/zip"
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
)

func TestGoModule(t *testing.T) {
	g := newFakeGo(t)
	w := g.world(t)
	g.fill(t, w, 5)
	h1, modH1 := g.publish(t, theMod, theVersion, theFiles())
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantObtained(t, o, recs)
	if o.Mod == nil || o.Info == nil || o.Proof == nil || o.ProofCode != "" || o.Blob.MediaType != MediaZip {
		t.Fatalf("observation %+v: %s", o, errorsOf(recs))
	}
	p, err := VerifyProof(w.store, o, []LogKey{g.log})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Proven{Log: fakeLogName, Tree: p.Tree, Path: theMod, Version: theVersion, H1: h1, GoModH1: modH1}); p != want || p.Tree < 6 {
		t.Errorf("proven %+v, want %+v", p, want)
	}
	if _, err := VerifyProof(w.store, o, []LogKey{{fakeLogName, strings.TrimPrefix(g.vkey, fakeLogName+"+")}}); err != nil {
		t.Errorf("a key without its name: %v", err)
	}
	if !strings.Contains(strings.Join(g.asked, " "), "/github.com/!burnt!sushi/m/@v/v1.2.3.zip") {
		t.Errorf("asked for %q", g.asked)
	}
}

func TestGoModuleWrongBytes(t *testing.T) {
	g := newFakeGo(t)
	w := g.world(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	other := zipOf(t, module.Version{Path: theMod, Version: theVersion}, map[string]string{"go.mod": "x", "evil.go": "package m"})
	rel, err := moduleFile(module.Version{Path: theMod, Version: theVersion}, ".zip")
	if err != nil {
		t.Fatal(err)
	}
	g.files[rel] = other
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantCode(t, o, recs, Mismatched, Mismatch)
	if !strings.HasPrefix(o.Observed, "h1:") || o.Observed == h1 || o.Blob == nil || o.Proof != nil {
		t.Errorf("observation %+v", o)
	}
	g.files[rel] = []byte("no zip at all")
	o, recs = w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantCode(t, o, recs, Mismatched, Mismatch)
	if o.Observed != pin256([]byte("no zip at all")) {
		t.Errorf("observed %s", o.Observed)
	}
}

// A module zip from a location is held to the same digest, and proven as well.
func TestGoModuleFromLocation(t *testing.T) {
	g := newFakeGo(t)
	w := g.world(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	base := t.TempDir()
	rel, err := moduleFile(module.Version{Path: theMod, Version: theVersion}, ".zip")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(base, "m.zip"), string(g.files[rel]))
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1, Locations: []string{"file:m.zip"}, Base: base})
	w.wantObtained(t, o, recs)
	if _, err := VerifyProof(w.store, o, []LogKey{g.log}); err != nil {
		t.Error(err)
	}
	// Pinned by its bytes instead, the proof is still held against its content.
	o, recs = w.get(t, Request{PURL: thePURL, Digest: pin512(g.files[rel]), Locations: []string{"file:m.zip"}, Base: base})
	w.wantObtained(t, o, recs)
	if _, err := VerifyProof(w.store, o, []LogKey{g.log}); err != nil {
		t.Error(err)
	}
}

func TestHostileModuleZips(t *testing.T) {
	m := module.Version{Path: "example.org/m", Version: "v1.0.0"}
	in := "example.org/m@v1.0.0/"
	raw := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			w, err := z.CreateHeader(&zip.FileHeader{Name: n})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte("x")); err != nil && !strings.HasSuffix(n, "/") {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, data := range map[string][]byte{
		"empty file":     {},
		"not a zip":      []byte("PK nothing"),
		"outside":        raw("other/a.go"),
		"another module": raw("example.org/m@v1.0.1/a.go"),
		"twice":          raw(in+"a.go", in+"a.go"),
		"twice by case":  raw(in+"a.go", in+"A.go"),
		"up":             raw(in + "../../a.go"),
		"newline":        raw(in + "a\nb.go"),
		"backslash":      raw(in + `a\b.go`),
		"directory":      raw(in + "d/"),
		"root":           raw(in),
	} {
		if h1, err := hashModuleZip(bytes.NewReader(data), int64(len(data)), m); CodeOf(err) != BadZip {
			t.Errorf("%s: %s, %v", name, h1, err)
		}
	}
	good := raw(in+"go.mod", in+"a.go")
	if _, err := hashModuleZip(bytes.NewReader(good), int64(len(good)), m); err != nil {
		t.Error(err)
	}
}

func TestProofSettings(t *testing.T) {
	g := newFakeGo(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	noDB := serve(t, g.withoutDB())
	otherKey := newFakeGo(t).vkey
	for _, tt := range []struct {
		name   string
		change func(env map[string]string)
		code   Code
	}{
		{"by a key of its own", func(map[string]string) {}, ""},
		{"by a name the policy knows", func(e map[string]string) { e["GOSUMDB"] = fakeLogName }, ""},
		{"by the policy alone", func(e map[string]string) { delete(e, "GOSUMDB") }, ""},
		{"off", func(e map[string]string) { e["GOSUMDB"] = "off" }, ProofDisabled},
		{"empty", func(e map[string]string) { e["GOSUMDB"] = "" }, ProofDisabled},
		{"a name nobody knows", func(e map[string]string) { e["GOSUMDB"] = "other.example.org" }, ProofUnknownLog},
		{"GONOSUMDB", func(e map[string]string) { e["GONOSUMDB"] = "github.com/BurntSushi" }, ProofDisabled},
		{"GOPRIVATE", func(e map[string]string) {
			e["GOPRIVATE"] = "github.com/BurntSushi/*"
			e["GONOPROXY"] = "none"
			delete(e, "GONOSUMDB")
		}, ProofDisabled},
		{"a proxy without the database", func(e map[string]string) { e["GOPROXY"] = noDB }, ProofUnavailable},
		{"the second proxy has it", func(e map[string]string) { e["GOPROXY"] = noDB + "," + g.url }, ""},
		{"the database's own address", func(e map[string]string) {
			e["GOPROXY"], e["GOSUMDB"] = noDB, g.vkey+" "+g.url+"/sumdb/"+fakeLogName
		}, ""},
		{"another key than the log's", func(e map[string]string) { e["GOSUMDB"] = otherKey }, ProofRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := g.env()
			tt.change(env)
			w := newWorld(t, func(o *Options, _ *hooks) { o.GoEnv, o.Logs = env, []LogKey{g.log} })
			o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
			w.wantObtained(t, o, recs)
			_, err := VerifyProof(w.store, o, []LogKey{g.log})
			if o.ProofCode != tt.code || (o.Proof != nil) != (tt.code == "") || CodeOf(err) != tt.code {
				t.Errorf("proof %v, code %q, VerifyProof %v; want %q", o.Proof, o.ProofCode, err, tt.code)
			}
		})
	}
	for name, setting := range map[string]string{
		"three words": "a b c", "bad key": "log.example.org+00000000+AAAA", "bad address": fakeLogName + " ::", "no host": fakeLogName + " https:",
	} {
		if _, err := parseGOSUMDB(map[string]string{"GOSUMDB": setting}, []LogKey{g.log}); CodeOf(err) != BadConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// withoutDB is the same proxy, which does not speak for the database.
func (g *fakeGo) withoutDB() http.HandlerFunc {
	inner := g.handler(http.NotFoundHandler())
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/sumdb/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		inner(w, r)
	}
}

func TestProofAbsent(t *testing.T) {
	g := newFakeGo(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	delete(g.sums, theMod+"@"+theVersion)
	w := g.world(t)
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantObtained(t, o, recs)
	if o.ProofCode != ProofAbsent {
		t.Errorf("code %q", o.ProofCode)
	}
}

// The log knows another digest than the manifest pins: the bytes are as pinned,
// and the proof says that they are not what was published.
func TestProofMismatch(t *testing.T) {
	g := newFakeGo(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	other := theFiles()
	other["evil.go"] = "package m\n"
	otherH1, _ := g.publish(t, theMod, theVersion, other)
	rel, err := moduleFile(module.Version{Path: theMod, Version: theVersion}, ".zip")
	if err != nil {
		t.Fatal(err)
	}
	g.files[rel] = zipOf(t, module.Version{Path: theMod, Version: theVersion}, theFiles())
	w := g.world(t)
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantObtained(t, o, recs)
	if _, err := VerifyProof(w.store, o, []LogKey{g.log}); CodeOf(err) != ProofMismatch || !strings.Contains(err.Error(), otherH1) {
		t.Errorf("VerifyProof: %v", err)
	}
}

func TestDiscover(t *testing.T) {
	g := newFakeGo(t)
	h1, modH1 := g.publish(t, theMod, theVersion, theFiles())
	w := g.world(t)
	d, recs, err := w.Discover(t.Context(), thePURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.wantObtained(t, d.Observation, recs)
	if d.Observation.Pin != h1 || d.GoModPin != modH1 || d.Size == 0 || d.Origin == nil || d.Origin.Hash.String() != "abc" {
		t.Errorf("discovered %+v", d)
	}
	if _, err := VerifyProof(w.store, d.Observation, []LogKey{g.log}); err != nil {
		t.Error(err)
	}
	d, _, err = w.Discover(t.Context(), "pkg:golang/example.org/nothing@v1.0.0", nil)
	if err != nil || d.Observation.Outcome != Missing || d.Observation.Code != NotFound {
		t.Errorf("discovered %+v, %v", d, err)
	}
	if _, _, err = w.Discover(t.Context(), "pkg:generic/x@1", nil); CodeOf(err) != BadLocation {
		t.Errorf("a type without a registry: %v", err)
	}
}

func TestParseOriginRefuses(t *testing.T) {
	for _, text := range []string{"", "x", "{}", `{"Origin":null}`, `{"Origin":{}}`, `{"Origin":{"URL":"a","URL":"b"}}`, `{"Origin":[]}`} {
		if o := ParseOrigin([]byte(text)); o != nil {
			t.Errorf("%q reads as %+v", text, o)
		}
	}
}
