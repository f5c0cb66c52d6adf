package sections

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
)

const (
	arMagic   = "!<arch>\n"
	arHeadLen = 60 // bytes; ar(5), common to System V, GNU and BSD
)

// readAr maps an ar archive, which a deb is.
func readAr(data []byte, b *Budget) (*Layout, error) {
	c := newCover(Ar, data)
	c.add(0, int64(len(arMagic)), Fixed, "magic")
	at := int64(len(arMagic))
	for within(at, arHeadLen, c.size) {
		size, ok := number(data[at+48:at+58], 10)
		content := at + arHeadLen
		if !ok || string(data[at+58:at+60]) != "`\n" || !within(content, size, c.size) {
			if at == int64(len(arMagic)) {
				return nil, fmt.Errorf("ar: the header at %d is malformed", at)
			}
			break // after the last record
		}
		if err := b.member(); err != nil {
			return nil, err
		}
		at = c.arMember(data, at, content, size, b)
	}
	return c.close(c.plainGap), nil
}

// arMember maps one member and returns where the next header stands.
func (c *cover) arMember(data []byte, at, content, size int64, b *Budget) int64 {
	path := strings.TrimRight(string(data[at:at+16]), " ")
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	c.path = path
	defer func() { c.path = "" }()
	key := "header of " + path
	mode, _ := octal(data[at+40 : at+48])
	c.record(at, content, key, func() []Region {
		list := divide(at, key, []field{{16, Name, "name"}, {12, Time, "time"}, {12, Owner, "owner"}, {8, Mode, "mode"}, {10, Structure, "length"}, {2, Fixed, "magic"}})
		list[3].Mode = archive.UnixMode(uint32(mode))
		list[3].Anchor = "mode " + list[3].Mode.String()
		return list
	})
	stop := content + size
	m := c.member(Member{Path: path, Mode: archive.UnixMode(uint32(mode)), open: func() ([]byte, error) { return data[content:stop], b.spend(size) }})
	if size > 0 {
		c.put(Region{From: content, To: stop, Role: Stored, Key: "content of " + path, Member: m})
	}
	if size%2 == 1 && stop < c.size {
		role := Gap
		if data[stop] == '\n' {
			role = Blocking
		}
		c.add(stop, stop+1, role, "round-up of "+path)
		stop++
	}
	return stop
}
