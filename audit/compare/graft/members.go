package graft

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// signatureFileMost bounds a manifest or signature file, in bytes: what a jar
// with the most members needs stays far below it.
const (
	signatureFileMost  = 64 << 20
	signatureBytesMost = 128 << 20 // of all of them in one jar
	signatureFilesMost = 64        // in one jar
)

// unpack writes a member's content to w, of the size that the zip states and
// never more. spare is how many compressed bytes stand behind the end of the
// stream.
func (z *zipFile) unpack(m *member, w io.Writer) (spare int64, err error) {
	raw := z.bytes[m.data : m.data+m.size]
	sum := crc32.NewIEEE()
	w = io.MultiWriter(w, sum)
	in := bytes.NewReader(raw)
	var from io.Reader = in
	switch {
	case m.method == zipDeflated:
		from = flate.NewReader(in)
	case m.method != zipStored:
		return 0, errors.New("compressed by a method that is not read here")
	case m.size != m.full:
		return 0, errors.New("stored, with two sizes")
	}
	n, err := io.Copy(w, io.LimitReader(from, m.full+1))
	switch {
	case err != nil:
		return 0, err
	case n != m.full:
		return 0, errors.New("its content is not as long as the zip says")
	case sum.Sum32() != m.crc:
		return 0, errors.New("its checksum is wrong")
	}
	return int64(in.Len()), nil
}

// small unpacks a manifest, a signature file or a block.
func (z *zipFile) small(m *member, most int64) (content []byte, spare int64, err error) {
	if m.full > most {
		return nil, 0, fmt.Errorf("its %d bytes are over the limit of %d for such files", m.full, most)
	}
	var out bytes.Buffer
	spare, err = z.unpack(m, &out)
	return out.Bytes(), spare, err
}

// signatureMembers unpacks manifest, signature files and blocks, and accounts
// for the bytes of their records.
func (a *archive) signatureMembers() map[string][]byte {
	contents, left := map[string][]byte{}, int64(signatureBytesMost)
	for i := range a.s.members {
		m := &a.s.members[i]
		r := roleOf(m.name)
		if r != roleManifest && !r.ofSignature() {
			continue
		}
		a.record(m)
		content, spare, err := a.s.small(m, min(left, signatureFileMost))
		left -= int64(len(content))
		if err != nil {
			a.flag(SignatureFile, m.data, m.size, "%q cannot be read: %v", m.name, err)
			continue
		}
		if spare > 0 {
			a.flag(MemberExtra, m.data+m.size-spare, spare, "%d bytes behind the end of the compressed %q", spare, m.name)
		}
		// An honest deflater falls back to storing: five bytes for each block
		// of at least 16 KiB. More is room between blocks.
		if m.method == zipDeflated && m.size > m.full+64+m.full>>10 {
			a.flag(MemberExtra, m.data, m.size, "%q takes %d bytes compressed and %d not: its stream holds more than its content", m.name, m.size, m.full)
		}
		if len(contents) == signatureFilesMost {
			a.flag(SignatureFile, m.offset, m.end-m.offset, "more than %d signature files: this one and those behind it were not read", signatureFilesMost)
			return contents
		}
		contents[m.name] = content
		if r == roleForeign {
			a.flag(SignatureForeign, m.offset, m.end-m.offset, "%q has a name that is reserved for signatures and is none that is known", m.name)
		}
	}
	return contents
}

// record checks that the zip entry of a signature file holds the file and
// nothing else.
func (a *archive) record(m *member) {
	h := a.shipped[m.offset:]
	u16 := func(i int) uint16 { return binary.LittleEndian.Uint16(h[i:]) }
	u32 := func(i int) int64 { return int64(binary.LittleEndian.Uint32(h[i:])) }
	extra := func(at, size int64, what string) {
		a.flag(MemberExtra, at, size, "%s of %q", what, m.name)
	}
	if string(m.localName) != m.name || u16(6) != m.flags || u16(8) != m.method {
		extra(m.offset, zipLocalSize, "the local header differs from the directory in the entry")
	}
	sizes := u32(14) == int64(m.crc) && u32(18) == m.size && u32(22) == m.full
	if zero := u32(14) == 0 && u32(18) == 0 && u32(22) == 0; !sizes && (!zero || m.flags&zipDescriptor == 0) {
		extra(m.offset+14, 12, "sizes that are not the directory's in the entry")
	}
	if m.flags&zipDescriptor != 0 && m.end == m.data+m.size {
		extra(m.data, m.size, "no data descriptor behind the content")
	}
	if !plainExtra(m.localExtra) {
		extra(m.data-int64(len(m.localExtra)), int64(len(m.localExtra)), "an extra field with data in the local header")
	}
	name, fields := int64(binary.LittleEndian.Uint16(m.central[28:])), int64(binary.LittleEndian.Uint16(m.central[30:]))
	at := int64(zipCentralSize) + name
	if !plainExtra(m.central[at : at+fields]) {
		extra(m.centralAt+at, fields, "an extra field with data in the directory's entry")
	}
	if comment := int64(len(m.central)) - at - fields; comment > 0 {
		extra(m.centralAt+at+fields, comment, "a comment on the entry")
	}
}

// plainExtra reports whether an extra field holds only what packers write by
// themselves: times, owners, Java's mark, zeros for alignment.
func plainExtra(extra []byte) bool {
	for len(extra) >= 4 {
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if size > len(extra)-4 {
			return nonZero(extra) == 0
		}
		value := extra[4 : 4+size]
		switch {
		case id == 0x5455 && size <= 13: // extended timestamp
		case id == 0x000a && size <= 32: // NTFS times
		case id == 0x7875 && size <= 11: // owner
		case id == 0xcafe && size == 0: // Java archive
		case id == 0xd935 && size >= 2 && nonZero(value[2:]) == 0: // Android's alignment
		case id == 0 && nonZero(value) == 0:
		default:
			return false
		}
		extra = extra[4+size:]
	}
	return nonZero(extra) == 0
}
