package fetch

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// classify says what kind of network an address belongs to. IPv4 addresses
// inside IPv6 ones are judged as the IPv4 addresses that they reach.
func classify(a netip.Addr) (class, string) {
	if a.Zone() != "" {
		return special, "an address with a zone"
	}
	a = a.Unmap()
	if a.Is6() {
		for _, e := range embeddings() {
			if e.prefix.Contains(a) {
				b := a.As16()
				return classify(netip.AddrFrom4([4]byte(b[e.offset : e.offset+4])))
			}
		}
	}
	for _, r := range specialRanges() {
		if r.prefix.Contains(a) {
			return r.class, r.name
		}
	}
	if a.Is6() && !globalUnicast().Contains(a) {
		return special, "not global unicast"
	}
	return public, "public"
}

// checkAddress refuses an address that may not be dialled. A plain one is for
// unencrypted http, which never leaves the reviewer's own networks; own says that
// the host is a registry of the reviewer's own configuration.
func checkAddress(a netip.Addr, allowPrivate, plain, own bool) error {
	c, name := classify(a)
	switch {
	case c == unrouted && own && !plain:
		return nil
	case c == special:
		return refuse(RefusedAddress, "", "the address %s is %s", a, name)
	case (c == private || c == loopback || c == unrouted) && !allowPrivate:
		return refuse(RefusedAddress, "", "the address %s is %s", a, name).
			hint("--allow-private-network admits internal mirrors")
	case c == public && plain:
		return refuse(RefusedAddress, "", "unencrypted http to the public address %s", a).hint("use https")
	}
	return nil
}

// checkURL refuses an address that no request may go to, before anything is
// resolved: another scheme, a user name, a host that some resolvers read as an
// address in a spelling of their own (decimal, octal, hexadecimal, shortened).
func checkURL(u *url.URL, allowPrivate bool) error {
	where := shown(u)
	switch {
	case u.Scheme == "http" && !allowPrivate:
		return refuse(RefusedURL, where, "unencrypted http is not used").hint("use https")
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse(RefusedURL, where, "the scheme %q is not used", u.Scheme).hint("use https")
	case u.User != nil:
		return refuse(RefusedURL, where, "an address may not carry a user name or password")
	case u.Hostname() == "":
		return refuse(RefusedURL, where, "the address has no host")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return refuse(RefusedURL, where, "the port is not one")
		}
	}
	return checkHost(u.Hostname(), where, allowPrivate)
}

func checkHost(host, where string, allowPrivate bool) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if err := checkAddress(a, allowPrivate, false, false); err != nil {
			return err
		}
		return nil
	}
	if strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return refuse(RefusedURL, where, "the host is neither a plain name nor an address").
			hint("write an international name in its xn-- form")
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if last := labels[len(labels)-1]; numeric(last) {
		return refuse(RefusedAddress, where, "the host is an address in an unusual spelling").
			hint("write it as four decimal numbers")
	}
	return nil
}

// numeric reports whether the last label of a host makes it an address for
// resolvers that read decimal, octal and hexadecimal numbers.
func numeric(label string) bool {
	if h, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(h, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// shown is an address as it may be recorded: without its secrets.
func shown(u *url.URL) string {
	v := *u
	if v.User != nil {
		v.User = url.User("redacted")
	}
	if v.RawQuery != "" {
		v.RawQuery = "redacted"
	}
	v.Fragment, v.RawFragment = "", ""
	return v.String()
}
