package sections

import (
	"encoding/binary"
	"io/fs"
	"strconv"
	"strings"
)

// Little-endian numbers at an offset that the caller has checked.
func u16(d []byte, at int64) uint16 { return binary.LittleEndian.Uint16(d[at:]) }
func u32(d []byte, at int64) uint32 { return binary.LittleEndian.Uint32(d[at:]) }
func u64(d []byte, at int64) uint64 { return binary.LittleEndian.Uint64(d[at:]) }

// i64 is a 64-bit length or offset; what does not fit is negative, and so out of
// every bound.
func i64(d []byte, at int64) int64 { return int64(u64(d, at)) }

// within reports whether n bytes at an offset are in a file of a size, without
// overflow.
func within(at, n, size int64) bool { return at >= 0 && n >= 0 && at <= size && n <= size-at }

// octal reads a number of a tar or ar header; text around it is space and NUL.
func octal(b []byte) (int64, bool) { return number(b, 8) }

func number(b []byte, base int) (int64, bool) {
	s := strings.Trim(string(b), " \x00")
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, base, 64)
	return n, err == nil && n >= 0
}

// unixMode turns st_mode into a FileMode.
func unixMode(m uint32) fs.FileMode {
	mode := fs.FileMode(m & 0o777)
	bits := [...]struct {
		bit uint32
		fm  fs.FileMode
	}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}}
	for _, b := range bits {
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
