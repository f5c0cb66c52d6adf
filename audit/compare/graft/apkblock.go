package graft

import (
	"bytes"
	"encoding/binary"
)

// APK Signing Block ("APK Signature Scheme v2", Android Open Source Project):
// size, pairs of id and value, size again, magic. Numbers are little-endian.
const (
	blockMagic  = "APK Sig Block 42"
	blockFooter = 24 // the second size and the magic
	blockMost   = 64 // pairs

	idV2       = 0x7109871a
	idV3       = 0xf05368c0
	idV31      = 0x1b93ad61
	idPadding  = 0x42726577
	idFrosting = 0x2146444e
	idDepends  = 0x504b4453
	idStampV1  = 0x2b09189e
	idStampV2  = 0x6dff800d
)

// opaqueBlock names the blocks that are known and that nobody but their maker
// can read in full.
func opaqueBlock(id uint32) string {
	switch id {
	case idFrosting:
		return "data of the store"
	case idDepends:
		return "dependency data, encrypted for the store"
	case idStampV1, idStampV2:
		return "a stamp of the source"
	}
	return ""
}

// signingBlock finds the block before the directory, 0 if there is none.
func (z *zipFile) signingBlock() int64 {
	if z.central < blockFooter+8 || !bytes.HasPrefix(z.bytes[z.central-16:], []byte(blockMagic)) {
		return 0
	}
	size := binary.LittleEndian.Uint64(z.bytes[z.central-blockFooter:])
	if size < blockFooter || size > uint64(z.central-8) {
		return 0
	}
	start := z.central - 8 - int64(size)
	if start < z.content {
		return 0
	}
	return start
}

// apk accounts for every byte of the signing block.
func (a *archive) apk() {
	start, end := a.s.block, a.s.central
	if first := binary.LittleEndian.Uint64(a.shipped[start:]); first != uint64(end-start-8) {
		a.flag(BlockSize, start, 8, "the signing block's first size is %d, its second %d", first, end-start-8)
	}
	if gap := start - a.s.content; gap > 0 {
		most := int64(0)
		if start%apkPage == 0 {
			most = apkPage - 1
		}
		a.slack(BlockPadding, a.s.content, start, most, "before the signing block")
	}
	seen, at, last := map[uint32]bool{}, start+8, end-blockFooter
	for n := 0; at < last; n++ {
		if last-at < 12 || n == blockMost {
			a.flag(BlockSize, at, last-at, "%d bytes of the signing block are no pair, or there are more than %d", last-at, blockMost)
			return
		}
		length := binary.LittleEndian.Uint64(a.shipped[at:])
		if length < 4 || length > uint64(last-at-8) {
			a.flag(BlockSize, at, last-at, "a pair of the signing block says %d bytes, %d are left", length, last-at-8)
			return
		}
		id := binary.LittleEndian.Uint32(a.shipped[at+8:])
		next := at + 8 + int64(length)
		if seen[id] {
			a.flag(BlockDuplicate, at, next-at, "block %#08x is there twice", id)
		} else {
			a.pair(id, at+12, next)
		}
		seen[id] = true
		at = next
	}
	if !seen[idV2] && !seen[idV3] && !seen[idV31] {
		a.flag(NoMessage, start, end-start, "the signing block holds no signature")
	}
}

func (a *archive) pair(id uint32, from, to int64) {
	switch id {
	case idV2, idV3, idV31:
		a.scheme(id, from, to)
	case idPadding:
		if n := nonZero(a.shipped[from:to]); n > 0 {
			a.flag(BlockPadding, from, to-from, "%d of %d bytes of padding in the signing block are not zero", n, to-from)
		}
		if to-from >= apkPage || (a.s.central-a.s.block)%apkPage != 0 {
			a.flag(BlockPadding, from, to-from, "%d bytes of padding that align nothing", to-from)
		}
	default:
		if what := opaqueBlock(id); what != "" {
			a.flag(BlockOpaque, from, to-from, "block %#08x: %s, %d bytes that no reviewer can read", id, what, to-from)
			return
		}
		a.flag(BlockUnknown, from, to-from, "block %#08x, %d bytes: no signature scheme has it", id, to-from)
	}
}
