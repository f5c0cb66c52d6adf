package wire

import (
	"net/netip"
	"net/url"
)

// A class of addresses, by what it takes to use them.
type class int

const (
	public class = iota
	inside       // loopback, private, and what no route on the Internet leads to
	never        // link-local, multicast, unspecified: metadata services stand there
)

// insideRanges are the ranges beside loopback and RFC 1918 that only a site's own
// network routes: RFC 6598, RFC 2544, RFC 5737, RFC 3849.
func insideRanges() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32"),
	}
}

func classify(a netip.Addr) class {
	if a.Zone() != "" {
		return never
	}
	a = a.Unmap()
	if a.IsLoopback() || a.IsPrivate() {
		return inside
	}
	for _, p := range insideRanges() {
		if p.Contains(a) {
			return inside
		}
	}
	if !a.IsGlobalUnicast() || a.Is4() && a.As4()[0] == 0 || a.Is4() && a.As4()[0] >= 240 {
		return never
	}
	return public
}

// checkURL judges an address before anything is resolved.
func checkURL(raw string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return nil, &Error{Code: BadAddress, Detail: "this is not the address of a service"}
	}
	switch {
	case u.User != nil:
		return nil, &Error{Code: BadAddress, Where: shown(u), Detail: "an address may not carry a user name or password"}
	case u.Scheme == "http" && !allowPrivate:
		return nil, &Error{Code: RefusedAddress, Where: shown(u), Detail: "unencrypted http is not used", hint: "use https, or --allow-private-network for a service on this machine or network"}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &Error{Code: BadAddress, Where: u.Host, Detail: "the scheme is neither https nor http"}
	}
	return u, nil
}

// checkAddr judges an address at the moment it is dialled; plain is unencrypted.
func checkAddr(a netip.Addr, allowPrivate, plain bool) error {
	switch c := classify(a); {
	case c == never:
		return &Error{Code: RefusedAddress, Where: a.String(), Detail: "no service is reached at such an address"}
	case c == inside && !allowPrivate:
		return &Error{Code: RefusedAddress, Where: a.String(), Detail: "the address is private", hint: "--allow-private-network admits services on this machine or network"}
	case c == public && plain:
		return &Error{Code: RefusedAddress, Where: a.String(), Detail: "unencrypted http to a public address", hint: "use https"}
	}
	return nil
}

// shown is an address without what may be secret.
func shown(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }
