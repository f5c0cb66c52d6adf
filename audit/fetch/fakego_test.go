package fetch

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
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
