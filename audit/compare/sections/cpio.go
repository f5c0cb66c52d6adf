package sections

import (
	"errors"
	"fmt"

	"github.com/proffer-audit/proffer/audit/archive"
)

const (
	cpioHeadLen = 110 // bytes; cpio(5), "New ASCII Format"
	cpioEnd     = "TRAILER!!!"
)

// readCpio maps a cpio archive in the new ASCII format, with or without sums.
func readCpio(data []byte, b *Budget) (*Layout, error) {
	c := newCover(Cpio, data)
	at := int64(0)
	for {
		if !within(at, cpioHeadLen, c.size) || string(data[at:at+5]) != "07070" {
			return nil, fmt.Errorf("cpio: there is no header at %d, and the archive has not ended", at)
		}
		if err := b.member(); err != nil {
			return nil, err
		}
		next, last, err := c.cpioMember(data, at, b)
		if err != nil {
			return nil, err
		}
		if at = next; last {
			break
		}
	}
	if at < c.size && zeros(data[at:]) {
		c.add(at, c.size, Blocking, "end of the archive")
	}
	return c.close(c.plainGap), nil
}

func (c *cover) cpioMember(data []byte, at int64, b *Budget) (next int64, last bool, err error) {
	bad := errors.New("cpio: a header is malformed or its content cut off")
	var values [13]int64
	for i := range values {
		n, ok := number(data[at+6+int64(i)*8:at+14+int64(i)*8], 16)
		if !ok {
			return 0, false, bad
		}
		values[i] = n
	}
	mode, size, nameLen := values[1], values[6], values[11]
	head := (at + cpioHeadLen + nameLen + 3) &^ 3
	if nameLen < 1 || !within(at+cpioHeadLen, nameLen, c.size) || head > c.size || !within(head, size, c.size) {
		return 0, false, bad
	}
	path := tarText(data[at+cpioHeadLen : at+cpioHeadLen+nameLen])
	c.path = path
	defer func() { c.path = "" }()
	key := "header of " + path
	c.record(at, head, key, func() []Region {
		list := divide(at, key, []field{
			{6, Fixed, "magic"},
			{8, Packer, "inode"},
			{8, Mode, "mode"},
			{16, Owner, "owner"},
			{8, Packer, "links"},
			{8, Time, "time"},
			{8, Structure, "length"},
			{16, Packer, "device"},
			{16, Fixed, "device number"},
			{8, Structure, "length of the name"},
			{8, Structure, "sum"},
			{head - at - cpioHeadLen, Name, "name"},
		})
		list[2].Mode = archive.UnixMode(uint32(mode))
		list[2].Anchor = "mode " + list[2].Mode.String()
		return list
	})
	stop := head + size
	m := c.member(Member{
		Path: path, Mode: archive.UnixMode(uint32(mode)), Link: mode&0o170000 == 0o120000,
		open: func() ([]byte, error) { return data[head:stop], b.spend(size) },
	})
	if size > 0 {
		c.put(Region{From: head, To: stop, Role: Stored, Key: "content of " + path, Member: m})
	}
	next = min((stop+3)&^3, c.size)
	if next > stop {
		role := Blocking
		if !zeros(data[stop:next]) {
			role = Gap
		}
		c.add(stop, next, role, "round-up of "+path)
	}
	return next, path == cpioEnd, nil
}
