package rules

import (
	"fmt"
	"slices"
	"strings"
)

// Hosts knows which hosts need no second look.
type Hosts struct {
	namespace, reserved, loopback []string
	tld                           map[string]bool
}

// Class is "namespace", "reserved", "loopback" or "" for a host to look at. The
// path is what follows the host in a URL, from its slash.
func (h *Hosts) Class(host, path string) string {
	if slices.Contains(h.loopback, host) {
		return "loopback"
	}
	for _, r := range h.reserved {
		if host == r || strings.HasSuffix(host, "."+r) {
			return "reserved"
		}
	}
	full := host + path
	if path == "" {
		full += "/"
	}
	for _, n := range h.namespace {
		if strings.HasPrefix(full, n) {
			return "namespace"
		}
	}
	return ""
}

// BareName reports whether a dotted name without scheme or port is to be taken
// for a host: its last label is a common top-level domain.
func (h *Hosts) BareName(host string) bool {
	i := strings.LastIndexByte(host, '.')
	return i > 0 && h.tld[host[i+1:]]
}

func (h *Hosts) line(text string) error {
	f := strings.Fields(text)
	switch f[0] {
	case "namespace":
		h.namespace = append(h.namespace, f[1:]...)
	case "reserved":
		h.reserved = append(h.reserved, f[1:]...)
	case "loopback":
		h.loopback = append(h.loopback, f[1:]...)
	case "tld":
		if h.tld == nil {
			h.tld = map[string]bool{}
		}
		for _, w := range f[1:] {
			h.tld[w] = true
		}
	default:
		return fmt.Errorf("unknown class %q", f[0])
	}
	return nil
}
