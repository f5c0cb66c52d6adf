package cause

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// The owners of the notes that hold build IDs, with their NUL.
const (
	goNote  = "Go\x00\x00"
	gnuNote = "GNU\x00"
)

// textID stands before the build ID at the start of the text where a format has
// no notes, and after it, as cmd/internal/buildid writes it.
const (
	textIDStart = "\xff Go build ID: \""
	textIDEnd   = "\"\n \xff"
)

// buildIDs are Go's build ID and GNU's, in hex, as they stand in a program.
func buildIDs(im *image, data []byte) (goID, gnuID string) {
	for _, s := range im.sections {
		switch s.name {
		case ".note.go.buildid":
			goID = string(note(im, s.data, goNote))
		case ".note.gnu.build-id":
			gnuID = hex.EncodeToString(note(im, s.data, gnuNote))
		}
	}
	if goID != "" {
		return goID, gnuID
	}
	head := data[:min(len(data), 64<<10)]
	if _, rest, ok := bytes.Cut(head, []byte(textIDStart)); ok {
		if id, _, ok := bytes.Cut(rest, []byte(textIDEnd)); ok {
			goID = string(id)
		}
	}
	return goID, gnuID
}

// note is the content of an ELF note with this owner.
func note(im *image, d []byte, owner string) []byte {
	if len(d) < 16 {
		return nil
	}
	nameSize, size := uint64(im.order.Uint32(d)), uint64(im.order.Uint32(d[4:]))
	if nameSize != 4 || string(d[12:16]) != owner {
		return nil
	}
	return cut(d, 16, size)
}

// ID is a Go build ID in its parts; all are "" unless it is of the form that
// cmd/go gives a program.
type ID struct {
	Link    string // hash of what went into the link
	Compile string // hash of what went into the compile of package main
	Main    string // hash of the compiled package main
	Content string // hash of the program
}

// SplitID takes a program's build ID apart.
func SplitID(id string) ID {
	parts := strings.Split(id, "/")
	if len(parts) != 4 {
		return ID{}
	}
	return ID{parts[0], parts[1], parts[2], parts[3]}
}
