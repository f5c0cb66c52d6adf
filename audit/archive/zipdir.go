package archive

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"strings"
)

// The fixed parts of a zip file, in bytes (APPNOTE.TXT 4.3).
const (
	zipLocalLen     = 30
	zipCentralLen   = 46
	zipEndLen       = 22
	zip64LocatorLen = 20
	zip64EndLen     = 56
	maxComment      = 1<<16 - 1

	sigLocal        = 0x04034b50
	sigCentral      = 0x02014b50
	sigEnd          = 0x06054b50
	sig64Locator    = 0x07064b50
	sig64End        = 0x06064b50
	sigDescriptor   = 0x08074b50
	flagEncrypted   = 1 << 0
	flagDescriptor  = 1 << 3
	methodStore     = 0
	methodDeflate   = 8
	creatorUnix     = 3
	creatorDarwin   = 19
	max16           = 1<<16 - 1
	max32           = 1<<32 - 1
	extraZip64      = 0x0001
	extraUnicode    = 0x7075
	flagsThatMatter = 1 | 1<<3 | 1<<6 | 1<<11
)

var le = binary.LittleEndian

// zipEntry is one central header, with what the local header says about it.
type zipEntry struct {
	name     string
	creator  byte
	flags    uint16
	method   uint16
	crc      uint32
	packed   uint64
	size     uint64
	external uint32
	offset   uint64 // of the local header, in the data
	unicode  string // name in a Unicode path extra field, if any
}

func (e zipEntry) isDir() bool { return strings.HasSuffix(e.name, "/") }

// mode is what the external attributes say; a writer that is not Unix says
// nothing about modes.
func (e zipEntry) mode() fs.FileMode {
	if e.creator != creatorUnix && e.creator != creatorDarwin || e.external>>16 == 0 {
		if e.isDir() {
			return fs.ModeDir | 0o755
		}
		return 0o644
	}
	return UnixMode(e.external >> 16)
}

// UnixMode turns the st_mode that archives record into a FileMode.
func UnixMode(m uint32) fs.FileMode {
	mode := fs.FileMode(m & 0o777)
	for _, b := range []struct {
		bit uint32
		fm  fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}} {
		if m&b.bit != 0 {
			mode |= b.fm
		}
	}
	switch m & 0o170000 {
	case 0o120000:
		mode |= fs.ModeSymlink
	case 0o040000:
		mode |= fs.ModeDir
	case 0o010000:
		mode |= fs.ModeNamedPipe
	case 0o140000:
		mode |= fs.ModeSocket
	case 0o060000:
		mode |= fs.ModeDevice
	case 0o020000:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	}
	return mode
}

// zipEnd is the end of the central directory, wherever it was found.
type zipEnd struct {
	at      int64 // of the end record
	stop    int64 // after its comment
	tail    int64 // start of all end records: where the directory should end
	records uint64
	size    uint64 // of the directory
	offset  uint64 // of the directory, as stated
	base    int64  // to be added to every stated offset
}

// findZipEnd looks for the end record in the last 64 KiB, nearest the end
// first. It reports how many records would fit to the last byte: more than one
// is an archive that two readers may take for two.
func findZipEnd(data []byte) (at int64, fitting int, ok bool) {
	at = -1
	loose := int64(-1)
	for i := len(data) - zipEndLen; i >= 0 && i >= len(data)-zipEndLen-maxComment; i-- {
		if data[i] != 'P' || le.Uint32(data[i:]) != sigEnd {
			continue
		}
		switch stop := i + zipEndLen + int(le.Uint16(data[i+20:])); {
		case stop == len(data):
			fitting++
			if at < 0 {
				at = int64(i)
			}
		case stop < len(data) && loose < 0:
			loose = int64(i)
		}
	}
	if at < 0 {
		at = loose
	}
	return at, fitting, at >= 0
}

// readZipEnd reads the end records and settles where the directory starts.
func (z *zipReader) readZipEnd() error {
	at, fitting, ok := findZipEnd(z.data)
	if !ok {
		return z.malformed("", "zip-end", "there is no end record")
	}
	if fitting > 1 {
		z.note(ZipAmbiguousEnd, "", "%d end records fit", fitting)
	}
	d := z.data[at:]
	e := zipEnd{
		at: at, tail: at, stop: at + zipEndLen + int64(le.Uint16(d[20:])),
		records: uint64(le.Uint16(d[10:])), size: uint64(le.Uint32(d[12:])), offset: uint64(le.Uint32(d[16:])),
	}
	if le.Uint16(d[4:]) != 0 && le.Uint16(d[4:]) != max16 || le.Uint16(d[8:]) != le.Uint16(d[10:]) {
		return z.malformed("", "zip-end", "the archive is in several parts")
	}
	if err := z.readZip64End(&e); err != nil {
		return err
	}
	n := uint64(len(z.data))
	if e.size > n || e.offset > n || e.size > uint64(e.tail) {
		return z.malformed("", "zip-end", "the directory lies outside the data")
	}
	e.base = e.tail - int64(e.size) - int64(e.offset)
	if e.base != 0 && z.centralAt(int64(e.offset)) {
		e.base = 0 // the stated offset is right; something stands after the directory
	}
	if e.base < 0 {
		return z.malformed("", "zip-end", "the directory overlaps its end record")
	}
	z.end = e
	return nil
}

func (z *zipReader) centralAt(off int64) bool {
	return off+zipCentralLen <= int64(len(z.data)) && le.Uint32(z.data[off:]) == sigCentral
}

// readZip64End takes the wide fields where the end record points to them.
func (z *zipReader) readZip64End(e *zipEnd) error {
	loc := e.at - zip64LocatorLen
	wanted := e.records == max16 || e.size == max32 || e.offset == max32
	if loc < 0 || le.Uint32(z.data[loc:]) != sig64Locator {
		return nil // a field that is all ones is then simply that value
	}
	// With a prefix the stated offset is off by its length; the record stands
	// before the locator in any case.
	at := loc - zip64EndLen
	if stated := le.Uint64(z.data[loc+8:]); stated <= uint64(loc) && z.is64End(int64(stated)) {
		at = int64(stated)
	}
	if at < 0 || !z.is64End(at) {
		return z.malformed("", "zip-end", "the zip64 end record is missing")
	}
	d := z.data[at:]
	records, size, offset := le.Uint64(d[32:]), le.Uint64(d[40:]), le.Uint64(d[48:])
	if !wanted && (records != e.records || size != e.size || offset != e.offset) {
		z.note(ZipHeaderDiffers, "", "the zip64 end record differs from the end record")
		return nil
	}
	e.records, e.size, e.offset, e.tail = records, size, offset, at
	return nil
}

func (z *zipReader) is64End(at int64) bool {
	return at+zip64EndLen <= int64(len(z.data)) && le.Uint32(z.data[at:]) == sig64End
}

// readCentral reads every central header; the count in the end record is
// compared, not believed.
func (z *zipReader) readCentral() ([]zipEntry, error) {
	var entries []zipEntry
	at := z.end.base + int64(z.end.offset)
	z.dirStart = at
	for at < z.end.tail && z.centralAt(at) {
		if err := z.budget.entry(z.name); err != nil {
			return nil, err
		}
		e, next, err := z.central(at)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		at = next
	}
	z.dirStop = at
	if uint64(len(entries)) != z.end.records {
		z.note(ZipCount, "", "%d members, %d announced", len(entries), z.end.records)
	}
	if stated := z.dirStart + int64(z.end.size); stated != at {
		return nil, z.malformed("", "zip-directory", "its length is not what the end record says")
	}
	return entries, nil
}

func (z *zipReader) central(at int64) (zipEntry, int64, error) {
	d := z.data[at:z.end.tail]
	if len(d) < zipCentralLen {
		return zipEntry{}, 0, z.malformed("", "zip-directory", "a header is cut off")
	}
	nameLen, extraLen, commentLen := int(le.Uint16(d[28:])), int(le.Uint16(d[30:])), int(le.Uint16(d[32:]))
	stop := zipCentralLen + nameLen + extraLen + commentLen
	if len(d) < stop {
		return zipEntry{}, 0, z.malformed("", "zip-directory", "a header is cut off")
	}
	e := zipEntry{
		name: string(d[zipCentralLen : zipCentralLen+nameLen]), creator: d[5],
		flags: le.Uint16(d[8:]), method: le.Uint16(d[10:]), crc: le.Uint32(d[16:]),
		packed: uint64(le.Uint32(d[20:])), size: uint64(le.Uint32(d[24:])),
		external: le.Uint32(d[38:]), offset: uint64(le.Uint32(d[42:])),
	}
	extra := d[zipCentralLen+nameLen : zipCentralLen+nameLen+extraLen]
	if !wide(extra, &e.size, &e.packed, &e.offset) {
		return zipEntry{}, 0, z.malformed(e.name, "zip-directory", "the zip64 field is too short")
	}
	if u := field(extra, extraUnicode); len(u) > 5 {
		e.unicode = string(u[5:])
	}
	e.offset += uint64(z.end.base)
	return e, at + int64(stop), nil
}

// field returns the content of an extra field.
func field(extra []byte, id uint16) []byte {
	for len(extra) >= 4 {
		n := int(le.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return nil
		}
		if le.Uint16(extra) == id {
			return extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	return nil
}

// wide replaces each value that is all ones by the next one of the zip64 extra
// field; false means that the field is there and too short.
func wide(extra []byte, values ...*uint64) bool {
	f := field(extra, extraZip64)
	if f == nil {
		return true
	}
	for _, v := range values {
		if *v != max32 {
			continue
		}
		if len(f) < 8 {
			return false
		}
		*v, f = le.Uint64(f), f[8:]
	}
	return true
}

// zipAtEnd reports whether data ends in a zip end record, so that an archive
// behind a prefix is noticed.
func zipAtEnd(data []byte) bool {
	if !bytes.Contains(data[max(0, len(data)-zipEndLen-maxComment):], []byte("PK\x05\x06")) {
		return false
	}
	at, fitting, ok := findZipEnd(data)
	if !ok || fitting == 0 {
		return false
	}
	// A directory must stand where the record says, with or without a base.
	size, offset := int64(le.Uint32(data[at+12:])), int64(le.Uint32(data[at+16:]))
	if start := at - size; size >= zipCentralLen && start >= 0 && le.Uint32(data[start:]) == sigCentral {
		return true
	}
	return offset+4 <= int64(len(data)) && le.Uint32(data[offset:]) == sigCentral
}
