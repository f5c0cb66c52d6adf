package graft

import (
	"bytes"
	"cmp"
	"crypto"
	"encoding/binary"
	"maps"
	"slices"
)

const (
	directoryAdHoc = 0x2
	// directoryFlags are the bits of CS_VALID and its neighbours that a signer
	// sets: host, ad hoc, forced library validation, installer, hard, kill,
	// check expiration, restrict, enforcement, library validation, runtime,
	// signed by the linker.
	directoryFlags = 0x1 | 0x2 | 0x10 | 0x20 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1000 | 0x2000 | 0x10000 | 0x20000
	executableBits = 0x1 | 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200
	largestPage    = 20 // log2
)

// directory is a CodeDirectory. Offsets are bytes of its blob.
type directory struct {
	blob
	version, flags      uint32
	hashes, ident, team int64
	special, pages      int64
	limit               int64 // bytes of the slice that the hashes cover
	size                int64 // bytes of one hash
	algorithm           crypto.Hash
	name                string // of the algorithm
	page                int64  // bytes, 0 for one hash of everything
	header              int64  // bytes
}

// directoryHash is hashType: the algorithm, and how many bytes of it are kept.
func directoryHash(kind byte) (h crypto.Hash, name string, size int64) {
	switch kind {
	case 1:
		return crypto.SHA1, "sha1", 20
	case 2:
		return crypto.SHA256, "sha256", 32
	case 3:
		return crypto.SHA256, "sha256 (20 bytes)", 20
	case 4:
		return crypto.SHA384, "sha384", 48
	}
	return 0, "", 0
}

// directoryHeader is the size of the fixed part by version.
func directoryHeader(version uint32) int64 {
	switch {
	case version >= 0x20600:
		return 108
	case version >= 0x20500:
		return 96
	case version >= 0x20400:
		return 88
	case version >= 0x20300:
		return 64
	case version >= 0x20200:
		return 52
	case version >= 0x20100:
		return 48
	}
	return 44
}

func parseDirectory(b blob) (directory, bool) {
	d := directory{blob: b}
	if len(b.data) < 44 {
		return d, false
	}
	u32 := func(at int64) uint32 { return binary.BigEndian.Uint32(b.data[at:]) }
	d.version, d.flags = u32(8), u32(12)
	d.header = directoryHeader(d.version)
	d.hashes, d.ident = int64(u32(16)), int64(u32(20))
	d.special, d.pages, d.limit = int64(u32(24)), int64(u32(28)), int64(u32(32))
	d.algorithm, d.name, d.size = directoryHash(b.data[37])
	if int64(len(b.data)) < d.header || d.algorithm == 0 || int64(b.data[36]) != d.size || b.data[39] > largestPage {
		return d, false
	}
	if b.data[39] > 0 {
		d.page = 1 << b.data[39]
	}
	if d.header >= 52 {
		d.team = int64(u32(48))
	}
	if d.header >= 64 && binary.BigEndian.Uint64(b.data[56:]) != 0 {
		d.limit = int64(binary.BigEndian.Uint64(b.data[56:]))
	}
	inside := d.hashes-d.special*d.size >= d.header && d.hashes+d.pages*d.size <= int64(len(b.data))
	return d, inside && d.ident >= d.header && d.ident < int64(len(b.data)) && d.team < int64(len(b.data)) && (d.team == 0 || d.team >= d.header) && d.limit >= 0
}

func (d *directory) digest(data []byte) []byte {
	h := d.algorithm.New()
	h.Write(data)
	return h.Sum(nil)[:d.size]
}

// directories checks every CodeDirectory, the blobs that it covers, and the
// signature over the first one.
func (x *slice) directories(base int64, list []blob, held map[uint32]blob, grafted []byte) {
	pagesHold := true
	for _, b := range list {
		if b.magic != magicDirectory || blobMagic(b.slot) != magicDirectory || b.from != held[b.slot].from {
			continue // no CodeDirectory, or a second one for its slot
		}
		d, ok := parseDirectory(b)
		if !ok {
			x.flag(BlobMalformed, base+b.from, b.to-b.from, "the CodeDirectory in slot %#x%s cannot be read", b.slot, x.in())
			pagesHold = false
			continue
		}
		x.fields(base, d)
		x.account(base, d)
		x.specials(base, d, held)
		pagesHold = x.pageHashes(base, d, grafted) && pagesHold
	}
	first, ok := held[0]
	if !ok {
		x.flag(NoMessage, base, x.shipped.sigSize, "the code signature%s has no CodeDirectory", x.in())
		return
	}
	x.codeMessage(base, first, held, pagesHold)
}

// fields checks the values that are the same in every file of this layout.
func (x *slice) fields(base int64, d directory) {
	at := base + d.from
	wrong := func(offset, length int64, what string) {
		x.flag(DirectoryField, at+offset, length, "%s in a CodeDirectory%s", what, x.in())
	}
	zero := func(from, to int64) bool { return nonZero(d.data[from:to]) == 0 }
	if d.version < 0x20000 || d.version > 0x20600 {
		wrong(8, 4, "an unknown version")
	}
	if d.flags&^directoryFlags != 0 {
		wrong(12, 4, "unknown flags")
	}
	if !zero(40, 44) {
		wrong(40, 4, "a reserved field with a value")
	}
	if d.header >= 48 && !zero(44, 48) {
		wrong(44, 4, "a scatter vector, which is not read here,")
	}
	if d.header >= 64 && !zero(52, 56) {
		wrong(52, 4, "a reserved field with a value")
	}
	if d.header >= 88 {
		text := x.shipped.text
		if binary.BigEndian.Uint64(d.data[64:]) != uint64(text.fileoff) || binary.BigEndian.Uint64(d.data[72:]) != uint64(text.filesize) {
			wrong(64, 16, "bounds that are not those of the segment __TEXT")
		}
		if binary.BigEndian.Uint64(d.data[80:])&^executableBits != 0 {
			wrong(80, 8, "unknown flags of the executable segment")
		}
	}
	if d.header >= 96 && !zero(92, d.header) {
		wrong(92, d.header-92, "digests before encryption or linkage data, which are not read here,")
	}
	if d.limit != x.shipped.sig {
		x.flag(PagesUncovered, at+32, 4, "the hashes cover the first %d bytes, the signature starts at %d", d.limit, x.shipped.sig)
	}
}

// account flags bytes of a CodeDirectory that are neither header nor name nor
// hash.
func (x *slice) account(base int64, d directory) {
	type part struct{ from, to int64 }
	text := func(at int64) part {
		n := bytes.IndexByte(d.data[at:], 0)
		if n < 0 || n > 255 {
			x.flag(DirectoryField, base+d.from+at, int64(len(d.data))-at, "a name of more than 255 bytes in a CodeDirectory")
			n = min(255, len(d.data)-int(at)-1)
		}
		return part{at, at + int64(n) + 1}
	}
	parts := []part{{0, d.header}, text(d.ident), {d.hashes - d.special*d.size, d.hashes + d.pages*d.size}}
	if d.team != 0 {
		parts = append(parts, text(d.team))
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	var end int64
	for _, p := range append(parts, part{int64(len(d.data)), int64(len(d.data))}) {
		x.slack(DirectorySlack, base+d.from+end, base+d.from+p.from, machAlign-1, "in a CodeDirectory that are no part of it")
		end = max(end, p.to)
	}
}

// specials checks the hashes of the other blobs: a blob without one can be
// exchanged, a hash without a blob is room.
func (x *slice) specials(base int64, d directory, held map[uint32]blob) {
	for slot := int64(1); slot <= d.special; slot++ {
		at := d.hashes - slot*d.size
		hash := d.data[at : at+d.size]
		b, ok := held[uint32(slot)]
		switch empty := nonZero(hash) == 0; {
		case ok && !bytes.Equal(d.digest(b.data), hash):
			x.flag(BlobUncovered, base+b.from, b.to-b.from, "the blob in slot %#x is not the one that the CodeDirectory names", slot)
		case !ok && !empty && (slot == 1 || slot == 3):
			x.note(DirectorySlack, base+d.from+at, d.size, "the hash of Info.plist or of the resources, which lie in other files")
		case !ok && !empty:
			x.flag(DirectorySlack, base+d.from+at, d.size, "a hash for slot %#x, which holds nothing", slot)
		}
	}
	for _, slot := range slices.Sorted(maps.Keys(held)) {
		b := held[slot]
		if slot > 0 && slot < slotAlternate && int64(slot) > d.special {
			x.flag(BlobUncovered, base+b.from, b.to-b.from, "the CodeDirectory has no hash of the blob in slot %#x", slot)
		}
	}
}
