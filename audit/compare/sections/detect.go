package sections

import (
	"bytes"
	"errors"

	"github.com/proffer-audit/proffer/audit/archive"
)

// reader maps the files of one format.
type reader func(data []byte, b *Budget) (*Layout, error)

// readers are tried by the start of a file.
func readers() []struct {
	magic string
	at    int
	read  reader
} {
	return []struct {
		magic string
		at    int
		read  reader
	}{
		{"\x7fELF", 0, readELF},
		{"MZ", 0, readPE},
		{"\xcf\xfa\xed\xfe", 0, readMachO},
		{"\xce\xfa\xed\xfe", 0, readMachO},
		{"\xca\xfe\xba\xbe", 0, readFat},
		{"\x1f\x8b\x08", 0, readGzip},
		{"\xfd7zXZ\x00", 0, readXz},
		{"\x28\xb5\x2f\xfd", 0, readZstd},
		{"!<arch>\n", 0, readAr},
		{"\xed\xab\xee\xdb", 0, readRPM},
		{"070701", 0, readCpio},
		{"070702", 0, readCpio},
	}
}

// Of maps a file. What cannot be mapped as what it starts like is Plain, with a
// note; the error is a *LimitError.
func Of(data []byte, b *Budget) (*Layout, error) {
	read := pick(data)
	if read == nil {
		return Opaque(data), nil
	}
	l, err := read(data, b)
	var limit *LimitError
	switch {
	case errors.As(err, &limit):
		return nil, err
	case err != nil:
		p := Opaque(data)
		p.Notes = append(p.Notes, err.Error())
		return p, nil
	}
	return l, nil
}

func pick(data []byte) reader {
	for _, r := range readers() {
		if bytes.HasPrefix(data, []byte(r.magic)) {
			return r.read
		}
	}
	switch archive.Sniff(data) {
	case archive.Zip:
		return readZip
	case archive.Tar:
		return readTar
	}
	return nil
}

// Opaque is the map of a file that nothing is known about.
func Opaque(data []byte) *Layout {
	c := newCover(Plain, data)
	if len(data) > 0 {
		c.add(0, c.size, Content, "content")
	}
	return c.close(c.plainGap)
}
