package fetch

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

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
