package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"time"
)

const maxRedirects = 5

// A trip collects what is known of one request, over its redirects.
type trip struct {
	auth  func(*url.URL) string // value of the Authorization header for an address
	proxy string                // the proxy that the last hop used, or ""
	peer  string                // address that the last connection was made to
}

type tripKey struct{}

func tripOf(ctx context.Context) *trip {
	if t, ok := ctx.Value(tripKey{}).(*trip); ok {
		return t
	}
	return &trip{}
}

// where says whom the bytes came from, for the record of the run.
func (t *trip) where() string {
	if t.proxy != "" {
		return "via proxy " + t.proxy
	}
	return t.peer
}

func newHTTPClient(g *guard) *http.Client {
	return &http.Client{Transport: g, CheckRedirect: checkRedirect}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refuse(Redirects, shown(via[0].URL), "more than %d redirects", maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return refuse(Downgrade, shown(via[0].URL), "a redirect leads from https to %s", req.URL.Scheme)
	}
	return nil
}

// send makes one request and follows its redirects. The error is an *Error, or
// the context's.
func (c *Client) send(ctx context.Context, rawURL string, header http.Header, t *trip) (*http.Response, error) {
	ctx = context.WithValue(ctx, tripKey{}, t)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { t.peer = info.Conn.RemoteAddr().String() },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, refuse(BadLocation, "", "the address %.200q is not one", rawURL)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "proffer")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, transportError(ctx, err)
	}
	if resp.Request.URL.User != nil {
		resp.Body.Close()
		return nil, refuse(RefusedURL, shown(resp.Request.URL), "an address may not carry a user name or password")
	}
	c.noteProxy(t.proxy)
	return resp, nil
}

// transportError finds our own refusal inside what net/http wrapped, and calls
// everything else a failure of the transport, which is worth another attempt
// unless nothing about it will change: no such host, a certificate that fails.
func transportError(ctx context.Context, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its own text repeats the address
	}
	e := refuse(Transport, "", "the transfer failed").because(err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return e
	}
	return e.retry()
}

// statusError turns an answer without content into an error. Only what a server
// may mend by itself is worth another attempt.
func statusError(resp *http.Response) error {
	e := refuse(Status, "", "the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		e.Code = NotFound
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		e.again, e.after = true, retryAfter(resp.Header)
	}
	return e
}

// retryAfter is how long a server asks to wait. A date is read against the
// server's own Date header, since nothing here reads a clock.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if n, err := strconv.ParseInt(value, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}
