package sign_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/sign/stacktest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/wire"
)

const alice = "alice@acme.example"

func played(t testing.TB) *stacktest.Stack {
	t.Helper()
	s, err := stacktest.New()
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

func TestIdentitySigns(t *testing.T) {
	s := played(t)
	token, workflow := s.Workflow("acme/agent", "release.yml", "refs/heads/main")
	for _, tt := range []struct{ name, token, identity, issuer string }{
		{"person", s.Person(alice), alice, s.People},
		{"workflow", token, workflow, s.Workflows},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one := signer(t, s, tt.token)
			if id, by := one.Named(); id != tt.identity || by != tt.issuer {
				t.Fatalf("signs as %s by %s", id, by)
			}
			want := payload(t, tt.name)
			b, err := one.Statement(t.Context(), want)
			check(t, err)
			who := trust.Principal{Name: "p", Identity: tt.identity, Issuer: tt.issuer, Root: "own"}
			_, got, err := attest.VerifyIdentity(b, who, map[string][]byte{"own": s.TrustedRoot})
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%v, %s", err, got)
			}
			if !statement.IsCanonical(b) || bytes.Contains(b, []byte(strings.Split(tt.token, ".")[2])) {
				t.Error("not canonical, or with the token in it")
			}
		})
	}
}

func TestFiles(t *testing.T) {
	s := played(t)
	file := []byte("the file")
	secret, _, err := trust.NewKey(nil)
	check(t, err)
	key, err := trust.LoadKey(secret, nil)
	check(t, err)
	_, own, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	ed, err := trust.KeyOf(own)
	check(t, err)
	witnessed, err := sign.Witnessed(key, options(t, s))
	check(t, err)
	for name, one := range map[string]*sign.Signer{
		"identity": signer(t, s, s.Person(alice)), "key": sign.Bare(key), "key, witnessed": witnessed, "Ed25519": sign.Bare(ed),
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := one.File(t.Context(), bytes.NewReader(file))
			check(t, err)
			var b bundle.Bundle
			check(t, b.UnmarshalJSON(raw))
			if d := b.GetMessageSignature(); d == nil || len(d.Signature) == 0 {
				t.Fatal("no signature of a message")
			}
			if got := len(b.VerificationMaterial.GetTlogEntries()) > 0; got != one.Connects() {
				t.Errorf("logged: %v", got)
			}
		})
	}
	hashing, err := sign.Witnessed(ed, options(t, s))
	check(t, err)
	if _, err := hashing.File(t.Context(), bytes.NewReader(file)); sign.CodeOf(err) != sign.Unsupported {
		t.Errorf("a log takes Ed25519: %v", err)
	}
	if _, err := hashing.Statement(t.Context(), payload(t, "a")); sign.CodeOf(err) != sign.Unsupported {
		t.Errorf("a log takes Ed25519: %v", err)
	}
	if _, err := sign.Witnessed(key, sign.Options{Root: s.TrustedRoot}); sign.CodeOf(err) != sign.NoService {
		t.Errorf("witnessed by nobody: %v", err)
	}
}

// Every refusal before or while a service is asked has its own code, and no
// error holds the token.
func TestRefusals(t *testing.T) {
	s, other := played(t), played(t)
	opt := options(t, s)
	without := func(change func(*sign.Options)) sign.Options {
		o := opt
		change(&o)
		return o
	}
	quoting := other.Person(alice)
	for _, tt := range []struct {
		name  string
		token string
		opt   sign.Options
		want  sign.Code
	}{
		{"expired", s.Stale(alice), opt, sign.TokenExpired},
		{"of another issuer, quoted by the service", quoting, opt, sign.BadAnswer},
		{"no authority", s.Person(alice), without(func(o *sign.Options) { o.Services.Authority = sign.Service{} }), sign.NoService},
		{"no log", s.Person(alice), without(func(o *sign.Options) { o.Services.Logs = nil }), sign.NoService},
		{"no time", s.Person(alice), without(func(o *sign.Options) { o.Services.Timestamps = nil }), sign.NoService},
		{"no root", s.Person(alice), without(func(o *sign.Options) { o.Root = nil }), sign.NoRoot},
		{"the root of another", s.Person(alice), without(func(o *sign.Options) { o.Root = other.TrustedRoot }), sign.NotVerified},
		{"a log that is none", s.Person(alice), without(func(o *sign.Options) { o.Services.Logs = []sign.Service{{URL: s.People + "/x", Version: 2}} }), sign.BadAnswer},
		{"a timestamp authority that is none", s.Person(alice), without(func(o *sign.Options) { o.Services.Timestamps = []sign.Service{{URL: s.People, Version: 1}} }), sign.BadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := sign.ParseToken(tt.token)
			check(t, err)
			one, err := sign.Identity(t.Context(), token, tt.opt)
			if err == nil {
				_, err = one.Statement(t.Context(), payload(t, "a"))
			}
			if sign.CodeOf(err) != tt.want {
				t.Fatalf("got %q (%v), want %q", sign.CodeOf(err), err, tt.want)
			}
			for _, part := range strings.Split(tt.token, ".") {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), part) {
					t.Errorf("the error holds the token: %v", err)
				}
			}
		})
	}
}

func TestTokens(t *testing.T) {
	s := played(t)
	good := s.Person(alice)
	body := func(text string) string { return "e30." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".c2ln" }
	for _, tt := range []struct {
		name, raw string
		want      sign.Code
	}{
		{"good", good, ""},
		{"with white space", "\n" + good + "\n", ""},
		{"nothing", "", sign.BadToken},
		{"two parts", "a.b", sign.BadToken},
		{"unsigned", "e30.e30.", sign.BadToken},
		{"not base64", "e30.!!!.c2ln", sign.BadToken},
		{"not JSON", body("x"), sign.BadToken},
		{"two subjects", body(`{"sub":"a","sub":"b"}`), sign.BadToken},
		{"nobody", body(`{"exp":1}`), sign.BadToken},
		{"an address that nobody verified", body(`{"email":"a@b.example","email_verified":false}`), sign.BadToken},
		{"huge", body(`{"sub":"` + strings.Repeat("a", 64<<10) + `"}`), sign.BadToken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := sign.ParseToken(tt.raw)
			if sign.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			raw, jerr := json.Marshal(token)
			check(t, jerr)
			if shown := fmt.Sprintf("%v %+v %#v %s %s", token, token, token, token, raw); tt.raw != "" && err == nil && strings.Contains(shown, strings.TrimSpace(tt.raw)) {
				t.Errorf("the token shows: %s", shown)
			}
		})
	}
}

func TestJob(t *testing.T) {
	s := played(t)
	c := wire.New(wire.Options{AllowPrivate: true})
	token, err := sign.Job(t.Context(), c, s.RequestURL(), stacktest.RequestToken)
	check(t, err)
	one, err := sign.Identity(t.Context(), token, options(t, s))
	check(t, err)
	if id, _ := one.Named(); id != "https://github.com/acme/agent/.github/workflows/release.yml@refs/heads/main" {
		t.Errorf("signs as %s", id)
	}
	_, err = sign.Job(t.Context(), c, s.RequestURL(), "wrong-secret-of-the-job")
	if sign.CodeOf(err) != sign.NoToken || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("got %v", err)
	}
	if _, err := sign.Job(t.Context(), c, s.RequestURL(), ""); sign.CodeOf(err) != sign.NoToken {
		t.Errorf("got %v", err)
	}
}

func TestDeviceFlow(t *testing.T) {
	s := played(t)
	var shown []sign.Prompt
	f := sign.DeviceFlow{
		Client: wire.New(wire.Options{AllowPrivate: true}), Issuer: s.People,
		Show: func(p sign.Prompt) error { shown = append(shown, p); return nil },
	}
	token, err := f.Token(t.Context())
	check(t, err)
	one, err := sign.Identity(t.Context(), token, options(t, s))
	check(t, err)
	if id, _ := one.Named(); id != "device@acme.example" {
		t.Errorf("signs as %s", id)
	}
	if len(shown) != 1 || shown[0].Code != "WDJB-MJHT" || !strings.HasSuffix(shown[0].URL, "/activate") {
		t.Errorf("showed %v", shown)
	}
	f.ClientID = "denied"
	if _, err := f.Token(t.Context()); sign.CodeOf(err) != sign.NotGranted {
		t.Errorf("got %v", err)
	}
	f.Issuer = s.Workflows // knows no device flow: the endpoint answers 404
	if _, err := f.Token(t.Context()); sign.CodeOf(err) != sign.NoToken {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	f.Issuer, f.ClientID = s.People, ""
	if _, err := f.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestConfig(t *testing.T) {
	at := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	const head = `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json",`
	service := func(url string, version int, start, operator string) string {
		return fmt.Sprintf(`{"url":%q,"majorApiVersion":%d,"validFor":{"start":%q},"operator":%q}`, url, version, start, operator)
	}
	old, young, later := "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
	logs := `"rekorTlogUrls":[` + service("v1", 1, young, "a") + "," + service("v2", 2, old, "a") + "," + service("v2b", 2, young, "a") + "," +
		service("v2c", 2, old, "b") + "," + service("v2later", 2, later, "b") + `]`
	for _, tt := range []struct {
		name, text string
		logs       []string
		want       sign.Code
	}{
		{"any", head + logs + `,"rekorTlogConfig":{"selector":"ANY"}}`, []string{"v2b"}, ""},
		{"all", head + logs + `,"rekorTlogConfig":{"selector":"ALL"}}`, []string{"v2b", "v2c"}, ""},
		{"exactly two", head + logs + `,"rekorTlogConfig":{"selector":"EXACT","count":2}}`, []string{"v2b", "v2c"}, ""},
		{"exactly three", head + logs + `,"rekorTlogConfig":{"selector":"EXACT","count":3}}`, nil, sign.NoService},
		{"exactly none", head + logs + `,"rekorTlogConfig":{"selector":"EXACT"}}`, nil, sign.NoService},
		{"some other way", head + logs + `,"rekorTlogConfig":{"selector":"BEST"}}`, nil, sign.BadConfig},
		{"none", head + `"caUrls":[]}`, nil, ""},
		{"none yet", head + `"tsaUrls":[` + service("t", 1, later, "a") + `],"tsaConfig":{"selector":"ANY"}}`, nil, sign.NoService},
		{"of an older form", `{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.1+json"}`, nil, sign.BadConfig},
		{"twice the same", head + `"caUrls":[],"caUrls":[]}`, nil, sign.BadConfig},
		{"unknown", head + `"x":1}`, nil, sign.BadConfig},
		{"nothing", ``, nil, sign.BadConfig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sign.ParseConfig([]byte(tt.text), at)
			if sign.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			var got []string
			for _, l := range s.Logs {
				got = append(got, l.URL)
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.logs) {
				t.Errorf("logs %v, want %v", got, tt.logs)
			}
		})
	}
}

// A log that lost its answer says that it has the entry: then there is a new
// signature. One that is busy is asked again.
func TestLogSaysConflict(t *testing.T) {
	s := played(t)
	answers := []int{http.StatusConflict, http.StatusServiceUnavailable}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(answers) > 0 {
			w.WriteHeader(answers[0])
			answers = answers[1:]
			return
		}
		http.Redirect(w, r, s.Addresses.Log+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer front.Close()
	opt := options(t, s)
	opt.Services.Logs[0].URL = front.URL
	token, err := sign.ParseToken(s.Person(alice))
	check(t, err)
	one, err := sign.Identity(t.Context(), token, opt)
	check(t, err)
	_, err = one.Statement(t.Context(), payload(t, "a"))
	if wire.CodeOf(err) != wire.Redirected || len(answers) != 0 {
		t.Fatalf("got %v with %d answers left", err, len(answers))
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("e30.eyJzdWIiOiJhIn0.c2ln")
	f.Fuzz(func(t *testing.T, raw string) {
		if token, err := sign.ParseToken(raw); err == nil && len(raw) > 40 && strings.Contains(token.String(), raw) {
			t.Error("the token shows")
		}
	})
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogUrls":[{"url":"x","majorApiVersion":2}],"rekorTlogConfig":{"selector":"ALL"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := sign.ParseConfig(raw, time.Unix(1, 0))
		if err != nil && len(s.Logs)+len(s.Timestamps) > 0 {
			t.Error("services of a configuration that was refused")
		}
	})
}
