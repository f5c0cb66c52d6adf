package graft

import (
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
)

// signatureFile checks one signature file with its block, or a block without a
// signature file.
func (c *jarCheck) signatureFile(m *member, manifest []section) {
	switch roleOf(m.name) {
	case roleBlock:
		if c.sibling(m.name, roleSignature) == nil {
			c.flag(BlockAlone, m.offset, m.end-m.offset, "%q signs a signature file that is not there", m.name)
		}
		return
	case roleSignature:
	default:
		return
	}
	content, ok := c.contents[m.name]
	if !ok {
		return // flagged when it could not be read
	}
	list, problem := parseManifest(content)
	if problem != "" {
		c.flag(SignatureFile, m.data, m.size, "%q has %s", m.name, problem)
	}
	if len(list) == 0 {
		return
	}
	holds := c.signedManifest(m, list, manifest)
	block := c.sibling(m.name, roleBlock)
	if block == nil {
		c.flag(SignatureAlone, m.offset, m.end-m.offset, "%q has no block: nobody signed it", m.name)
		return
	}
	valid := c.signatureBlock(block, content, holds)
	for _, s := range list[1:] {
		if c.signedSection(m, s) && valid {
			c.signed[s.name] = true
		}
	}
}

// sibling is the signature file of a block, or the block of a signature file.
// Only those that were read count.
func (c *jarCheck) sibling(name string, want role) *member {
	base := func(n string) string { return strings.ToUpper(n[:strings.LastIndexByte(n, '.')]) }
	for _, other := range slices.Sorted(maps.Keys(c.contents)) {
		if roleOf(other) == want && base(other) == base(name) {
			return c.s.find(other)
		}
	}
	return nil
}

// signedManifest checks what a signature file says of the manifest as a whole.
func (c *jarCheck) signedManifest(m *member, list, manifest []section) bool {
	whole := false
	main := list[0]
	for _, p := range main.attributes {
		known := true
		if h, ok := jarDigest(p.key, "-Digest-Manifest"); ok {
			whole = whole || digestHolds(p.value, h, c.contents[manifestName])
		} else if h, ok := jarDigest(p.key, "-Digest-Manifest-Main-Attributes"); ok {
			if len(manifest) == 0 || !digestHolds(p.value, h, manifest[0].raw) {
				c.flag(SignatureFile, m.data, m.size, "%q covers another main section of the manifest", m.name)
			}
		} else {
			known = c.mainAttribute(m, p)
		}
		if !known {
			c.flag(SignatureFile, m.data, m.size, "%q has the attribute %q, which signers do not write", m.name, p.key)
		}
	}
	if !whole {
		c.flag(SignatureFile, m.data, m.size, "%q has no digest of this manifest: it was changed after the signature", m.name)
	}
	return whole
}

// mainAttribute knows the other attributes of a signature file. Android's says
// which further schemes signed the file, so that they cannot be stripped.
func (c *jarCheck) mainAttribute(m *member, p pair) bool {
	switch p.key {
	case "Signature-Version":
		return p.value == "1.0"
	case "Created-By":
		return len(p.value) <= 128
	case "X-Android-APK-Signed":
		if c.s.block == 0 {
			c.flag(SignatureFile, m.data, m.size, "%q says that the file has a signing block, and it has none: it was taken away", m.name)
		}
		return len(p.value) <= 16
	}
	return false
}

// signedSection checks a signature file's digest of one section of the manifest.
func (c *jarCheck) signedSection(m *member, s section) bool {
	of, ok := c.sections[s.name]
	if !ok {
		c.flag(SignatureFile, m.data, m.size, "%q has a section for %q, the manifest has none", m.name, s.name)
		return false
	}
	holds := len(s.attributes) > 0
	for _, p := range s.attributes {
		h, ok := jarDigest(p.key, "-Digest")
		switch {
		case !ok:
			c.flag(SignatureFile, m.data, m.size, "%q says %q of %q, which signers do not write", m.name, p.key, s.name)
		case !digestHolds(p.value, h, of.raw):
			c.flag(SignatureFile, m.data, m.size, "%q has another digest of the manifest's section for %q", m.name, s.name)
			holds = false
		}
	}
	return holds
}

// signatureBlock reads the CMS message over a signature file.
func (c *jarCheck) signatureBlock(m *member, file []byte, holds bool) bool {
	content, ok := c.contents[m.name]
	if !ok {
		return false
	}
	parsed, err := cms.Parse(content, file)
	if err != nil {
		c.flag(SignatureMessage, m.data, m.size, "%q is not a signature: %v", m.name, err)
		return false
	}
	// Offsets inside a compressed file have no place in the shipped one: they
	// all point to the file's compressed bytes.
	at, exact := m.data, m.method == zipStored
	for _, f := range parsed.Findings {
		offset, length := at, m.size
		if exact {
			offset, length = at+int64(f.Offset), int64(f.Length)
		}
		c.add(Finding{f.Code, offset, length, f.Message, f.SecurityRelevant})
	}
	if rest := content[parsed.Size:]; len(rest) > 0 {
		c.flag(SignatureMessage, m.data, m.size, "%d bytes behind the signature in %q", len(rest), m.name)
	}
	valid := false
	for _, one := range parsed.Signers {
		valid = valid || one.Valid
		c.graft.Signers = append(c.graft.Signers, Signer{
			Where: safe(m.name), Subject: one.Subject, Certificate: one.Certificate, Digest: one.Digest,
			Valid: one.Valid && holds, Timestamps: one.Timestamps,
		})
	}
	return valid
}
