package sections

import (
	"errors"
	"fmt"
)

// readZstd maps a zstd file (RFC 8878) frame by frame.
func readZstd(data []byte, b *Budget) (*Layout, error) {
	c := newCover(Zstd, data)
	at, n := int64(0), 0
	for within(at, 8, c.size) {
		magic := u32(data, at)
		switch {
		case magic&^0xf == 0x184d2a50:
			length := 8 + int64(u32(data, at+4))
			if !within(at, length, c.size) {
				return nil, errors.New("zstd: a skippable frame is cut off")
			}
			c.add(at, at+length, Skippable, "skippable frame")
			at += length
		case magic == 0xfd2fb528:
			n++
			next, err := zstdFrame(c, data, at, n)
			if err != nil {
				return nil, err
			}
			at = next
		default:
			magic = 0
		}
		if magic == 0 {
			break
		}
		if err := b.member(); err != nil {
			return nil, err
		}
	}
	stop := at
	m := c.member(Member{Mode: 0o644, open: func() ([]byte, error) { return unzstd(data[:stop], b) }})
	for i := range c.layout.Regions {
		if c.layout.Regions[i].Role == Packed {
			c.layout.Regions[i].Member = m
		}
	}
	return c.close(c.plainGap), nil
}

// zstdFrame maps one frame: header, blocks, checksum.
func zstdFrame(c *cover, data []byte, at int64, n int) (int64, error) {
	cut := errors.New("zstd: a frame is cut off")
	descriptor := data[at+4]
	single := int64(descriptor >> 5 & 1)
	head := 5 + (1 - single) + [...]int64{0, 1, 2, 4}[descriptor&3]
	switch size := descriptor >> 6; {
	case size > 0:
		head += 1 << size
	case single == 1:
		head++
	}
	from := at + head
	pos := from
	for last := false; !last; {
		if !within(pos, 3, c.size) {
			return 0, cut
		}
		block := int64(data[pos]) | int64(data[pos+1])<<8 | int64(data[pos+2])<<16
		last = block&1 == 1
		length := block >> 3
		if block>>1&3 == 1 {
			length = 1 // one byte, repeated
		}
		if pos += 3; !within(pos, length, c.size) {
			return 0, cut
		}
		pos += length
	}
	key := fmt.Sprintf("frame %d", n)
	role := Packer
	if n > 1 {
		role = ExtraStream
	}
	c.add(at, from, role, key+": header")
	c.add(from, pos, Packed, key+": blocks")
	if descriptor&4 != 0 {
		if !within(pos, 4, c.size) {
			return 0, cut
		}
		// The decoder holds the content to it: see Member.Content.
		c.put(Region{From: pos, To: pos + 4, Role: Checksum, Key: key + ": checksum", Valid: true})
		pos += 4
	}
	return pos, nil
}
