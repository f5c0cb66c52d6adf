package evidence

import (
	"bytes"
	"fmt"
	"strconv"
)

// tarHeader is the one ustar header that a dossier has for a member: a regular
// file, mode 0444, of nobody, of no time. It is written here and not by a
// library so that its bytes are the same for ever; sizes are at most maxBlob and
// names at most 100 bytes, so one block always suffices and every reader of OCI
// layouts in tars can use it.
func tarHeader(name string, size int64) [block]byte {
	var h [block]byte
	copy(h[0:100], name)
	copy(h[100:108], "0000444\x00")                  // mode
	copy(h[108:116], "0000000\x00")                  // user
	copy(h[116:124], "0000000\x00")                  // group
	copy(h[124:136], fmt.Sprintf("%011o\x00", size)) // bytes
	copy(h[136:148], "00000000000\x00")              // time
	copy(h[148:156], "        ")                     // the checksum counts itself as blanks
	h[156] = '0'                                     // a regular file
	copy(h[257:265], "ustar\x0000")                  // magic and version
	copy(h[329:337], "0000000\x00")                  // device, major
	copy(h[337:345], "0000000\x00")                  // and minor
	var check int
	for _, b := range h {
		check += int(b)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", check))
	return h
}

// headerSize is the size in a header that must be that of name; false if the
// block is not, byte for byte, the header that would be written for it.
func headerSize(h []byte, name string) (int64, bool) {
	size, err := strconv.ParseUint(string(h[124:135]), 8, 34)
	if err != nil || size > uint64(maxBlob) {
		return 0, false
	}
	want := tarHeader(name, int64(size))
	return int64(size), bytes.Equal(h, want[:])
}
