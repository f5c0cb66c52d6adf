package graft

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"strings"
)

const (
	manifestPairsMost = 64       // in one section
	manifestValueMost = 64 << 10 // bytes, the longest name of a zip's member
)

// section is a part of a manifest or a signature file (JAR File Specification,
// "Name-Value pairs and Sections").
type section struct {
	raw        []byte // with the empty line that ends it
	name       string // of the member, "" for the main section
	attributes []pair
}

type pair struct{ key, value string }

func (s section) get(key string) (string, bool) {
	for _, p := range s.attributes {
		if strings.EqualFold(p.key, key) {
			return p.value, true
		}
	}
	return "", false
}

// parseManifest reads a manifest: the main section first, then one for each
// member. problem is "" for a sound one; what could be read is returned anyway.
func parseManifest(data []byte) (list []section, problem string) {
	complain := func(what string) {
		if problem == "" {
			problem = what
		}
	}
	seen := map[string]bool{}
	for start := 0; start < len(data); {
		s, next := readSection(data[start:], complain)
		s.raw = data[start : start+next]
		start += next
		if len(s.attributes) == 0 {
			continue // an empty line too many
		}
		if len(list) > 0 {
			name, ok := s.get("Name")
			if !ok || !strings.EqualFold(s.attributes[0].key, "Name") {
				complain("a section without a name")
				continue
			}
			if seen[name] {
				complain("two sections of one name")
			}
			seen[name] = true
			s.name, s.attributes = name, s.attributes[1:]
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		complain("no main section")
	}
	return list, problem
}

// readSection reads lines up to and with an empty one. A line that starts with
// a space continues the one before it.
func readSection(data []byte, complain func(string)) (s section, used int) {
	for used < len(data) {
		line, n := manifestLine(data[used:])
		used += n
		if len(line) == 0 {
			break
		}
		if bytes.IndexByte(line, 0) >= 0 {
			complain("a zero byte")
		}
		if line[0] == ' ' {
			if len(s.attributes) == 0 {
				complain("a continuation of nothing")
				continue
			}
			last := &s.attributes[len(s.attributes)-1]
			if last.value += string(line[1:]); len(last.value) > manifestValueMost {
				complain("a value that is too long")
				last.value = ""
			}
			continue
		}
		key, value, ok := strings.Cut(string(line), ": ")
		if !ok {
			complain("a line that is not a pair")
			continue
		}
		if _, twice := s.get(key); twice {
			complain("an attribute twice in one section")
		}
		if len(s.attributes) == manifestPairsMost {
			complain("too many attributes in one section")
			continue
		}
		s.attributes = append(s.attributes, pair{key, value})
	}
	return s, used
}

// manifestLine cuts one line, which ends in CR LF, LF or CR.
func manifestLine(data []byte) (line []byte, used int) {
	i := bytes.IndexAny(data, "\r\n")
	if i < 0 {
		return data, len(data)
	}
	if bytes.HasPrefix(data[i:], []byte("\r\n")) {
		return data[:i], i + 2
	}
	return data[:i], i + 1
}

// jarDigest names the algorithm of an attribute such as SHA-256-Digest, or of
// one with a further suffix such as SHA-256-Digest-Manifest.
func jarDigest(key, suffix string) (crypto.Hash, bool) {
	n := len(key) - len(suffix)
	if n <= 0 || !strings.EqualFold(key[n:], suffix) {
		return 0, false
	}
	switch strings.ToUpper(key[:n]) {
	case "MD5":
		return crypto.MD5, true
	case "SHA", "SHA1", "SHA-1":
		return crypto.SHA1, true
	case "SHA-224":
		return crypto.SHA224, true
	case "SHA-256", "SHA256":
		return crypto.SHA256, true
	case "SHA-384", "SHA384":
		return crypto.SHA384, true
	case "SHA-512", "SHA512":
		return crypto.SHA512, true
	}
	return 0, false
}

// digestHolds compares a digest in base64, in its one canonical form.
func digestHolds(value string, h crypto.Hash, data []byte) bool {
	sum := h.New()
	sum.Write(data)
	return base64.StdEncoding.EncodeToString(sum.Sum(nil)) == value
}
