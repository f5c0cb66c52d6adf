package bytes

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// urls looks for URLs anywhere in a text; where each stands decides how loud it is.
func (d *document) urls() {
	for _, mark := range []string{"://", `:\/\/`} {
		for i := 0; ; {
			j := bytes.Index(d.content[i:], []byte(mark))
			if j < 0 {
				break
			}
			at := i + j
			i = at + len(mark)
			start := schemeStart(d.content, at)
			if start == at {
				continue
			}
			text := string(d.content[start:urlEnd(d.content, i)])
			d.mention(strings.ReplaceAll(text, `\/`, "/"), start, d.where(start))
		}
	}
}

// schemeStart is where the scheme before "://" begins; at itself if there is none.
func schemeStart(content []byte, at int) int {
	i := at
	for i > 0 && at-i < 16 && isSchemeByte(content[i-1]) {
		i--
	}
	for i < at && !isLetter(content[i]) {
		i++
	}
	if at-i < 2 {
		return at
	}
	return i
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isSchemeByte(c byte) bool {
	return isLetter(c) || '0' <= c && c <= '9' || c == '+' || c == '-'
}

// maxURL bounds how far a URL is read.
const maxURL = 2048

// urlEnd is where the URL that goes on at i ends.
func urlEnd(content []byte, i int) int {
	for end := min(len(content), i+maxURL); i < end; i++ {
		if c := content[i]; c <= ' ' || strings.IndexByte("\"'`<>{}|^", c) >= 0 {
			return i
		}
	}
	return i
}

// mention records the host of a URL, if it has a constant one.
func (d *document) mention(text string, offset int, where spanKind) {
	_, rest, _ := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?#\\,;)")
	path := ""
	if end >= 0 {
		rest, path = rest[:end], rest[end:]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if host, ok := hostOf(strings.TrimRight(rest, ".:*_!")); ok {
		d.add(host, path, text, offset, where)
	}
}

// add records a mention of a host.
func (d *document) add(host, path, text string, offset int, where spanKind) {
	line, _ := d.position(offset)
	if where == inCode {
		where = inText
	}
	d.res.mentions = append(d.res.mentions, mention{
		Mention: Mention{
			File: d.res.file.Path, Line: line, Place: d.res.file.Place,
			Where: where.String(), Text: clip(text),
		},
		host: host, class: d.class(host, path, text), volume: d.volume(where),
	})
}

func (d *document) class(host, path, text string) string {
	if c := d.set.Hosts.Class(host, path); c != "" {
		return c
	}
	// "2.5.4.10" is the name of an object more often than of a machine.
	if text == host && strings.Count(host, ".") == 3 && strings.IndexByte("012", host[0]) >= 0 && host[1] == '.' {
		if _, err := netip.ParseAddr(host); err == nil {
			return "number"
		}
	}
	return ""
}

func (d *document) volume(where spanKind) volume {
	switch {
	case where == inComment, d.res.file.Place != "code", d.lang.Kind == "doc":
		return quiet
	case d.built:
		return built
	}
	return loud
}

// clip cuts a text at a rune so that it is at most MaxMention bytes long.
func clip(text string) string {
	if len(text) <= MaxMention {
		return text
	}
	n := MaxMention
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// hostOf is the host of "host", "host:port" or "[address]:port", in lower case.
// A name needs a dot, or to be localhost; what has other than letters, digits,
// dots and hyphens is computed, or none.
func hostOf(text string) (string, bool) {
	if rest, ok := strings.CutPrefix(text, "["); ok {
		inner, _, closed := strings.Cut(rest, "]")
		addr, err := netip.ParseAddr(inner)
		return addr.String(), closed && err == nil
	}
	host, port, hasPort := strings.Cut(text, ":")
	if hasPort {
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return "", false
		}
	}
	host = strings.ToLower(host)
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), true
	}
	if host == "localhost" {
		return host, true
	}
	return host, isName(host)
}

// isName reports a dotted name of the letters that names are made of. A last
// label of digits alone is a version, not a host.
func isName(host string) bool {
	labels := strings.Split(host, ".")
	if len(labels) < 2 || len(host) > 253 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return strings.ContainsFunc(labels[len(labels)-1], unicode.IsLetter)
}

// HostOf is the host of an address as network functions take it: a URL, "host",
// "host:port" or "[address]:port". It is empty if there is none, or it is computed.
func HostOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
		if i := strings.IndexAny(address, "/?#"); i >= 0 {
			address = address[:i]
		}
		if i := strings.LastIndexByte(address, '@'); i >= 0 {
			address = address[i+1:]
		}
	}
	if host, ok := hostOf(address); ok {
		return host
	}
	return ""
}
