package fetch

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// How long one stage of a connection may take.
const (
	dialTimeout      = 20 * time.Second
	handshakeTimeout = 20 * time.Second
	headerTimeout    = 60 * time.Second
	idleTimeout      = 30 * time.Second
)

// A guard is the one way out: a round tripper that judges every request,
// redirects too, and every address at the moment it is dialled.
type guard struct {
	allowPrivate bool
	mu           sync.Mutex
	own          map[string]bool // hosts of the reviewer's registries: see trust
	resolver     *net.Resolver
	proxy        func(*url.URL) (*url.URL, error)
	secure       *http.Transport // https, straight
	plain        *http.Transport // http, straight, private addresses only
	viaProxy     *http.Transport // https through the reviewer's proxy
}

func newGuard(allowPrivate bool, h hooks) *guard {
	g := &guard{allowPrivate: allowPrivate, own: map[string]bool{}, resolver: h.resolver, proxy: h.proxy}
	g.secure = newTransport(g.dial(false))
	g.plain = newTransport(g.dial(true))
	// The proxy is the reviewer's own setting and usually stands on a private
	// address, so what is judged there is the host behind it: see throughProxy.
	g.viaProxy = newTransport((&net.Dialer{Timeout: dialTimeout, Resolver: h.resolver}).DialContext)
	g.viaProxy.Proxy = func(r *http.Request) (*url.URL, error) { return g.proxy(r.URL) }
	if h.tls != nil {
		g.secure.TLSClientConfig, g.viaProxy.TLSClientConfig = h.tls.Clone(), h.tls.Clone()
	}
	return g
}

func newTransport(dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		DisableCompression:     true, // digests are over the bytes as served
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    workers,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// trust notes a host that the reviewer's own configuration names as a registry.
// It may be reached at an address that nobody on the Internet has, as registries
// inside some sites are; private addresses still want AllowPrivate.
func (g *guard) trust(address string) {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.own[u.Hostname()] = true
	}
}

func (g *guard) trusts(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.own[host]
}

func (g *guard) dial(plain bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, refuse(RefusedAddress, "", "the address %q is not one", address)
		}
		return g.dialer(plain, g.trusts(host)).DialContext(ctx, network, address)
	}
}

// dialer judges each address after it was resolved and before it is connected
// to, so that a name cannot change its meaning in between.
func (g *guard) dialer(plain, own bool) *net.Dialer {
	return &net.Dialer{
		Timeout:  dialTimeout,
		Resolver: g.resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return refuse(RefusedAddress, "", "the address %q is not one", address)
			}
			return checkAddress(ap.Addr(), g.allowPrivate, plain, own)
		},
	}
}

// RoundTrip sends one request, or refuses it. Headers that would tell one host
// about another are dropped; authorisation is decided anew for every hop.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkURL(req.URL, g.allowPrivate); err != nil {
		return nil, err
	}
	out := req.Clone(req.Context())
	out.Header.Del("Referer")
	out.Header.Del("Authorization")
	t := tripOf(req.Context())
	if t.auth != nil {
		if value := t.auth(req.URL); value != "" {
			out.Header.Set("Authorization", value)
		}
	}
	if req.URL.Scheme == "http" {
		t.proxy = ""
		return g.plain.RoundTrip(out)
	}
	p, err := g.proxy(req.URL)
	if err != nil {
		return nil, refuse(BadConfig, "", "the proxy setting of the environment cannot be read").because(err)
	}
	if p == nil {
		t.proxy = ""
		return g.secure.RoundTrip(out)
	}
	if err := g.throughProxy(req.Context(), req.URL); err != nil {
		return nil, err
	}
	t.proxy = shown(p)
	return g.viaProxy.RoundTrip(out)
}

// throughProxy judges the addresses of a host that the proxy will connect to in
// our place. The proxy resolves the name again, so this is a weaker check than
// the one at dial time, which is why the record says that a proxy was used.
func (g *guard) throughProxy(ctx context.Context, u *url.URL) error {
	if g.allowPrivate {
		return nil
	}
	addrs, err := g.lookup(ctx, u.Hostname())
	if err != nil {
		return refuse(RefusedAddress, shown(u), "the host cannot be resolved here, so its address cannot be judged before the proxy connects to it").
			because(err).hint("let the name resolve locally, or allow private networks")
	}
	for _, a := range addrs {
		if err := checkAddress(a, false, false, g.trusts(u.Hostname())); err != nil {
			return err
		}
	}
	return nil
}

func (g *guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return g.resolver.LookupNetIP(ctx, "ip", host)
}

func (g *guard) closeIdle() {
	g.secure.CloseIdleConnections()
	g.plain.CloseIdleConnections()
	g.viaProxy.CloseIdleConnections()
}
