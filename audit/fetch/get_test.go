package fetch

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

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
