package fetch

import "net/netip"

// class says what kind of network an address belongs to.
type class string

// The classes of addresses. Only public ones are dialled by default; private,
// loopback and unrouted ones when the reviewer allows it, unrouted ones also for
// the registries of the reviewer's own configuration; special ones never.
const (
	public   class = "public"
	private  class = "private"
	loopback class = "loopback"
	unrouted class = "unrouted"
	special  class = "special"
)

type addressRange struct {
	prefix netip.Prefix
	class  class
	name   string
}

// specialRanges are the address blocks that are not public unicast, from the
// IANA special-purpose address registries, and a few that clouds use inside.
// The first match counts, so narrower blocks stand before wider ones. The blocks
// for documentation and benchmarking are unrouted: nobody on the Internet has
// them, and internal networks do use them.
func specialRanges() []addressRange {
	r := func(prefix string, c class, name string) addressRange {
		return addressRange{netip.MustParsePrefix(prefix), c, name}
	}
	return []addressRange{
		r("0.0.0.0/8", special, "unspecified or this network"),
		r("10.0.0.0/8", private, "private"),
		r("100.64.0.0/10", private, "carrier-grade NAT"),
		r("127.0.0.0/8", loopback, "loopback"),
		r("168.63.129.16/32", special, "cloud host service"),
		r("169.254.0.0/16", special, "link-local"),
		r("172.16.0.0/12", private, "private"),
		r("192.0.0.0/24", special, "protocol assignments"),
		r("192.0.2.0/24", unrouted, "documentation"),
		r("192.88.99.0/24", special, "6to4 relay"),
		r("192.168.0.0/16", private, "private"),
		r("198.18.0.0/15", unrouted, "benchmarking"),
		r("198.51.100.0/24", unrouted, "documentation"),
		r("203.0.113.0/24", unrouted, "documentation"),
		r("224.0.0.0/4", special, "multicast"),
		r("240.0.0.0/4", special, "reserved or broadcast"),

		r("::/128", special, "unspecified"),
		r("::1/128", loopback, "loopback"),
		r("::/96", special, "IPv4-compatible"),
		r("64:ff9b:1::/48", special, "local NAT64"),
		r("100::/64", special, "discard-only"),
		r("2001::/23", special, "protocol assignments, Teredo, benchmarking"),
		r("2001:db8::/32", unrouted, "documentation"),
		r("3fff::/20", unrouted, "documentation"),
		r("fc00::/7", private, "unique local"),
		r("fe80::/10", special, "link-local"),
		r("fec0::/10", special, "site-local"),
		r("ff00::/8", special, "multicast"),
	}
}

// embedding prefixes carry an IPv4 address, which is judged in their place.
func embeddings() []struct {
	prefix netip.Prefix
	offset int // of the IPv4 address, in bytes
} {
	return []struct {
		prefix netip.Prefix
		offset int
	}{
		{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64
		{netip.MustParsePrefix("2002::/16"), 2},     // 6to4
	}
}

// globalUnicast is the only block of IPv6 from which public addresses come.
func globalUnicast() netip.Prefix { return netip.MustParsePrefix("2000::/3") }
