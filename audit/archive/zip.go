package archive

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// zipReader walks one zip file. It reads central and local headers itself,
// since the differences between them are what it is asked for.
type zipReader struct {
	walker
	data              []byte
	end               zipEnd
	dirStart, dirStop int64
	inflate           io.ReadCloser
	buffer            bytes.Buffer
	spans             []span // what of the data is accounted for
}

// span is a stretch of the data that belongs to a record.
type span struct {
	from, to int64
	what     string
}

func walkZip(w walker, data []byte) error {
	z := &zipReader{walker: w, data: data}
	if err := z.readZipEnd(); err != nil {
		return err
	}
	entries, err := z.readCentral()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := z.member(e); err != nil {
			return err
		}
	}
	z.account()
	return nil
}

// member reads one entry and hands it to the visitor.
func (z *zipReader) member(e zipEntry) error {
	if e.unicode != "" && e.unicode != e.name {
		z.note(ZipUnicodePath, e.name, "another name in an extra field: %q", e.unicode)
	}
	packed, err := z.local(e)
	if err != nil {
		return err
	}
	mode := e.mode()
	kind := kindOf(mode)
	if e.isDir() {
		kind, mode = Dir, mode|fs.ModeDir
	}
	content, err := z.content(e, packed)
	if err != nil {
		return err
	}
	if kind == Dir && len(content) > 0 {
		return z.malformed(e.name, "content", "a directory has content")
	}
	m := Member{Mode: mode, Kind: kind, Size: int64(len(content)), Digest: evidence.Of(content)}
	if kind == Symlink {
		m.Link = string(content[:min(len(content), maxLink)])
	}
	return z.emit(e.name, m, content)
}

// local reads the local header of e, compares it with the central one, books
// the bytes of both header and content, and returns the packed content.
func (z *zipReader) local(e zipEntry) ([]byte, error) {
	n := uint64(z.end.tail)
	if e.offset+zipLocalLen > n || e.offset > n || le.Uint32(z.data[e.offset:]) != sigLocal {
		return nil, z.malformed(e.name, "zip-local", "there is no local header where the directory says")
	}
	d := z.data[e.offset:n]
	nameLen, extraLen := int(le.Uint16(d[26:])), int(le.Uint16(d[28:]))
	head := zipLocalLen + nameLen + extraLen
	if len(d) < head || uint64(len(d)-head) < e.packed {
		return nil, z.malformed(e.name, "zip-local", "the content is cut off")
	}
	if e.flags&flagEncrypted != 0 {
		return nil, z.malformed(e.name, "encrypted", "the content is encrypted")
	}
	z.compare(e, d[:head], nameLen)
	stop := int64(e.offset) + int64(head) + int64(e.packed)
	packed := z.data[int64(e.offset)+int64(head) : stop]
	if e.flags&flagDescriptor != 0 {
		tail, ok := descriptor(z.data[stop:n], e)
		if !ok {
			z.note(ZipHeaderDiffers, e.name, "the data descriptor differs from the directory")
		}
		stop += int64(tail)
	}
	z.spans = append(z.spans, span{int64(e.offset), stop, e.name})
	return packed, nil
}

// compare notes every field in which the local header differs from the central
// one. With a data descriptor the local sums may be zero.
func (z *zipReader) compare(e zipEntry, head []byte, nameLen int) {
	var differs []string
	if name := string(head[zipLocalLen : zipLocalLen+nameLen]); name != e.name {
		differs = append(differs, fmt.Sprintf("name %q", name))
	}
	if le.Uint16(head[6:])&flagsThatMatter != e.flags&flagsThatMatter {
		differs = append(differs, "flags")
	}
	if le.Uint16(head[8:]) != e.method {
		differs = append(differs, "method")
	}
	crc, packed, size := le.Uint32(head[14:]), uint64(le.Uint32(head[18:])), uint64(le.Uint32(head[22:]))
	extra := head[zipLocalLen+nameLen:]
	if !wide(extra, &size, &packed) {
		differs = append(differs, "zip64 field")
	}
	later := e.flags&flagDescriptor != 0
	if crc != e.crc && !(later && crc == 0) {
		differs = append(differs, "crc")
	}
	if packed != e.packed && !(later && packed == 0) || size != e.size && !(later && size == 0) {
		differs = append(differs, "size")
	}
	if u := field(extra, extraUnicode); len(u) > 5 && string(u[5:]) != e.name && string(u[5:]) != e.unicode {
		differs = append(differs, "unicode name")
	}
	if differs != nil {
		z.note(ZipHeaderDiffers, e.name, "in the local header: %s", strings.Join(differs, ", "))
	}
}

// descriptor finds the form of data descriptor that agrees with e and returns
// its length.
func descriptor(d []byte, e zipEntry) (int, bool) {
	sig := 0
	if len(d) >= 4 && le.Uint32(d) == sigDescriptor {
		sig = 4
	}
	for _, skip := range slices.Compact([]int{sig, 0}) {
		if r := d[skip:]; len(r) >= 20 && le.Uint32(r) == e.crc && le.Uint64(r[4:]) == e.packed && le.Uint64(r[12:]) == e.size {
			return skip + 20, true
		}
		if r := d[skip:]; len(r) >= 12 && le.Uint32(r) == e.crc && uint64(le.Uint32(r[4:])) == e.packed && uint64(le.Uint32(r[8:])) == e.size {
			return skip + 12, true
		}
	}
	return 0, false
}

// content unpacks and checks one member. The result is valid until the next
// call.
func (z *zipReader) content(e zipEntry, packed []byte) ([]byte, error) {
	var content []byte
	switch e.method {
	case methodStore:
		content = packed
	case methodDeflate:
		var err error
		if content, err = z.deflated(e, packed); err != nil {
			return nil, err
		}
	default:
		return nil, z.malformed(e.name, "method", fmt.Sprintf("compression method %d is not read here", e.method))
	}
	if err := z.budget.spent(z.name, e.name, int64(len(content))); err != nil {
		return nil, err
	}
	if uint64(len(content)) != e.size {
		return nil, z.malformed(e.name, "content", fmt.Sprintf("%d bytes, %d announced", len(content), e.size))
	}
	if crc32.ChecksumIEEE(content) != e.crc {
		return nil, z.malformed(e.name, "content", "the checksum does not match")
	}
	return content, nil
}

func (z *zipReader) deflated(e zipEntry, packed []byte) ([]byte, error) {
	src := bytes.NewReader(packed)
	if z.inflate == nil {
		z.inflate = flate.NewReader(src)
	} else if err := z.inflate.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, z.malformed(e.name, "content", err.Error())
	}
	z.buffer.Reset()
	room := z.budget.room()
	// The announced size only saves growing, and only within reason.
	z.buffer.Grow(int(min(e.size, uint64(max(room, 0)), 1<<20)) + bytes.MinRead)
	n, err := z.buffer.ReadFrom(io.LimitReader(z.inflate, room+1))
	if n > room {
		return nil, z.budget.spent(z.name, e.name, n)
	}
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, z.malformed(e.name, "content", "the compressed stream is cut off")
		}
		return nil, z.malformed(e.name, "content", err.Error())
	}
	if src.Len() > 0 {
		z.note(ZipSlack, e.name, "%d bytes after the end of the compressed stream", src.Len())
	}
	return z.buffer.Bytes(), nil
}

// account notes every byte that belongs to no record, and every byte that
// belongs to two.
func (z *zipReader) account() {
	spans := append(z.spans,
		span{z.dirStart, z.dirStop, "the directory"},
		span{z.end.tail, z.end.stop, "the end record"})
	slices.SortStableFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return int(a.from - b.from)
		}
		return int(a.to - b.to)
	})
	at := int64(0)
	for i, s := range spans {
		switch {
		case s.from > at && i == 0:
			z.note(ZipPrefix, "", "%d bytes before the first record", s.from)
		case s.from > at:
			z.note(ZipGap, s.what, "%d bytes before it belong to no record", s.from-at)
		case s.from < at:
			z.note(ZipOverlap, s.what, "it shares %d bytes with the record before it", min(at, s.to)-s.from)
		}
		at = max(at, s.to)
	}
	if rest := int64(len(z.data)) - at; rest > 0 {
		z.note(ZipTrailing, "", "%d bytes after the end record", rest)
	}
}
