package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// How long one request may take, and one stage of it.
const (
	requestTimeout = 60 * time.Second
	stageTimeout   = 20 * time.Second
)

// Options say where a client may go.
type Options struct {
	AllowPrivate bool // private and loopback addresses too, unencrypted there
	Offline      bool // refuse every request
	// Proxy finds the proxy for an address; nil: that of the environment.
	Proxy func(*url.URL) (*url.URL, error)
	TLS   *tls.Config // nil: the system's authorities
}

// A Client sends requests. It is safe for several goroutines.
type Client struct {
	opt           Options
	direct, plain *http.Transport
	proxied       *http.Transport
}

// A Request is one request. Header values are never shown.
type Request struct {
	Method  string
	URL     string
	Header  map[string]string
	Body    []byte
	Max     int64    // bytes of the answer's body
	Want    []int    // statuses that are an answer; others are an error
	Secrets []string // taken out of whatever the service says
}

// New makes a client.
func New(opt Options) *Client {
	if opt.Proxy == nil {
		opt.Proxy = func(u *url.URL) (*url.URL, error) { return http.ProxyFromEnvironment(&http.Request{URL: u}) }
	}
	c := &Client{opt: opt}
	c.direct, c.plain = c.transport(c.dialer(false)), c.transport(c.dialer(true))
	// A proxy is the reviewer's own setting and usually stands inside.
	c.proxied = c.transport(&net.Dialer{Timeout: stageTimeout})
	c.proxied.Proxy = func(r *http.Request) (*url.URL, error) { return opt.Proxy(r.URL) }
	return c
}

func (c *Client) transport(d *net.Dialer) *http.Transport {
	t := &http.Transport{
		DialContext: d.DialContext, ForceAttemptHTTP2: true, DisableKeepAlives: true,
		TLSHandshakeTimeout: stageTimeout, ResponseHeaderTimeout: requestTimeout, MaxResponseHeaderBytes: 64 << 10,
	}
	if c.opt.TLS != nil {
		t.TLSClientConfig = c.opt.TLS.Clone()
	}
	return t
}

// dialer judges each address after it was resolved and before it is connected to.
func (c *Client) dialer(plain bool) *net.Dialer {
	return &net.Dialer{
		Timeout: stageTimeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return &Error{Code: BadAddress, Where: address, Detail: "this is not the address of a service"}
			}
			return checkAddr(ap.Addr(), c.opt.AllowPrivate, plain)
		},
	}
}

// Do sends a request and returns status and body of the answer. The error is an
// *Error, or the context's.
func (c *Client) Do(ctx context.Context, r Request) (int, []byte, error) {
	u, err := checkURL(r.URL, c.opt.AllowPrivate)
	if err != nil {
		return 0, nil, err
	}
	if c.opt.Offline {
		return 0, nil, &Error{Code: Offline, Where: shown(u), Detail: "no connection may be made", hint: "leave out --offline, or sign with a key"}
	}
	// The transport to use is found for this one request; no redirect is followed.
	t, err := c.route(u)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, requestTimeout, &Error{Code: Transport, Where: shown(u), Detail: "it took too long"})
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return 0, nil, &Error{Code: BadAddress, Where: shown(u), Detail: "the request cannot be made"}
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	req.Header.Set("User-Agent", "proffer")
	resp, err := t.RoundTrip(req)
	if err != nil {
		return 0, nil, failed(ctx, u, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, r.Max+1))
	switch {
	case err != nil:
		return 0, nil, failed(ctx, u, err)
	case int64(len(body)) > r.Max:
		return 0, nil, &Error{Code: TooLarge, Where: shown(u), Detail: "the answer has more bytes than the cap"}
	}
	return judge(u, r, resp.StatusCode, body)
}

func judge(u *url.URL, r Request, status int, body []byte) (int, []byte, error) {
	if slices.Contains(r.Want, status) {
		return status, body, nil
	}
	e := &Error{Code: Status, Where: shown(u), Answer: status, Detail: http.StatusText(status)}
	if status >= 300 && status < 400 {
		e.Code, e.Detail = Redirected, "the service answers that it is elsewhere, and no redirect is followed"
		e.hint = "name the service by its final address"
		return status, nil, e
	}
	if text := said(body, r.Secrets); text != "" {
		e.Detail += ": " + text
	}
	return status, nil, e
}

func (c *Client) route(u *url.URL) (*http.Transport, error) {
	if u.Scheme == "http" {
		return c.plain, nil // never through a proxy: it is for services close by
	}
	p, err := c.opt.Proxy(u)
	if err != nil {
		return nil, &Error{Code: BadAddress, Where: shown(u), Detail: "the proxy setting of the environment cannot be read"}
	}
	if p == nil {
		return c.direct, nil
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := checkAddr(a, c.opt.AllowPrivate, false); err != nil {
			return nil, err
		}
	}
	return c.proxied, nil
}

// failed finds our own refusal in what net/http wrapped.
func failed(ctx context.Context, u *url.URL, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return &Error{Code: Transport, Where: shown(u), Detail: "the service could not be reached, or did not answer", Err: err}
}
