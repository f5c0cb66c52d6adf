package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"

	"github.com/proffer-audit/proffer/audit/evidence"
)

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
