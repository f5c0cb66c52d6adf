package sections

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/proffer-audit/proffer/audit/archive"
)

// The parts of a zip file (APPNOTE.TXT 4.3), lengths in bytes.
const (
	zipLocalLen   = 30
	zipCentralLen = 46
	zipEndLen     = 22
	zip64EndLen   = 56
	zip64LocLen   = 20
	sigLocal      = 0x04034b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sig64End      = 0x06064b50
	sig64Loc      = 0x07064b50
	sigDescriptor = 0x08074b50
	apkMagic      = "APK Sig Block 42"
)

// zipEntry is one central header.
type zipEntry struct {
	name         string
	method       uint16
	flags        uint16
	crc          uint32
	packed, size int64
	offset       int64
	external     uint32
	creator      byte
}

// zipFile is a zip file being mapped.
type zipFile struct {
	*cover
	data     []byte
	budget   *Budget
	dir, end int64 // of the directory; end records start at end
	base     int64 // added to every stated offset
}

func readZip(data []byte, b *Budget) (*Layout, error) {
	z := &zipFile{cover: newCover(Zip, data), data: data, budget: b}
	if err := z.findEnd(); err != nil {
		return nil, err
	}
	at := z.dir
	for at+zipCentralLen <= z.end && u32(data, at) == sigCentral {
		if err := b.member(); err != nil {
			return nil, err
		}
		next, err := z.central(at)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return z.close(z.zipGap), nil
}

// findEnd finds the end record that stands last, and the directory.
func (z *zipFile) findEnd() error {
	at := int64(bytes.LastIndex(z.data, []byte("PK\x05\x06")))
	if at < 0 || at+zipEndLen > z.size {
		return errors.New("zip: there is no end record")
	}
	stop := min(at+zipEndLen+int64(u16(z.data, at+20)), z.size)
	z.record(at, stop, "end record", func() []Region {
		return divide(at, "end record", []field{
			{4, Fixed, "magic"},
			{4, Structure, "disk"},
			{8, Structure, "counts and size"},
			{4, Structure, "offset"},
			{2, Structure, "comment length"},
			{stop - at - zipEndLen, Comment, "comment"},
		})
	})
	size, offset := int64(u32(z.data, at+12)), int64(u32(z.data, at+16))
	z.end = at
	if loc := at - zip64LocLen; loc >= 0 && u32(z.data, loc) == sig64Loc {
		end := loc - zip64EndLen
		if end < 0 || u32(z.data, end) != sig64End {
			return errors.New("zip: the zip64 end record is not where it is looked for")
		}
		size, offset, z.end = i64(z.data, end+40), i64(z.data, end+48), end
		z.put(Region{From: end, To: at, Role: Structure, Key: "zip64 end records"})
	}
	if size < 0 || offset < 0 || size > z.end {
		return errors.New("zip: the directory lies outside the file")
	}
	z.dir = z.end - size
	// The directory may be followed by something; its stated offset is then right.
	if z.dir != offset && offset+4 <= z.size && u32(z.data, offset) == sigCentral {
		z.dir = offset
	}
	z.base = z.dir - offset
	return nil
}

// central maps one central header and the local record that it points to.
func (z *zipFile) central(at int64) (int64, error) {
	nameLen, extraLen, commentLen := int64(u16(z.data, at+28)), int64(u16(z.data, at+30)), int64(u16(z.data, at+32))
	stop := at + zipCentralLen + nameLen + extraLen + commentLen
	if stop > z.end {
		return 0, errors.New("zip: a central header is cut off")
	}
	e := zipEntry{
		name: string(z.data[at+zipCentralLen : at+zipCentralLen+nameLen]), creator: z.data[at+5],
		flags: u16(z.data, at+8), method: u16(z.data, at+10), crc: u32(z.data, at+16),
		packed: int64(u32(z.data, at+20)), size: int64(u32(z.data, at+24)),
		external: u32(z.data, at+38), offset: int64(u32(z.data, at+42)),
	}
	extra := at + zipCentralLen + nameLen
	widen(z.data[extra:extra+extraLen], &e.size, &e.packed, &e.offset)
	e.offset += z.base
	if e.packed < 0 || e.offset < 0 || e.offset+zipLocalLen > z.size || u32(z.data, e.offset) != sigLocal {
		return 0, fmt.Errorf("zip: there is no local header for %.100q where the directory says", e.name)
	}
	z.path = e.name
	defer func() { z.path = "" }()
	key := "directory entry " + e.name
	z.record(at, stop, key, func() []Region { return z.centralFields(at, key, e, nameLen, extraLen, commentLen) })
	return stop, z.local(e)
}

// local maps the local header, the content and what follows it.
func (z *zipFile) local(e zipEntry) error {
	at := e.offset
	nameLen, extraLen := int64(u16(z.data, at+26)), int64(u16(z.data, at+28))
	from := at + zipLocalLen + nameLen + extraLen
	stop := from + e.packed
	if from > z.size || stop > z.size || stop < from {
		return fmt.Errorf("zip: the content of %.100q is cut off", e.name)
	}
	key := "local header " + e.name
	z.record(at, from, key, func() []Region { return z.localFields(at, key, e, nameLen, extraLen) })
	m := z.member(Member{Path: e.name, Mode: zipMode(e), open: func() ([]byte, error) { return z.content(e, from) }})
	key = "content of " + e.name
	if e.method == 0 {
		z.put(Region{From: from, To: stop, Role: Stored, Key: key, Member: m})
	} else {
		z.record(from, stop, key, func() []Region {
			used := from + z.used(e, from)
			list := []Region{{From: from, To: used, Role: Packed, Key: key, Member: m}}
			if used < stop {
				list = append(list, Region{From: used, To: stop, Role: Slack, Key: "after the stream of " + e.name})
			}
			return list
		})
	}
	if e.flags&8 != 0 {
		z.descriptor(e, from+e.packed)
	}
	return nil
}

// used is how much of the packed content its stream takes; only a deflate stream
// can end early.
func (z *zipFile) used(e zipEntry, from int64) int64 {
	if e.method != 8 {
		return e.packed
	}
	src := bytes.NewReader(z.data[from : from+e.packed])
	// A stream of a million zeros costs little to pass over, and no more than
	// that is needed to find its end; what does not end is no slack.
	n, err := io.Copy(io.Discard, io.LimitReader(flate.NewReader(src), z.budget.room()+1))
	if err != nil || n > z.budget.room() {
		return e.packed
	}
	return e.packed - int64(src.Len())
}

func (z *zipFile) descriptor(e zipEntry, at int64) {
	sig := int64(0)
	if at+4 <= z.size && u32(z.data, at) == sigDescriptor {
		sig = 4
	}
	for _, n := range []int64{12, 20} {
		stop := at + sig + n
		if stop > z.size || u32(z.data, at+sig) != e.crc {
			continue
		}
		packed, size := int64(u32(z.data, at+sig+4)), int64(u32(z.data, stop-4))
		if n == 20 {
			packed, size = i64(z.data, at+sig+4), i64(z.data, at+sig+12)
		}
		if packed == e.packed && size == e.size {
			z.put(Region{From: at, To: stop, Role: Checksum, Key: "data descriptor " + e.name, Valid: z.checks(e)})
			return
		}
	}
	z.note("the data descriptor of %.100q is not where it belongs", e.name)
}

// content unpacks a member and holds it to its length and checksum.
func (z *zipFile) content(e zipEntry, from int64) ([]byte, error) {
	packed := z.data[from : from+e.packed]
	switch e.method {
	case 0:
		return packed, z.budget.spend(e.packed)
	case 8:
		room := z.budget.room()
		out, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), room+1))
		if err != nil {
			return nil, fmt.Errorf("zip: %.100q: %w", e.name, err)
		}
		return out, z.budget.spend(int64(len(out)))
	}
	return nil, fmt.Errorf("zip: %.100q: compression method %d is not read", e.name, e.method)
}

// checks reports whether length and checksum of a member are right. It counts
// nothing: what it unpacks is thrown away.
func (z *zipFile) checks(e zipEntry) bool {
	from := e.offset + zipLocalLen + int64(u16(z.data, e.offset+26)) + int64(u16(z.data, e.offset+28))
	packed := z.data[from : from+e.packed]
	if e.method == 0 {
		return crc32.ChecksumIEEE(packed) == e.crc && e.size == e.packed
	}
	if e.method != 8 {
		return false
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, io.LimitReader(flate.NewReader(bytes.NewReader(packed)), e.size+1))
	return err == nil && n == e.size && sum.Sum32() == e.crc
}

func zipMode(e zipEntry) fs.FileMode {
	if e.creator != 3 && e.creator != 19 {
		return 0
	}
	return archive.UnixMode(e.external >> 16)
}

// zipGap knows the APK signing block, which stands before the directory.
func (z *zipFile) zipGap(from, to int64, after string) []Region {
	if to == z.dir && to-from >= 32 && string(z.data[to-16:to]) == apkMagic {
		if start := to - i64(z.data, to-24) - 8; start >= from && i64(z.data, to-24) > 0 {
			var list []Region
			if start > from {
				list = z.plainGap(from, start, after)
			}
			return append(list, Region{From: start, To: to, Role: Signed, Key: "APK signing block"})
		}
	}
	return z.plainGap(from, to, after)
}
