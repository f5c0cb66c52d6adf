package fetch

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"

	"github.com/proffer-audit/proffer/reports"
)

// fakeGo is a module proxy with a checksum database behind it.
type fakeGo struct {
	url   string
	vkey  string
	log   LogKey
	mu    sync.Mutex
	files map[string][]byte // path below the proxy: content
	sums  map[string]string // path@version: the record
	asked []string
	deny  func(path string) int // status to answer with instead, 0 for none
}

const fakeLogName = "log.example.org"

func newFakeGo(t testing.TB) *fakeGo {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, fakeLogName)
	if err != nil {
		t.Fatal(err)
	}
	g := &fakeGo{
		vkey: vkey, log: LogKey{Name: fakeLogName, Key: vkey},
		files: map[string][]byte{}, sums: map[string]string{}, deny: func(string) int { return 0 },
	}
	db := sumdb.NewTestServer(skey, func(path, version string) ([]byte, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if s, ok := g.sums[path+"@"+version]; ok {
			return []byte(s), nil
		}
		return nil, os.ErrNotExist
	})
	g.url = serve(t, g.handler(sumdb.NewServer(db)))
	return g
}

func (g *fakeGo) handler(db http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.asked = append(g.asked, r.URL.Path)
		status, data, ok := g.deny(r.URL.Path), g.files[strings.TrimPrefix(r.URL.Path, "/")], false
		if data != nil {
			ok = true
		}
		g.mu.Unlock()
		rest, isDB := strings.CutPrefix(r.URL.Path, "/sumdb/"+fakeLogName)
		switch {
		case status != 0:
			w.WriteHeader(status)
		case isDB && rest == "/supported":
		case isDB:
			r.URL.Path = rest
			db.ServeHTTP(w, r)
		case ok:
			w.Write(data)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// publish puts a module into the proxy and the log, and returns its digests.
func (g *fakeGo) publish(t testing.TB, path, version string, files map[string]string) (h1, modH1 string) {
	t.Helper()
	m := module.Version{Path: path, Version: version}
	gomod := []byte("module " + path + "\n")
	data := zipOf(t, m, files)
	h1, err := hashModuleZip(bytes.NewReader(data), int64(len(data)), m)
	if err != nil {
		t.Fatal(err)
	}
	if modH1, err = hashGoMod(gomod); err != nil {
		t.Fatal(err)
	}
	rel, err := moduleFile(m, "")
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.files[rel+".zip"], g.files[rel+".mod"] = data, gomod
	g.files[rel+".info"] = fmt.Appendf(nil, `{"Version":%q,"Time":"2026-01-01T00:00:00Z","Origin":{"VCS":"git","URL":"https://git.example.org/m","Hash":"abc","Ref":"refs/tags/%s"}}`, version, version)
	g.sums[path+"@"+version] = fmt.Sprintf("%s %s %s\n%s %s/go.mod %s\n", path, version, h1, path, version, modH1)
	return h1, modH1
}

func zipOf(t testing.TB, m module.Version, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sortedKeys(files) {
		w, err := z.Create(m.Path + "@" + m.Version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fill publishes further modules, so that the log has more than one tile's
// worth of structure to prove.
func (g *fakeGo) fill(t testing.TB, w *world, n int) {
	t.Helper()
	for i := range n {
		path := fmt.Sprintf("example.org/other%d", i)
		g.publish(t, path, "v1.0.0", map[string]string{"go.mod": "module " + path + "\n"})
		j := &job{c: w.Client}
		if _, err := j.readProxy(t.Context(), goProxy{url: mustURL(t, g.url)}, "sumdb/"+fakeLogName+"/lookup/"+path+"@v1.0.0", maxLookup); err != nil {
			t.Fatal(err)
		}
	}
}

func (g *fakeGo) env() map[string]string {
	return map[string]string{"GOPROXY": g.url, "GOSUMDB": g.vkey, "GONOSUMDB": "", "GONOPROXY": "", "GOPRIVATE": ""}
}

func (g *fakeGo) world(t testing.TB) *world {
	t.Helper()
	return newWorld(t, func(o *Options, _ *hooks) {
		o.GoEnv, o.Logs = g.env(), []LogKey{g.log}
	})
}

const theMod, theVersion, thePURL = "github.com/BurntSushi/m", "v1.2.3", "pkg:golang/github.com/BurntSushi/m@v1.2.3"

func theFiles() map[string]string {
	return map[string]string{"go.mod": "module " + theMod + "\n", "m.go": "package m\n"}
}

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

func TestProxyList(t *testing.T) {
	g := newFakeGo(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	none := serve(t, http.NotFound)
	broken := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	folder := t.TempDir()
	for rel, data := range g.files {
		write(t, filepath.Join(folder, filepath.FromSlash(rel)), string(data))
	}
	local := "file://" + filepath.ToSlash(folder)
	for _, tt := range []struct {
		list string
		code Code
	}{
		{g.url, ""},
		{none + "," + g.url, ""},
		{none + "|" + g.url, ""},
		{broken + "," + g.url, Status},
		{broken + "|" + g.url, ""},
		{"direct", NotAvailable},
		{none + ",direct", NotAvailable},
		{"off", NotAvailable},
		{"off," + g.url, NotAvailable},
		{none + ",off", NotAvailable},
		{none, NotFound},
		{"", BadConfig},
		{",", BadConfig},
		{"ftp://example.org", BadConfig},
		{"file://host/x", BadConfig},
		{local, ""},
		{"file:///no/such/folder," + g.url, ""},
		{" " + g.url + " ,direct", ""},
	} {
		t.Run(tt.list, func(t *testing.T) {
			w := newWorld(t, func(o *Options, _ *hooks) {
				o.GoEnv, o.Offline = map[string]string{"GOPROXY": tt.list, "GOSUMDB": "off"}, tt.list == local
			})
			o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
			if o.Code != tt.code {
				t.Fatalf("code %q, want %q: %s", o.Code, tt.code, errorsOf(recs))
			}
			if strings.Contains(errorsOf(recs), folder) {
				t.Errorf("the record holds a path of this machine: %s", errorsOf(recs))
			}
		})
	}
	w := newWorld(t, func(o *Options, _ *hooks) {
		o.GoEnv = map[string]string{"GOPROXY": g.url, "GOSUMDB": "off", "GONOPROXY": "github.com/*"}
	})
	before := len(g.asked)
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantCode(t, o, recs, Missing, NotAvailable)
	if len(g.asked) != before {
		t.Error("a module under GONOPROXY was asked for")
	}
}

func TestProxyCredentials(t *testing.T) {
	g := newFakeGo(t)
	h1, _ := g.publish(t, theMod, theVersion, theFiles())
	var elsewhere string
	far := serve(t, func(w http.ResponseWriter, r *http.Request) {
		elsewhere = r.Header.Get("Authorization")
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/moved")
		g.withoutDB()(w, r)
	})
	near := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, pw, _ := r.BasicAuth(); user != "reviewer" || pw != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, far+"/moved"+r.URL.Path, http.StatusFound)
	})
	w := newWorld(t, func(o *Options, _ *hooks) {
		o.GoEnv = map[string]string{"GOPROXY": strings.Replace(near, "http://", "http://reviewer:s3cret@", 1), "GOSUMDB": "off"}
	})
	o, recs := w.get(t, Request{PURL: thePURL, Digest: h1})
	w.wantObtained(t, o, recs)
	if elsewhere != "" {
		t.Errorf("the other host got %q", elsewhere)
	}
	if text := fmt.Sprint(recs); strings.Contains(text, "s3cret") {
		t.Errorf("the record holds the password: %s", text)
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

func (w *world) modules(t testing.TB, gosum string) (ModuleSet, []reports.Fetch) {
	t.Helper()
	set, recs, err := w.Modules(context.WithoutCancel(t.Context()), []byte(gosum), nil)
	if err != nil {
		t.Fatal(err)
	}
	return set, recs
}
