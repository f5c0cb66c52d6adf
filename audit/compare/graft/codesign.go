package graft

import (
	"bytes"
	"cmp"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"strings"
)

// Code signatures (xnu, osfmk/kern/cs_blobs.h). Numbers are big-endian.
const (
	magicSuperBlob     = 0xfade0cc0
	magicDirectory     = 0xfade0c02
	magicRequirements  = 0xfade0c01
	magicEntitlements  = 0xfade7171
	magicDER           = 0xfade7172
	magicConstraint    = 0xfade8181
	magicCMS           = 0xfade0b01
	slotRequirements   = 2
	slotEntitlements   = 5
	slotDER            = 7
	slotConstraint     = 8 // to 11
	slotAlternate      = 0x1000
	slotLastAlternate  = 0x1004
	slotCMS            = 0x10000
	mostBlobs          = 64
	superBlobHeader    = 12
	blobHeader         = 8
	indexEntry         = 8
	requirementsMost   = 4 << 10  // bytes
	entitlementsMost   = 16 << 10 // bytes
	signatureSpareRoom = 64 << 10 // zero bytes that Apple's signer may reserve and not use
)

// blob is one entry of a SuperBlob's index. Offsets are bytes of the signature.
type blob struct {
	slot, magic uint32
	from, to    int64
	data        []byte
}

// blobMagic is what a slot holds, 0 for a slot that is not known.
func blobMagic(slot uint32) uint32 {
	switch {
	case slot == 0 || slot >= slotAlternate && slot <= slotLastAlternate:
		return magicDirectory
	case slot == slotRequirements:
		return magicRequirements
	case slot == slotEntitlements:
		return magicEntitlements
	case slot == slotDER:
		return magicDER
	case slot >= slotConstraint && slot <= slotConstraint+3:
		return magicConstraint
	case slot == slotCMS:
		return magicCMS
	}
	return 0
}

// readBlobs reads the index of a SuperBlob, or of a vector of requirements,
// which has the same form. whole is false when an entry points outside.
func readBlobs(data []byte, magic uint32) (length int64, list []blob, whole bool) {
	if len(data) < superBlobHeader || binary.BigEndian.Uint32(data) != magic {
		return 0, nil, false
	}
	length = int64(binary.BigEndian.Uint32(data[4:]))
	count := int64(binary.BigEndian.Uint32(data[8:]))
	if length > int64(len(data)) || count > mostBlobs || superBlobHeader+indexEntry*count > length {
		return 0, nil, false
	}
	whole = true
	for i := range count {
		entry := data[superBlobHeader+indexEntry*i:]
		b := blob{slot: binary.BigEndian.Uint32(entry), from: int64(binary.BigEndian.Uint32(entry[4:]))}
		if b.from < superBlobHeader+indexEntry*count || length-b.from < blobHeader {
			whole = false
			continue
		}
		b.magic = binary.BigEndian.Uint32(data[b.from:])
		b.to = b.from + int64(binary.BigEndian.Uint32(data[b.from+4:]))
		if b.to < b.from+blobHeader || b.to > length {
			whole = false
			continue
		}
		b.data = data[b.from:b.to]
		list = append(list, b)
	}
	return length, list, whole
}

// adHocOnly reports whether a signature has no CMS message with content: it
// consists of digests alone and follows from the file.
func adHocOnly(sig []byte) bool {
	_, list, whole := readBlobs(sig, magicSuperBlob)
	for _, b := range list {
		if b.slot == slotCMS && len(b.data) > blobHeader {
			return false
		}
	}
	return whole
}

// superBlob accounts for every byte of the shipped signature. grafted is the
// slice with that signature on it.
func (x *slice) superBlob(grafted []byte) {
	s := x.shipped
	sig, base := s.data[s.sig:s.sig+s.sigSize], x.base+s.sig
	length, list, whole := readBlobs(sig, magicSuperBlob)
	if list == nil {
		x.flag(BlobMalformed, base, s.sigSize, "the code signature%s is not a SuperBlob", x.in())
		return
	}
	if !whole {
		x.flag(BlobMalformed, base, length, "the index of the code signature%s points outside of it", x.in())
	}
	x.slack(SignatureSlack, base+length, base+s.sigSize, signatureSpareRoom, "behind the code signature's SuperBlob")
	x.gaps(base, list, length)
	held := map[uint32]blob{}
	for _, b := range list {
		at, size := base+b.from, b.to-b.from
		if blobMagic(b.slot) != b.magic {
			x.flag(BlobUnknown, at, size, "slot %#x holds a blob of magic %#x, %d bytes: not a part of a code signature that is known", b.slot, b.magic, size)
		}
		if _, twice := held[b.slot]; twice {
			x.flag(BlobDuplicate, at, size, "slot %#x is there twice", b.slot)
			continue
		}
		held[b.slot] = b
		x.inspectBlob(base, b)
	}
	x.directories(base, list, held, grafted)
}

// gaps flags bytes that no entry of an index names, and blobs that share bytes.
func (x *slice) gaps(base int64, list []blob, length int64) {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b blob) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	end := int64(superBlobHeader) + indexEntry*int64(len(list))
	for _, b := range sorted {
		if b.from < end {
			x.flag(BlobMalformed, base+b.from, b.to-b.from, "slot %#x shares bytes with another blob", b.slot)
		}
		x.slack(BlobUnreferenced, base+end, base+b.from, machAlign-1, "that the code signature's index does not name")
		end = max(end, b.to)
	}
	x.slack(BlobUnreferenced, base+end, base+length, machAlign-1, "that the code signature's index does not name")
}

// inspectBlob looks into the blobs that have a form of their own.
func (x *slice) inspectBlob(base int64, b blob) {
	at, size := base+b.from, b.to-b.from
	body := b.data[blobHeader:]
	switch b.magic {
	case magicRequirements:
		length, inner, whole := readBlobs(b.data, magicRequirements)
		if !whole || length != size {
			x.flag(BlobMalformed, at, size, "the requirements are not a vector of blobs")
			return
		}
		x.gaps(at, inner, length)
		if size > requirementsMost {
			x.flag(BlobMalformed, at, size, "requirements of %d bytes, more than %d", size, requirementsMost)
		}
	case magicEntitlements:
		text := strings.TrimRight(string(body), "\n")
		if !bytes.HasPrefix(body, []byte("<?xml")) && !bytes.HasPrefix(body, []byte("<!DOCTYPE")) || !strings.HasSuffix(text, "</plist>") || strings.Count(text, "</plist>") != 1 || strings.Contains(text, "<!--") || size > entitlementsMost {
			x.flag(BlobMalformed, at, size, "the entitlements are not one property list without comments, of up to %d bytes", entitlementsMost)
		}
		x.entitlements(at, size, text)
	case magicDER, magicConstraint:
		var whole asn1.RawValue
		if rest, err := asn1.Unmarshal(body, &whole); err != nil || len(rest) > 0 || size > entitlementsMost {
			x.flag(BlobMalformed, at, size, "the blob in slot %#x is not one element of DER of up to %d bytes", b.slot, entitlementsMost)
		}
	}
}

// entitlements flags those by which a program gives up what its signature would
// protect it from.
func (x *slice) entitlements(at, size int64, text string) {
	for _, key := range []string{
		"com.apple.security.cs.allow-dyld-environment-variables",
		"com.apple.security.cs.allow-unsigned-executable-memory",
		"com.apple.security.cs.disable-executable-page-protection",
		"com.apple.security.cs.disable-library-validation",
		"com.apple.security.get-task-allow",
	} {
		_, value, ok := strings.Cut(text, "<key>"+key+"</key>")
		if ok && strings.HasPrefix(strings.TrimSpace(value), "<true/>") {
			x.flag(EntitlementWeaker, at, size, "the signature grants %s%s: code that was not signed may run in the program", key, x.in())
		}
	}
}
