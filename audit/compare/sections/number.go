package sections

import (
	"encoding/binary"
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
