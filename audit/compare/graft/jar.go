package graft

import (
	"crypto"
	"encoding/base64"
	"hash"
	"io"
	"slices"
	"strings"
)

// acceptManifest reports whether the shipped manifest is the rebuilt one with
// digests added. A main attribute such as Main-Class or Class-Path decides what
// runs: it is no part of a signature, and a manifest that differs in one is not
// taken.
func (a *archive) acceptManifest(contents map[string][]byte) bool {
	m := a.s.find(manifestName)
	shipped, ok := contents[manifestName]
	if m == nil || !ok {
		return false
	}
	list, problem := parseManifest(shipped)
	if problem != "" {
		a.flag(ManifestMalformed, m.data, m.size, "the manifest has %s", problem)
	}
	own := a.rebuiltManifest()
	if len(list) == 0 {
		return false
	}
	if why := sameMain(list[0], own); why != "" {
		a.flag(ManifestAltered, m.data, m.size, "the shipped manifest is not the rebuilt one: %s", why)
		return false
	}
	for _, s := range list[1:] {
		for _, p := range s.attributes {
			if strings.HasSuffix(strings.ToLower(p.key), "-digest") {
				continue
			}
			if !slices.Contains(own[s.name], p) {
				a.flag(ManifestAltered, m.data, m.size, "the shipped manifest says %q of %q, the rebuilt one does not", p.key, s.name)
				return false
			}
		}
	}
	return true
}

// rebuiltManifest is the rebuilt manifest's attributes by section; nil without
// a manifest.
func (a *archive) rebuiltManifest() map[string][]pair {
	m := a.r.find(manifestName)
	if m == nil {
		return nil
	}
	content, _, err := a.r.small(m, signatureFileMost)
	if err != nil {
		return map[string][]pair{}
	}
	list, _ := parseManifest(content)
	out := map[string][]pair{}
	for _, s := range list {
		out[s.name] = s.attributes
	}
	return out
}

// sameMain compares main sections; a signer makes one when there is none.
func sameMain(shipped section, own map[string][]pair) string {
	if own != nil {
		if !slices.Equal(shipped.attributes, own[""]) {
			return "its main section differs"
		}
		return ""
	}
	for _, p := range shipped.attributes {
		known := p.key == "Manifest-Version" || p.key == "Created-By" || p.key == "Built-By"
		if !known || len(p.value) > 128 {
			return "the rebuilt file has no manifest, and a signer does not write " + p.key
		}
	}
	return ""
}

// jarCheck is the shipped jar's signature, checked member by member.
type jarCheck struct {
	*archive

	contents map[string][]byte
	manifest member
	sections map[string]section
	signed   map[string]bool // members that a signature file names with the right digest
}

// jar checks digests, signature files and blocks of the shipped file.
func (a *archive) jar(contents map[string][]byte) {
	m := a.s.find(manifestName)
	if m == nil {
		a.flag(ManifestMalformed, 0, int64(len(a.shipped)), "signature files without a manifest")
		return
	}
	c := &jarCheck{archive: a, contents: contents, manifest: *m, sections: map[string]section{}, signed: map[string]bool{}}
	list, _ := parseManifest(contents[manifestName])
	for i, s := range list {
		if i == 0 {
			continue
		}
		c.sections[s.name] = s
		if a.s.find(s.name) == nil {
			a.flag(MemberAbsent, m.data, m.size, "the manifest has a section for %q, which is not in the file", s.name)
		}
	}
	for i := range a.s.members {
		c.signatureFile(&a.s.members[i], list)
	}
	c.members()
}

// members checks each member's digests, and that a signature covers it. An
// APK's signing block covers everything, its signature files leave META-INF out.
func (c *jarCheck) members() {
	left := c.lim.Output
	for i := range c.s.members {
		m := &c.s.members[i]
		folder := roleOf(m.name) == roleDirectory && m.full == 0 && m.size <= 2
		if r := roleOf(m.name); folder || r == roleManifest || r.ofSignature() {
			continue
		}
		tell := c.flag
		if c.s.block != 0 {
			tell = c.note
		}
		s, ok := c.sections[m.name]
		if !ok {
			tell(MemberUncovered, m.offset, m.end-m.offset, "the manifest has no digest of %q", m.name)
			continue
		}
		if !c.signed[m.name] {
			tell(MemberUnsigned, m.offset, m.end-m.offset, "no signature file covers %q: it came after the signature", m.name)
		}
		if left -= m.full; left < 0 {
			c.flag(MemberDigest, m.offset, m.end-m.offset, "%q was not read: over the limit of %d bytes for all members", m.name, c.lim.Output)
			continue
		}
		c.digests(m, s)
	}
}

// digests computes what the manifest states of one member, in one pass.
func (c *jarCheck) digests(m *member, s section) {
	stated := map[crypto.Hash]string{}
	var sums []hash.Hash
	var kinds []crypto.Hash
	for _, p := range s.attributes {
		if !strings.HasSuffix(strings.ToLower(p.key), "-digest") {
			continue
		}
		h, ok := jarDigest(p.key, "-Digest")
		if _, twice := stated[h]; !ok || twice {
			c.flag(MemberDigest, c.manifest.data, c.manifest.size, "the manifest's %q of %q is no digest that is known, or there twice", p.key, m.name)
			continue
		}
		stated[h] = p.value
		sums, kinds = append(sums, h.New()), append(kinds, h)
	}
	if len(sums) == 0 {
		c.flag(MemberUncovered, m.offset, m.end-m.offset, "the manifest has a section without a digest for %q", m.name)
	}
	all := make([]io.Writer, len(sums))
	for i := range sums {
		all[i] = sums[i]
	}
	if _, err := c.s.unpack(m, io.MultiWriter(all...)); err != nil {
		c.flag(MemberDigest, m.data, m.size, "%q cannot be read: %v", m.name, err)
		return
	}
	for i, h := range kinds {
		if base64.StdEncoding.EncodeToString(sums[i].Sum(nil)) != stated[h] {
			c.flag(MemberDigest, m.offset, m.end-m.offset, "the manifest's %v digest of %q is not that of its content", h, m.name)
		}
	}
}
