package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestClassify(t *testing.T) {
	for _, tt := range []struct {
		address string
		want    class
	}{
		{"0.0.0.0", special},
		{"0.1.2.3", special},
		{"10.1.2.3", private},
		{"100.64.0.1", private},
		{"100.127.255.255", private},
		{"100.128.0.1", public},
		{"127.0.0.1", loopback},
		{"127.255.0.1", loopback},
		{"168.63.129.16", special},
		{"169.254.169.254", special},
		{"172.15.0.1", public},
		{"172.16.0.1", private},
		{"172.31.255.255", private},
		{"172.32.0.1", public},
		{"192.0.0.192", special},
		{"192.0.2.1", unrouted},
		{"192.168.1.1", private},
		{"198.18.0.1", unrouted},
		{"198.19.255.255", unrouted},
		{"198.20.0.1", public},
		{"203.0.113.9", unrouted},
		{"224.0.0.1", special},
		{"240.0.0.1", special},
		{"255.255.255.255", special},
		{"1.1.1.1", public},
		{"::", special},
		{"::1", loopback},
		{"::7f00:1", special},
		{"::ffff:127.0.0.1", loopback},
		{"::ffff:10.0.0.1", private},
		{"::ffff:1.1.1.1", public},
		{"64:ff9b::7f00:1", loopback},
		{"64:ff9b::a00:1", private},
		{"64:ff9b::101:101", public},
		{"64:ff9b:1::101:101", special},
		{"2002:7f00:1::", loopback},
		{"2002:a9fe:a9fe::1", special},
		{"2002:101:101::", public},
		{"2001::1", special},
		{"2001:db8::1", unrouted},
		{"2606:4700::1", public},
		{"fc00::1", private},
		{"fd00:ec2::254", private},
		{"fe80::1", special},
		{"fe80::1%eth0", special},
		{"fec0::1", special},
		{"ff02::1", special},
		{"4000::1", special},
		{"5f00::1", special},
	} {
		if got, why := classify(netip.MustParseAddr(tt.address)); got != tt.want {
			t.Errorf("%s is %s (%s), want %s", tt.address, got, why, tt.want)
		}
	}
}

// spellings are ways to write an address that must not be reached. Each is
// refused before or at dialling; none may lead to a connection.
func spellings() []string {
	return []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f000001", "0x7f.0.0.1",
		"0X7F.1", "127.0.0.01", "127.0.0.1.", "0", "0.0.0.0", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
		"[fe80::1%25eth0]", "[fd00::1]", "[fc00::1]", "[ff02::1]", "10.0.0.1", "172.16.5.4", "192.168.0.1",
		"100.64.0.1", "169.254.169.254", "[::ffff:169.254.169.254]", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"240.0.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.80", "[2001:db8::1]", "localhost", "LOCALHOST", "localhost.", "rebind.example.com", "127.0.0.1.rebind.example.com",
		"１２７.０.０.１", "①②⑦.0.0.1", "user@example.com", "user:pw@example.com", "[::1", "a b.example.com",
	}
}

func TestRefusedSpellings(t *testing.T) {
	w := newWorld(t, func(o *Options, h *hooks) {
		o.AllowPrivate = false
		h.resolver = stubResolver(t, func(string) netip.Addr { return netip.MustParseAddr("127.0.0.1") })
	})
	for _, host := range spellings() {
		t.Run(host, func(t *testing.T) {
			o, recs := w.get(t, Request{Locations: []string{"https://" + host + "/x"}, Digest: pin256([]byte("x"))})
			if o.Outcome != Missing || o.Code != RefusedAddress && o.Code != RefusedURL && o.Code != BadLocation {
				t.Fatalf("outcome %q, code %q: %s", o.Outcome, o.Code, errorsOf(recs))
			}
			if recs[0].Peer != "" {
				t.Fatalf("a connection was made to %s", recs[0].Peer)
			}
		})
	}
}

func TestRefusedSchemes(t *testing.T) {
	w := newWorld(t, func(o *Options, _ *hooks) { o.AllowPrivate = false })
	for location, code := range map[string]Code{
		"http://example.com/x":            RefusedURL,
		"ftp://example.com/x":             NotAvailable,
		"gopher://example.com/x":          NotAvailable,
		"git+https://example.com/x#abc":   NotAvailable,
		"oci://example.com/x":             NotAvailable,
		"https://":                        RefusedURL,
		"https://example.com:0/x":         RefusedURL,
		"https://example.com:99999/x":     RefusedURL,
		"https://example.com:65536/x":     RefusedURL,
		"https://exa mple.com/x":          BadLocation,
		"https:///etc/passwd":             RefusedURL,
		"no scheme at all":                NotAvailable,
		"https://user:secret@example.com": RefusedURL,
	} {
		o, recs := w.get(t, Request{Locations: []string{location}, Digest: pin256([]byte("x"))})
		if o.Outcome != Missing || o.Code != code {
			t.Errorf("%s: outcome %q, code %q, want %q: %s", location, o.Outcome, o.Code, code, errorsOf(recs))
		}
		if strings.Contains(errorsOf(recs), "secret") {
			t.Errorf("%s: the record holds the password", location)
		}
	}
}

// A name that changes its meaning between a look at it and the connection is
// judged by the address that is dialled.
func TestRebinding(t *testing.T) {
	var rebound atomic.Bool
	var hits atomic.Int32
	target := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	port := mustURL(t, target).Port()
	w := newWorld(t, func(o *Options, h *hooks) {
		o.AllowPrivate = false
		h.resolver = stubResolver(t, func(string) netip.Addr {
			if rebound.Load() {
				return netip.MustParseAddr("127.0.0.1")
			}
			return netip.MustParseAddr("1.1.1.1")
		})
	})
	addrs, err := w.guard.lookup(t.Context(), "rebind.example.com")
	if err != nil || len(addrs) != 1 || checkAddress(addrs[0], false, false, false) != nil {
		t.Fatalf("the first look gives %v, %v", addrs, err)
	}
	rebound.Store(true)
	o, recs := w.get(t, Request{Locations: []string{"https://rebind.example.com:" + port + "/x"}, Digest: pin256(nil)})
	w.wantCode(t, o, recs, Missing, RefusedAddress)
	if hits.Load() != 0 {
		t.Fatal("the server was reached")
	}
}

// Unencrypted http stays on private addresses even where those are allowed.
func TestPlainHTTPOnlyPrivate(t *testing.T) {
	w := newWorld(t, func(_ *Options, h *hooks) {
		h.resolver = stubResolver(t, func(string) netip.Addr { return netip.MustParseAddr("1.1.1.1") })
	})
	o, recs := w.get(t, Request{Locations: []string{"http://plain.example.com/x"}, Digest: pin256(nil)})
	w.wantCode(t, o, recs, Missing, RefusedAddress)
}

func TestRedirects(t *testing.T) {
	body := []byte("content")
	var base string
	base = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/hop/"):
			n := len(r.URL.Path) - len("/hop/")
			to := base + "/end"
			if n > 1 {
				to = base + "/hop/" + strings.Repeat("x", n-1)
			}
			http.Redirect(rw, r, to, http.StatusFound)
		case r.URL.Path == "/end":
			rw.Write(body)
		case r.URL.Path == "/metadata":
			http.Redirect(rw, r, "http://169.254.169.254/latest", http.StatusFound)
		case r.URL.Path == "/file":
			http.Redirect(rw, r, "file:///etc/passwd", http.StatusFound)
		case r.URL.Path == "/decimal":
			http.Redirect(rw, r, "http://2130706433/", http.StatusFound)
		case r.URL.Path == "/user":
			http.Redirect(rw, r, "http://a:b@"+strings.TrimPrefix(base, "http://")+"/end", http.StatusFound)
		case r.URL.Path == "/loop":
			http.Redirect(rw, r, base+"/loop", http.StatusFound)
		}
	})
	w := newWorld(t, nil)
	for path, code := range map[string]Code{
		"/hop/x": "", "/hop/xxxxx": "", "/hop/xxxxxx": Redirects, "/loop": Redirects,
		"/metadata": RefusedAddress, "/file": RefusedURL, "/decimal": RefusedAddress, "/user": RefusedURL,
	} {
		o, recs := w.get(t, Request{Locations: []string{base + path}, Digest: pin512(body)})
		if o.Code != code {
			t.Errorf("%s: code %q, want %q: %s", path, o.Code, code, errorsOf(recs))
		}
		if code == "" && recs[0].FinalURL.String() != base+"/end" {
			t.Errorf("%s: final address %q", path, recs[0].FinalURL)
		}
	}
}

func TestNoDowngrade(t *testing.T) {
	from := &http.Request{URL: mustURL(t, "https://example.com/a")}
	to := &http.Request{URL: mustURL(t, "http://example.com/a")}
	if err := checkRedirect(to, []*http.Request{from}); CodeOf(err) != Downgrade {
		t.Errorf("a redirect to http: %v", err)
	}
	if err := checkRedirect(from, []*http.Request{to}); err != nil {
		t.Errorf("a redirect to https: %v", err)
	}
}

func TestErrorTextIsSafe(t *testing.T) {
	err := refuse(NotFound, "a\x1b[31m", "b\u202e").because(errors.New("c\x07")).hint("h")
	if got := err.Error(); strings.ContainsAny(got, "\x1b\x07\u202e") || !strings.HasSuffix(got, "(h)") {
		t.Errorf("got %q", got)
	}
	if CodeOf(context.Canceled) != "" {
		t.Error("a foreign error has a code")
	}
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// An address that nobody on the Internet has is reached only for a registry of
// the reviewer's own configuration; a private one is not reached even then.
func TestOwnRegistries(t *testing.T) {
	for _, tt := range []struct {
		address             string
		private, plain, own bool
		ok                  bool
	}{
		{address: "203.0.113.80", own: true, ok: true},
		{address: "203.0.113.80"},
		{address: "203.0.113.80", private: true, ok: true},
		{address: "203.0.113.80", own: true, plain: true},
		{address: "10.0.0.1", own: true},
		{address: "127.0.0.1", own: true},
		{address: "::ffff:127.0.0.1", own: true},
		{address: "169.254.169.254", own: true},
		{address: "2001:db8::1", own: true, ok: true},
	} {
		err := checkAddress(netip.MustParseAddr(tt.address), tt.private, tt.plain, tt.own)
		if (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	g := newGuard(false, hooks{resolver: net.DefaultResolver})
	g.trust("https://mirror.example.com/go")
	if !g.trusts("mirror.example.com") || g.trusts("example.com") || g.trusts("") {
		t.Error("the guard trusts other hosts than the one that was named")
	}
}
