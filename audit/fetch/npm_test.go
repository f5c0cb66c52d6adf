package fetch

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeNPM is a registry under a path, which wants a token.
type fakeNPM struct {
	url      string
	token    string
	mu       sync.Mutex
	files    map[string][]byte // escaped path below the host: content
	seen     map[string]string // escaped path: Authorization
	redirect map[string]string
}

func newFakeNPM(t testing.TB) *fakeNPM {
	t.Helper()
	n := &fakeNPM{files: map[string][]byte{}, seen: map[string]string{}, redirect: map[string]string{}}
	n.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		path := r.URL.EscapedPath()
		n.seen[path] = r.Header.Get("Authorization")
		if n.token != "" && strings.HasPrefix(path, "/npm/") && n.seen[path] != n.token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if to, ok := n.redirect[path]; ok {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		data, ok := n.files[path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(data)
	})
	return n
}

func (n *fakeNPM) host() string { return strings.TrimPrefix(n.url, "http:") }

// document is the registry's document about @acme/agent 1.2.3.
func (n *fakeNPM) document(t testing.TB, change func(dist map[string]any)) {
	t.Helper()
	dist := map[string]any{
		"tarball": n.url + "/npm/@acme/agent/-/agent-1.2.3.tgz", "integrity": integrityOf(theTarball()), "shasum": "00",
	}
	if change != nil {
		change(dist)
	}
	doc, err := json.Marshal(map[string]any{"name": "@acme/agent", "version": "1.2.3", "scripts": map[string]any{"x": "y"}, "dist": dist})
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.files["/npm/@acme%2fagent/1.2.3"] = doc
}

func theTarball() []byte { return []byte("a tarball, as far as a registry knows") }

const theNPM = "pkg:npm/%40acme/agent@1.2.3"

func integrityOf(data []byte) string {
	raw, err := hex.DecodeString(strings.TrimPrefix(pin512(data), "sha512:"))
	if err != nil {
		panic(err)
	}
	return "sha512-" + base64.StdEncoding.EncodeToString(raw)
}

// npmHome gives npm a home with only this user configuration, and a vendor's
// tree as working directory whose .npmrc must never count.
func npmHome(t *testing.T, npmrc string) {
	t.Helper()
	home, vendor := t.TempDir(), t.TempDir()
	write(t, filepath.Join(home, ".npmrc"), npmrc)
	write(t, filepath.Join(vendor, ".npmrc"), "registry=http://127.0.0.1:1/evil/\n@acme:registry=http://127.0.0.1:1/evil/\n")
	for _, env := range os.Environ() {
		name, _, _ := strings.Cut(env, "=")
		if strings.HasPrefix(strings.ToLower(name), "npm_config_") || name == "PREFIX" {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Chdir(vendor)
}

func TestNPM(t *testing.T) {
	n := newFakeNPM(t)
	n.token = "Bearer s3cret"
	n.document(t, nil)
	n.files["/npm/@acme/agent/-/agent-1.2.3.tgz"] = theTarball()
	npmHome(t, "@acme:registry="+n.url+"/npm/\n"+n.host()+"/npm/:_authToken=s3cret\n")
	for _, pin := range []string{pin512(theTarball()), integrityOf(theTarball()), pin256(theTarball())} {
		w := newWorld(t, nil)
		o, recs := w.get(t, Request{PURL: theNPM, Digest: pin})
		w.wantObtained(t, o, recs)
		if o.Integrity != integrityOf(theTarball()) || o.AttestationsCode != NotAvailable || o.Attestations != nil {
			t.Errorf("observation %+v", o)
		}
		leftovers(t, w)
	}
}

func TestNPMCredentialsStayHome(t *testing.T) {
	n, far := newFakeNPM(t), newFakeNPM(t)
	n.token = "Basic " + base64.StdEncoding.EncodeToString([]byte("me:pw"))
	n.document(t, func(d map[string]any) { d["tarball"] = n.url + "/npm/moved.tgz" })
	n.redirect["/npm/moved.tgz"] = far.url + "/agent.tgz"
	far.files["/agent.tgz"] = theTarball()
	npmHome(t, "registry="+n.url+"/npm/\n"+n.host()+"/npm/:username=me\n"+n.host()+"/npm/:_password="+
		base64.StdEncoding.EncodeToString([]byte("pw"))+"\n")
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
	w.wantObtained(t, o, recs)
	if got := far.seen["/agent.tgz"]; got != "" {
		t.Errorf("the other host got %q", got)
	}
	if got := n.seen["/npm/moved.tgz"]; got != n.token {
		t.Errorf("the registry got %q", got)
	}
	// The same host outside the path that the credentials are for gets none.
	n.redirect["/npm/moved.tgz"] = n.url + "/outside.tgz"
	n.files["/outside.tgz"] = theTarball()
	o, recs = newWorld(t, nil).get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
	if o.Outcome != Obtained || n.seen["/outside.tgz"] != "" {
		t.Errorf("outcome %q, got %q: %s", o.Outcome, n.seen["/outside.tgz"], errorsOf(recs))
	}
}

func TestNPMRefusals(t *testing.T) {
	other := []byte("other bytes")
	for _, tt := range []struct {
		name    string
		dist    func(n *fakeNPM) func(map[string]any)
		served  []byte
		pin     string
		outcome Outcome
		code    Code
	}{
		{"the registry states another digest", func(*fakeNPM) func(map[string]any) {
			return func(d map[string]any) { d["integrity"] = integrityOf(other) }
		}, theTarball(), pin512(theTarball()), Mismatched, Mismatch},
		{"it states another than it serves", func(*fakeNPM) func(map[string]any) {
			return func(d map[string]any) { d["integrity"] = integrityOf(other) }
		}, theTarball(), pin256(theTarball()), Mismatched, Mismatch},
		{"it serves other bytes", nil, other, pin512(theTarball()), Mismatched, Mismatch},
		{"no tarball named", func(*fakeNPM) func(map[string]any) {
			return func(d map[string]any) { delete(d, "tarball") }
		}, theTarball(), pin512(theTarball()), Missing, BadDocument},
		{"a tarball at a metadata address", func(*fakeNPM) func(map[string]any) {
			return func(d map[string]any) { d["tarball"] = "http://169.254.169.254/x" }
		}, nil, pin512(theTarball()), Missing, RefusedAddress},
		{"a file for a tarball", func(*fakeNPM) func(map[string]any) {
			return func(d map[string]any) { d["tarball"] = "file:///etc/passwd" }
		}, nil, pin512(theTarball()), Missing, RefusedURL},
		{"not there", nil, nil, pin512(theTarball()), Missing, NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newFakeNPM(t)
			var change func(map[string]any)
			if tt.dist != nil {
				change = tt.dist(n)
			}
			n.document(t, change)
			if tt.served != nil {
				n.files["/npm/@acme/agent/-/agent-1.2.3.tgz"] = tt.served
			}
			npmHome(t, "registry="+n.url+"/npm\n")
			w := newWorld(t, nil)
			o, recs := w.get(t, Request{PURL: theNPM, Digest: tt.pin})
			w.wantCode(t, o, recs, tt.outcome, tt.code)
			if tt.outcome == Mismatched && o.Observed == "" {
				t.Error("nothing observed")
			}
		})
	}
}

func TestNPMBadDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "not JSON": "<html>", "array": "[]", "other name": `{"name":"x","version":"1.2.3","dist":{"tarball":"http://x"}}`,
		"other version": `{"name":"@acme/agent","version":"1.2.4","dist":{"tarball":"http://x"}}`,
		"two tarballs":  `{"name":"@acme/agent","version":"1.2.3","dist":{"tarball":"http://x","tarball":"http://y"}}`,
		"case":          `{"name":"@acme/agent","Name":"x","version":"1.2.3","dist":{"tarball":"http://x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			n := newFakeNPM(t)
			n.files["/npm/@acme%2fagent/1.2.3"] = []byte(text)
			npmHome(t, "registry="+n.url+"/npm\n")
			w := newWorld(t, nil)
			o, recs := w.get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
			w.wantCode(t, o, recs, Missing, BadDocument)
		})
	}
}

// A mirror that hands on another registry's addresses is asked for the tarball
// itself first.
func TestNPMMirror(t *testing.T) {
	n, upstream := newFakeNPM(t), newFakeNPM(t)
	n.document(t, func(d map[string]any) { d["tarball"] = upstream.url + "/@acme/agent/-/agent-1.2.3.tgz" })
	n.files["/npm/@acme/agent/-/agent-1.2.3.tgz"] = theTarball()
	npmHome(t, "registry="+n.url+"/npm/\n")
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
	w.wantObtained(t, o, recs)
	if len(upstream.seen) != 0 {
		t.Errorf("the other registry was asked: %v", upstream.seen)
	}
	delete(n.files, "/npm/@acme/agent/-/agent-1.2.3.tgz")
	upstream.files["/@acme/agent/-/agent-1.2.3.tgz"] = theTarball()
	w = newWorld(t, nil)
	o, recs = w.get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
	w.wantObtained(t, o, recs)
}

func TestNPMAttestations(t *testing.T) {
	n := newFakeNPM(t)
	n.document(t, func(d map[string]any) {
		d["attestations"] = map[string]any{"url": n.url + "/npm/-/attestations", "provenance": map[string]any{}}
	})
	n.files["/npm/@acme/agent/-/agent-1.2.3.tgz"] = theTarball()
	n.files["/npm/-/attestations"] = []byte(`{"attestations":[]}`)
	npmHome(t, "registry="+n.url+"/npm/\n")
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
	w.wantObtained(t, o, recs)
	if o.Attestations == nil || o.AttestationsCode != "" {
		t.Fatalf("observation %+v: %s", o, errorsOf(recs))
	}
	data, err := w.store.Read(o.Attestations.Digest, 0)
	if err != nil || string(data) != `{"attestations":[]}` {
		t.Errorf("kept %q, %v", data, err)
	}
	delete(n.files, "/npm/-/attestations")
	o, _ = newWorld(t, nil).get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
	if o.Outcome != Obtained || o.AttestationsCode != NotFound {
		t.Errorf("observation %+v", o)
	}
}

func TestNPMConfigRefused(t *testing.T) {
	for _, registry := range []string{"https://user:pw@example.org/", "nonsense", "https://example.org/?x=y"} {
		npmHome(t, "registry="+registry+"\n")
		w := newWorld(t, nil)
		o, recs := w.get(t, Request{PURL: theNPM, Digest: pin512(theTarball())})
		w.wantCode(t, o, recs, Missing, BadConfig)
	}
}

func TestNPMDiscover(t *testing.T) {
	n := newFakeNPM(t)
	n.document(t, nil)
	n.files["/npm/@acme/agent/-/agent-1.2.3.tgz"] = theTarball()
	npmHome(t, "registry="+n.url+"/npm/\n")
	w := newWorld(t, nil)
	d, recs, err := w.Discover(context.WithoutCancel(t.Context()), theNPM, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.wantObtained(t, d.Observation, recs)
	if d.Observation.Pin != pin512(theTarball()) || d.Size != int64(len(theTarball())) || d.Origin != nil {
		t.Errorf("discovered %+v", d)
	}
	n.document(t, func(dist map[string]any) { dist["integrity"] = integrityOf([]byte("else")) })
	d, _, err = newWorld(t, nil).Discover(t.Context(), theNPM, nil)
	if err != nil || d.Observation.Outcome != Mismatched {
		t.Errorf("discovered %+v, %v", d, err)
	}
}
