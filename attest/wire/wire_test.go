package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/wire"
)

func TestRefusedAddresses(t *testing.T) {
	none := func(*url.URL) (*url.URL, error) { return nil, nil }
	for _, tt := range []struct {
		url     string
		private bool
		want    wire.Code
	}{
		{"", true, wire.BadAddress},
		{"ftp://service.example/", true, wire.BadAddress},
		{"https://user:pass@service.example/", true, wire.BadAddress},
		{"file:///etc/passwd", true, wire.BadAddress},
		{"https:///path", true, wire.BadAddress},
		{"http://service.example/", false, wire.RefusedAddress},
		{"https://127.0.0.1/", false, wire.RefusedAddress},
		{"https://[::1]/", false, wire.RefusedAddress},
		{"https://10.1.2.3/", false, wire.RefusedAddress},
		{"https://[::ffff:10.1.2.3]/", false, wire.RefusedAddress},
		{"https://100.64.1.1/", false, wire.RefusedAddress},
		{"https://[fd00::1]/", false, wire.RefusedAddress},
		{"https://169.254.169.254/", true, wire.RefusedAddress},
		{"https://0.0.0.0/", true, wire.RefusedAddress},
		{"https://[fe80::1%25eth0]/", true, wire.RefusedAddress},
		{"https://255.255.255.255/", true, wire.RefusedAddress},
		{"http://8.8.8.8/", true, wire.RefusedAddress},
	} {
		t.Run(tt.url, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, _, err := wire.New(wire.Options{AllowPrivate: tt.private, Proxy: none}).Do(ctx, wire.Request{Method: "GET", URL: tt.url, Want: []int{200}})
			if wire.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "pass@") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/stolen", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/stolen", func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	mux.HandleFunc("/quotes", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "bad: "+r.Header.Get("Authorization")+"\x1b[31m", http.StatusForbidden)
	})
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 101)) })
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "50")
		fmt.Fprint(w, "x")
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := httptest.NewServer(mux)
	defer s.Close()
	c := wire.New(wire.Options{AllowPrivate: true})
	for path, want := range map[string]wire.Code{
		"/ok": "", "/moved": wire.Redirected, "/quotes": wire.Status, "/long": wire.TooLarge, "/short": wire.Transport, "/absent": wire.Status,
	} {
		t.Run(path, func(t *testing.T) {
			status, body, err := c.Do(t.Context(), wire.Request{
				Method: "POST", URL: s.URL + path + "?key=hidden", Max: 100, Want: []int{200},
				Header: map[string]string{"Authorization": "Bearer sesame"}, Secrets: []string{"sesame", ""},
			})
			if wire.CodeOf(err) != want {
				t.Fatalf("got %d, %v", status, err)
			}
			if want == "" && string(body) != "fine" {
				t.Errorf("got %q", body)
			}
			if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), "\x1b")) {
				t.Errorf("the error holds what was sent: %q", err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := c.Do(ctx, wire.Request{Method: "GET", URL: s.URL + "/slow", Want: []int{200}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, _, err := wire.New(wire.Options{AllowPrivate: true, Offline: true}).Do(t.Context(), wire.Request{Method: "GET", URL: s.URL + "/ok", Want: []int{200}}); wire.CodeOf(err) != wire.Offline {
		t.Errorf("offline: %v", err)
	}
	var hinted interface{ Hint() string }
	if _, _, err := wire.New(wire.Options{}).Do(t.Context(), wire.Request{Method: "GET", URL: s.URL}); !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), "--allow-private-network") {
		t.Errorf("no hint: %v", err)
	}
}

// A proxy of the environment is used for https, and a proxy is no way around the
// rule on addresses.
func TestProxy(t *testing.T) {
	asked := make(chan string, 4)
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	}))
	defer p.Close()
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := wire.New(wire.Options{Proxy: func(*url.URL) (*url.URL, error) { return at, nil }})
	if _, _, err := c.Do(t.Context(), wire.Request{Method: "GET", URL: "https://service.example/", Want: []int{200}}); wire.CodeOf(err) != wire.Transport {
		t.Errorf("got %v", err)
	}
	if got := <-asked; got != "CONNECT service.example:443" {
		t.Errorf("the proxy was asked %q", got)
	}
	if _, _, err := c.Do(t.Context(), wire.Request{Method: "GET", URL: "https://10.0.0.1/", Want: []int{200}}); wire.CodeOf(err) != wire.RefusedAddress {
		t.Errorf("got %v", err)
	}
	broken := wire.New(wire.Options{Proxy: func(*url.URL) (*url.URL, error) { return nil, errors.New("no") }})
	if _, _, err := broken.Do(t.Context(), wire.Request{Method: "GET", URL: "https://service.example/", Want: []int{200}}); wire.CodeOf(err) != wire.BadAddress {
		t.Errorf("got %v", err)
	}
}
