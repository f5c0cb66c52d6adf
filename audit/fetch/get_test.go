package fetch

import (
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
)

func fixed(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write(data) }
}

func TestMirrors(t *testing.T) {
	right, wrong := []byte("the right bytes"), []byte("other bytes")
	gone := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) })
	good, bad := serve(t, fixed(right)), serve(t, fixed(wrong))
	for _, tt := range []struct {
		name      string
		locations []string
		outcome   Outcome
		code      Code
		transfers int
	}{
		{"first is right", []string{good, bad}, Obtained, "", 1},
		{"wrong, then right", []string{bad, good}, Obtained, "", 2},
		{"gone, wrong, then right", []string{gone, bad, good}, Obtained, "", 3},
		{"gone, then wrong", []string{gone, bad}, Mismatched, Mismatch, 2},
		{"wrong, then gone", []string{bad, gone}, Mismatched, Mismatch, 2},
		{"gone", []string{gone, gone}, Missing, NotFound, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			o, recs := w.get(t, Request{Locations: tt.locations, Digest: pin512(right)})
			if o.Outcome != tt.outcome || o.Code != tt.code || len(recs) != tt.transfers {
				t.Fatalf("outcome %q, code %q, %d transfers: %s", o.Outcome, o.Code, len(recs), errorsOf(recs))
			}
			switch tt.outcome {
			case Obtained:
				w.wantObtained(t, o, recs)
				if o.Observed != "" {
					t.Errorf("observed %q", o.Observed)
				}
			case Mismatched:
				if o.Observed != pin512(wrong) || o.Blob == nil || o.Blob.Digest != evidence.Of(wrong) || !w.store.Has(o.Blob.Digest) {
					t.Errorf("observation %+v", o)
				}
				if err := VerifyPin(w.store, o, o.Pin); CodeOf(err) != Mismatch {
					t.Errorf("VerifyPin: %v", err)
				}
			case Missing:
				if o.Blob != nil || o.Observed != "" {
					t.Errorf("observation %+v", o)
				}
			}
		})
	}
}

func TestPins(t *testing.T) {
	data := []byte("bytes")
	sum := sha512.Sum512(data)
	url := serve(t, fixed(data))
	for _, pin := range []string{pin256(data), pin512(data), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])} {
		w := newWorld(t, nil)
		o, recs := w.get(t, Request{Locations: []string{url}, Digest: pin})
		w.wantObtained(t, o, recs)
		if err := VerifyPin(w.store, o, pin); err != nil {
			t.Errorf("VerifyPin by %s: %v", pin, err)
		}
		if err := VerifyPin(w.store, o, pin256([]byte("else"))); CodeOf(err) != BadPin {
			t.Errorf("VerifyPin by another pin: %v", err)
		}
	}
}

func TestParsePin(t *testing.T) {
	h := strings.Repeat("ab", 32)
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, bad := range []string{
		"", "sha256", "sha256:", "sha256:" + h[1:], "sha256:" + strings.ToUpper(h), "sha256:" + h + "00", "sha1:" + h[:40],
		"md5:" + h[:32], "sha512:" + h, "sha512-" + h, "h1:", "h1:AAAA", h1[:len(h1)-1], h1 + "\n", "h1:" + h1[3:20] + "\n" + h1[20:],
		"H1:" + h1[3:], "h2:" + h1[3:], "tree-sha256:" + h[1:], "SHA256:" + h, " sha256:" + h, "sha256:" + h + " ", "sha256-" + h,
	} {
		if p, err := ParsePin(bad); CodeOf(err) != BadPin {
			t.Errorf("%q reads as %v, %v", bad, p, err)
		}
	}
	for _, good := range []string{"sha256:" + h, "sha512:" + h + h, h1, "tree-sha256:" + h} {
		if p, err := ParsePin(good); err != nil || p.String() != good {
			t.Errorf("%q reads as %v, %v", good, p, err)
		}
	}
}

func TestStoreHit(t *testing.T) {
	data := []byte("already there")
	w := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
	if _, err := w.store.PutBytes(data); err != nil {
		t.Fatal(err)
	}
	o, recs := w.get(t, Request{Locations: []string{"https://example.com/x"}, Digest: pin256(data)})
	w.wantObtained(t, o, recs)
	if len(recs) != 0 {
		t.Errorf("transfers: %s", errorsOf(recs))
	}
}

// lying gives other bytes than its digest says, without noticing.
type lying struct{ *evidence.Memory }

func (lying) Open(evidence.Digest) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader("damaged")), 7, nil
}

func TestStoreHitIsVerified(t *testing.T) {
	data := []byte("already there")
	w := newWorld(t, func(o *Options, _ *hooks) { o.Store = lying{evidence.NewMemory()} })
	if _, err := w.opt.Store.PutBytes(data); err != nil {
		t.Fatal(err)
	}
	o, recs := w.get(t, Request{Locations: []string{"http://127.0.0.1:1/x"}, Digest: pin256(data)})
	if o.Outcome != Missing || len(recs) != 1 {
		t.Errorf("outcome %q, %d transfers: damaged content was taken", o.Outcome, len(recs))
	}
}

func TestOffline(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
	reached := false
	url := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	w.opt.GoEnv = map[string]string{"GOPROXY": url}
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, req := range []Request{
		{Locations: []string{url}, Digest: pin512(nil)},
		{PURL: "pkg:golang/example.org/m@v1.0.0", Digest: h1},
		{PURL: "pkg:npm/%40acme/agent@1.0.0", Digest: pin512(nil)},
	} {
		o, recs := w.get(t, req)
		w.wantCode(t, o, recs, Missing, Offline)
	}
	set, _, err := w.Modules(t.Context(), []byte("example.org/m v1.0.0 "+h1+"\nexample.org/m v1.0.0/go.mod "+h1+"\n"), nil)
	if err != nil || len(set.Missing) != 2 || set.Missing[0].Code != Offline || set.Missing[1].Code != Offline {
		t.Errorf("set %+v, %v", set, err)
	}
	if reached {
		t.Error("the network was used")
	}
}

func TestBadRequests(t *testing.T) {
	w := newWorld(t, nil)
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, tt := range []struct {
		req  Request
		code Code
	}{
		{Request{Digest: "sha256:00", Locations: []string{"file:x"}}, BadPin},
		{Request{Locations: []string{"file:x"}}, BadPin},
		{Request{Digest: pin256(nil)}, BadLocation},
		{Request{Digest: pin256(nil), PURL: "pkg:generic/x@1"}, BadLocation},
		{Request{Digest: h1, Locations: []string{"file:x"}}, BadPin},
		{Request{Digest: h1, PURL: "pkg:npm/x@1.0.0"}, BadPin},
		{Request{Digest: h1, PURL: "example.org/m"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org/m"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org/m@latest"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org/m@v1"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org/../m@v1.0.0"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org/m@v1.0.0?download_url=https://evil.example.com"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org/m@v1.0.0#sub"}, BadPURL},
		{Request{Digest: h1, PURL: "pkg:golang/example.org%2f..%2fm@v1.0.0"}, BadPURL},
		{Request{Digest: pin512(nil), PURL: "pkg:npm/..@1.0.0"}, BadPURL},
		{Request{Digest: pin512(nil), PURL: "pkg:npm/%40a/b%2f..@1.0.0"}, BadPURL},
		{Request{Digest: pin512(nil), PURL: "pkg:npm/a@latest"}, BadPURL},
		{Request{Digest: pin512(nil), PURL: "pkg:npm/a@1.0.0%2f..%2f2"}, BadPURL},
		{Request{Digest: pin512(nil), PURL: "pkg:npm/a%3fx@1.0.0"}, BadPURL},
	} {
		if _, _, err := w.Get(t.Context(), tt.req, nil); CodeOf(err) != tt.code {
			t.Errorf("%+v: %v, want code %s", tt.req, err, tt.code)
		}
	}
}

func TestPURLKeepsCase(t *testing.T) {
	p, err := parsePURL("pkg:golang/github.com/BurntSushi/toml@v1.5.0%2Bincompatible")
	if err != nil || p.name != "github.com/BurntSushi/toml" || p.version != "v1.5.0+incompatible" {
		t.Errorf("reads as %+v, %v", p, err)
	}
	p, err = parsePURL("pkg:golang/golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64")
	if err != nil || p.name != "golang.org/toolchain" || p.version != "v0.0.1-go1.26.5.linux-amd64" {
		t.Errorf("reads as %+v, %v", p, err)
	}
	if _, err := p.module(); err != nil {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	base := t.TempDir()
	inside := filepath.Join(base, "manifest")
	write(t, filepath.Join(base, "secret"), "secret")
	write(t, filepath.Join(inside, "dist", "a b.tgz"), "content")
	for link, to := range map[string]string{"out": "../secret", "abs": filepath.Join(base, "secret"), "in": "dist/a b.tgz", "dir": ".."} {
		if err := os.Symlink(to, filepath.Join(inside, link)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for location, code := range map[string]Code{
		"file:dist/a%20b.tgz":      "",
		"file:dist/a b.tgz":        "",
		"file:in":                  "",
		"file:./dist/a b.tgz":      "",
		"file:out":                 Unreadable,
		"file:abs":                 Unreadable,
		"file:dir/secret":          Unreadable,
		"file:../secret":           BadLocation,
		"file:dist/../../secret":   BadLocation,
		"file:%2e%2e/secret":       BadLocation,
		"file:" + base + "/secret": BadLocation,
		"file:///etc/passwd":       BadLocation,
		"file://host/x":            BadLocation,
		`file:dist\..\..\secret`:   BadLocation,
		"file:":                    BadLocation,
		"file:%zz":                 BadLocation,
		"file:a%00b":               BadLocation,
		"file:dist":                Unreadable,
		"file:nothing":             Unreadable,
	} {
		w := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
		o, recs := w.get(t, Request{Locations: []string{location}, Digest: pin512([]byte("content")), Base: inside})
		if o.Code != code {
			t.Errorf("%s: code %q, want %q: %s", location, o.Code, code, errorsOf(recs))
		}
		if text := errorsOf(recs); code != BadLocation && strings.Contains(text, base) {
			t.Errorf("%s: the record holds a path of this machine: %s", location, text)
		}
		leftoversIfAny(t, w)
	}
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{"file:dist/a b.tgz"}, Digest: pin512(nil), Base: inside, Max: 3})
	w.wantCode(t, o, recs, Missing, TooLarge)
	o, recs = w.get(t, Request{Locations: []string{"file:dist/a b.tgz"}, Digest: pin512(nil)})
	w.wantCode(t, o, recs, Missing, BadLocation)
}

func leftoversIfAny(t *testing.T, w *world) {
	t.Helper()
	if _, err := os.Stat(w.opt.Scratch); errors.Is(err, os.ErrNotExist) {
		return
	}
	leftovers(t, w)
}

func write(t testing.TB, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTree(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "src", "main.go"), "package main\n")
	write(t, filepath.Join(base, "src", "lib", "a.go"), "package lib\n")
	digest, err := archive.TreeDigest(os.DirFS(filepath.Join(base, "src")))
	if err != nil {
		t.Fatal(err)
	}
	req := Request{Locations: []string{"file:src"}, Digest: digest, Base: base}
	w := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
	o, recs := w.get(t, req)
	w.wantObtained(t, o, recs)
	if o.Blob.MediaType != MediaTree {
		t.Errorf("media type %s", o.Blob.MediaType)
	}
	req.Max = 10
	o, recs = w.get(t, req)
	w.wantCode(t, o, recs, Missing, TooLarge)

	req.Max = 0
	write(t, filepath.Join(base, "src", "extra.go"), "package main\n")
	o, recs = w.get(t, req)
	w.wantCode(t, o, recs, Mismatched, Mismatch)
	if !strings.HasPrefix(o.Observed, "tree-sha256:") || o.Observed == digest {
		t.Errorf("observed %q", o.Observed)
	}
	o, recs = w.get(t, Request{Locations: []string{"file:src/main.go"}, Digest: digest, Base: base})
	w.wantCode(t, o, recs, Missing, Unreadable)
}

// Behind a proxy of the environment, the host is resolved and judged here first.
func TestProxy(t *testing.T) {
	data := []byte("through the proxy")
	target := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/private":
			http.Redirect(rw, r, "https://10.0.0.5/x", http.StatusFound)
		case "/loopback":
			http.Redirect(rw, r, "https://127.0.0.1/x", http.StatusFound)
		case "/plain":
			http.Redirect(rw, r, "http://example.com/x", http.StatusFound)
		default:
			rw.Write(data)
		}
	}))
	defer target.Close()
	tunnel := connectProxy(t, target.Listener.Addr().String())
	roots := x509.NewCertPool()
	roots.AddCert(target.Certificate())
	w := newWorld(t, func(o *Options, h *hooks) {
		o.AllowPrivate = false
		h.tls = &tls.Config{RootCAs: roots}
		h.proxy = (&httpproxy.Config{HTTPSProxy: "http://user:pw@" + strings.TrimPrefix(tunnel, "http://")}).ProxyFunc()
		h.resolver = stubResolver(t, func(name string) netip.Addr {
			switch name {
			case "example.com":
				return netip.MustParseAddr("1.1.1.1")
			case "inner.example.com":
				return netip.MustParseAddr("10.1.1.1")
			}
			return netip.Addr{}
		})
	})
	for location, code := range map[string]Code{
		"https://example.com/x":         "",
		"https://example.com/private":   RefusedAddress,
		"https://example.com/loopback":  RefusedAddress,
		"https://example.com/plain":     Downgrade,
		"https://inner.example.com/x":   RefusedAddress,
		"https://unknown.example.com/x": RefusedAddress,
	} {
		o, recs := w.get(t, Request{Locations: []string{location}, Digest: pin512(data)})
		if o.Code != code {
			t.Errorf("%s: code %q, want %q: %s", location, o.Code, code, errorsOf(recs))
		}
		if code == "" && !strings.HasPrefix(recs[0].Peer, "via proxy http://redacted@127.0.0.1:") {
			t.Errorf("the record says %q", recs[0].Peer)
		}
	}
	if got := w.Proxy(); !strings.HasPrefix(got, "http://redacted@127.0.0.1:") {
		t.Errorf("Proxy() is %q", got)
	}
}

// connectProxy is a proxy that connects every tunnel to one address.
func connectProxy(t *testing.T, to string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		out, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		in, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			defer out.Close()
			io.Copy(out, in)
		}()
		defer in.Close()
		io.Copy(in, out)
	})
}

func TestProxySetting(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
	t.Setenv("NO_PROXY", "direct.example.com")
	c, err := New(Options{Store: evidence.NewMemory(), Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, err := c.hooks.proxy(mustURL(t, "https://example.com/"))
	if err != nil || p == nil || p.Host != "proxy.example.com:3128" {
		t.Errorf("proxy %v, %v", p, err)
	}
	if p, err = c.hooks.proxy(mustURL(t, "https://direct.example.com/")); err != nil || p != nil {
		t.Errorf("proxy %v, %v for a host under NO_PROXY", p, err)
	}
}

func TestBadCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(fixed(nil))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{s.URL}, Digest: pin512(nil)})
	w.wantCode(t, o, recs, Missing, Transport)
	if recs[0].Attempts != 1 {
		t.Errorf("tried %d times", recs[0].Attempts)
	}
}

func TestObservationIsSameEverywhere(t *testing.T) {
	data := []byte("bytes")
	var texts []string
	for range 2 {
		url := serve(t, fixed(data))
		w := newWorld(t, nil)
		o, _ := w.get(t, Request{Locations: []string{url + "/some/path"}, Digest: pin512(data)})
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "127.0.0.1") {
			t.Errorf("the observation holds an address: %s", text)
		}
		texts = append(texts, string(text))
		back, err := ParseObservation(text)
		if err != nil || *back.Blob != *o.Blob {
			t.Errorf("it reads back as %+v, %v", back, err)
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("two machines observe\n%s\n%s", texts[0], texts[1])
	}
}

func TestParseObservationRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":       "",
		"not JSON":    "x",
		"unknown key": `{"outcome":"missing","pin":"","extra":1}`,
		"twice":       `{"outcome":"missing","outcome":"obtained","pin":""}`,
		"case":        `{"Outcome":"obtained","pin":""}`,
		"trailing":    `{"outcome":"missing","pin":""} `,
		"spaces":      `{"outcome": "missing","pin":""}`,
		"order":       `{"pin":"","outcome":"missing"}`,
		"null":        `{"outcome":"missing","pin":"","blob":null}`,
	} {
		if _, err := ParseObservation([]byte(text)); CodeOf(err) != BadDocument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseObservation([]byte(`{"outcome":"missing","pin":""}`)); err != nil {
		t.Error(err)
	}
}
