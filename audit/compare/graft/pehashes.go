package graft

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/binary"
	"slices"
)

// Page hashes of Authenticode: an optional list beside the digest, one hash for
// each page of the image, that the loader of Windows may check.
const (
	oidPageHashes  = "\x2b\x06\x01\x04\x01\x82\x37\x02\x03" // 1.3.6.1.4.1.311.2.3, then 1 for SHA-1, 2 for SHA-256
	pageHashClass  = "\xa6\xb5\x86\xd5\xb4\xa1\x24\x66\xae\x05\xa2\x17\xda\x8e\x60\xd6"
	peHeaderSize   = 60 // of SizeOfHeaders in the optional header
	peSectionAlign = 32 // of SectionAlignment
	pePageMost     = 1 << 20
)

// pageHashesHold reports whether a SpcPeImageData is the page hashes of this
// image and nothing else: it is computed and compared as a whole.
func (p *pe) pageHashesHold(value []byte) bool {
	for _, flags := range plainFlags() {
		for last, h := range map[byte]crypto.Hash{1: crypto.SHA1, 2: crypto.SHA256} {
			if !bytes.Contains(value, append([]byte(oidPageHashes), last)) {
				continue
			}
			hashes, ok := p.pageHashes(h)
			if !ok {
				return false
			}
			list := der(asn1.ClassUniversal, asn1.TagSet, der(asn1.ClassUniversal, asn1.TagSequence,
				append([]byte{asn1.TagOID, byte(len(oidPageHashes) + 1)}, append([]byte(oidPageHashes), last)...),
				der(asn1.ClassUniversal, asn1.TagSet, octets(hashes))))
			link := der(asn1.ClassContextSpecific, 1, octets([]byte(pageHashClass)), octets(list))
			if bytes.Equal(value, der(asn1.ClassUniversal, asn1.TagSequence, flags, der(asn1.ClassContextSpecific, 0, link))) {
				return true
			}
		}
	}
	return false
}

// pageHashes computes the list: the headers, each page of each section, and an
// entry without a hash where the last section ends. ok is false for an image
// whose pages cannot be cut so.
func (p *pe) pageHashes(h crypto.Hash) (list []byte, ok bool) {
	page := int64(binary.LittleEndian.Uint32(p.data[p.optional+peSectionAlign:]))
	headers := int64(binary.LittleEndian.Uint32(p.data[p.optional+peHeaderSize:]))
	if page < 512 || page > pePageMost || headers < p.entry+peEntryField || headers > page || headers > p.table {
		return nil, false
	}
	add := func(offset, size int64, parts ...[]byte) {
		sum := h.New()
		for _, part := range parts {
			sum.Write(part)
		}
		sum.Write(make([]byte, page-size))
		list = sum.Sum(binary.LittleEndian.AppendUint32(list, uint32(offset)))
	}
	add(0, headers, p.data[:p.checksum], p.data[p.checksum+peChecksumField:p.entry], p.data[p.entry+peEntryField:headers])
	end := int64(0)
	for i := range p.count {
		s := p.data[p.sectionTable+i*peSectionHeader:]
		size, at := int64(binary.LittleEndian.Uint32(s[16:])), int64(binary.LittleEndian.Uint32(s[20:]))
		if size == 0 {
			continue
		}
		if at < end || at+size > p.table {
			return nil, false
		}
		for from := at; from < at+size; from += page {
			n := min(page, at+size-from)
			add(from, n, p.data[from:from+n])
		}
		end = at + size
	}
	list = binary.LittleEndian.AppendUint32(list, uint32(end))
	return append(list, make([]byte, h.Size())...), true
}

func octets(b []byte) []byte { return der(asn1.ClassUniversal, asn1.TagOctetString, b) }

// der is one element; all but octet strings hold others.
func der(class, tag int, parts ...[]byte) []byte {
	raw, err := asn1.Marshal(asn1.RawValue{
		Class: class, Tag: tag, IsCompound: tag != asn1.TagOctetString || class != asn1.ClassUniversal, Bytes: slices.Concat(parts...),
	})
	if err != nil {
		return nil // no such class or tag is used here
	}
	return raw
}

// plainFlags are the values of SpcPeImageFlags that signers write: none, and the
// first.
func plainFlags() [][]byte { return [][]byte{{0x03, 0x01, 0x00}, {0x03, 0x02, 0x07, 0x80}} }
