package archive

import (
	"bytes"
	"strconv"
	"strings"
)

// Format is how data is packed, by its own bytes and never by a file's name.
type Format string

// The formats that are read, and Plain for everything else.
const (
	Plain Format = "plain"
	Zip   Format = "zip"
	Tar   Format = "tar"
	Gzip  Format = "gzip" // with or without a tar inside
)

// unread are compressed forms and packages that are recognised and not read:
// what is in them stays unseen, and is said to.
var unread = []struct{ magic, name string }{
	{"\xfd7zXZ\x00", "xz"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"BZh", "bzip2"},
	{"7z\xbc\xaf\x27\x1c", "7z"},
	{"Rar!\x1a\x07", "rar"},
	{"!<arch>\ndebian", "deb"},
	{"\xed\xab\xee\xdb", "rpm"},
	{"MSCF\x00\x00\x00\x00", "cab"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "compound file"},
	{"070701", "cpio"},
	{"hsqs", "squashfs"},
}

// Sniff tells the format of data. A file that ends in a sound zip directory is
// a zip, whatever stands before.
func Sniff(data []byte) Format {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x05\x06")):
		return Zip
	case bytes.HasPrefix(data, []byte("\x1f\x8b\x08")):
		return Gzip
	case tarHeader(data):
		return Tar
	case zipAtEnd(data):
		return Zip
	default:
		return Plain
	}
}

// Unread names the compressed format of data that is recognised and not read
// here, or "".
func Unread(data []byte) string {
	for _, u := range unread {
		if bytes.HasPrefix(data, []byte(u.magic)) {
			return u.name
		}
	}
	return ""
}

// tarHeader reports whether data starts with a tar header, by its checksum.
func tarHeader(data []byte) bool {
	const block, sumAt, sumLen = 512, 148, 8
	if len(data) < block {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(data[sumAt:sumAt+sumLen]), " \x00"), 8, 64)
	if err != nil || want == 8*' ' {
		return false
	}
	var unsigned, signed int64
	for i, c := range data[:block] {
		if i >= sumAt && i < sumAt+sumLen {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return want == unsigned || want == signed
}
