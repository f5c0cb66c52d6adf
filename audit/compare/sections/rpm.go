package sections

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

const (
	rpmLeadLen  = 96 // bytes; RPM V4 package format
	rpmIntroLen = 16
	rpmIndexLen = 16
	rpmMagic    = "\x8e\xad\xe8\x01"
)

// rpmHeader is one of the two headers of a package.
type rpmHeader struct {
	name        string // signature or main
	start, stop int64
	store       int64
	tags        []rpmTag
}

type rpmTag struct {
	tag, kind uint32
	from, to  int64 // of its data, in the file
}

// readRPM maps an RPM package: lead, signature header, main header, payload.
func readRPM(data []byte, _ *Budget) (*Layout, error) {
	c := newCover(RPM, data)
	if c.size < rpmLeadLen {
		return nil, errors.New("rpm: the lead is cut off")
	}
	for _, r := range divide(0, "lead", []field{{6, Fixed, "magic"}, {4, Fixed, "type"}, {66, Name, "name"}, {4, Fixed, "kind"}, {16, Gap, "reserved"}}) {
		if r.Role == Gap && zeros(data[r.From:r.To]) {
			r.Role = Blocking
		}
		c.put(r)
	}
	signature, err := c.rpmHeader(data, rpmLeadLen, "signature")
	if err != nil {
		return nil, err
	}
	at := min((signature.stop+7)&^7, c.size)
	c.rpmPadding(data, signature.stop, at, "padding of the signature header")
	main, err := c.rpmHeader(data, at, "main")
	if err != nil {
		return nil, err
	}
	c.rpmTags(data, signature, main)
	c.rpmTags(data, main, main)
	stop := main.stop
	if stop < c.size {
		m := c.member(Member{Path: "payload", Mode: 0o644, open: func() ([]byte, error) { return data[stop:], nil }})
		c.put(Region{From: stop, To: c.size, Role: Stored, Key: "content of payload", Member: m})
	}
	return c.close(c.plainGap), nil
}

func (c *cover) rpmPadding(data []byte, from, to int64, key string) {
	role := Blocking
	if !zeros(data[from:to]) {
		role = Gap
	}
	c.add(from, to, role, key)
}

// rpmHeader reads where the tags of a header stand.
func (c *cover) rpmHeader(data []byte, at int64, name string) (rpmHeader, error) {
	bad := fmt.Errorf("rpm: the %s header is malformed or cut off", name)
	if !within(at, rpmIntroLen, c.size) || string(data[at:at+4]) != rpmMagic {
		return rpmHeader{}, bad
	}
	count, size := int64(be32(data, at+8)), int64(be32(data, at+12))
	index := at + rpmIntroLen
	h := rpmHeader{name: name, start: at, store: index + count*rpmIndexLen, stop: index + count*rpmIndexLen + size}
	if !within(index, count*rpmIndexLen+size, c.size) {
		return rpmHeader{}, bad
	}
	key := name + " header"
	c.add(at, at+8, Fixed, key+": magic")
	c.add(at+8, at+16, Structure, key+": counts")
	for i := range count {
		p := index + i*rpmIndexLen
		from := h.store + int64(be32(data, p+8))
		t := rpmTag{tag: be32(data, p), kind: be32(data, p+4), from: from}
		c.add(p, p+rpmIndexLen, Structure, fmt.Sprintf("%s: entry of tag %d", key, t.tag))
		if from > h.stop {
			return rpmHeader{}, bad
		}
		n, ok := rpmLength(data[from:h.stop], t.kind, int64(be32(data, p+12)))
		if !ok {
			return rpmHeader{}, bad
		}
		t.to = from + n
		h.tags = append(h.tags, t)
	}
	return h, nil
}

// rpmLength is how long the data of a tag is.
func rpmLength(b []byte, kind uint32, count int64) (int64, bool) {
	var n int64
	switch kind {
	case 0:
		return 0, true
	case 1, 2, 7:
		n = count
	case 3:
		n = count * 2
	case 4:
		n = count * 4
	case 5:
		n = count * 8
	case 6, 8, 9:
		for range count {
			i := bytes.IndexByte(b[n:], 0)
			if i < 0 {
				return 0, false
			}
			n += int64(i) + 1
		}
		return n, true
	default:
		return 0, false
	}
	return n, n <= int64(len(b))
}

// rpmTags gives each tag's data its role, and what lies between them.
func (c *cover) rpmTags(data []byte, h, main rpmHeader) {
	tags := slices.Clone(h.tags)
	slices.SortStableFunc(tags, func(x, y rpmTag) int { return cmpInt(x.from, y.from) })
	at := h.store
	for _, t := range tags {
		if t.from > at {
			c.rpmPadding(data, at, t.from, fmt.Sprintf("%s header: before tag %d", h.name, t.tag))
		}
		if t.to > t.from {
			r := Region{From: t.from, To: t.to, Key: fmt.Sprintf("%s header: tag %d", h.name, t.tag)}
			r.Role = rpmRole(t.tag, h.name == "signature")
			switch {
			case r.Role == Gap && zeros(data[t.from:t.to]):
				r.Role = Blocking
			case r.Role == Checksum:
				r.Valid = rpmSum(data, t, main)
			}
			c.put(r)
		}
		at = max(at, t.to)
	}
	if at < h.stop {
		c.rpmPadding(data, at, h.stop, h.name+" header: end")
	}
}

// rpmRole says what a tag is. A tag that is not named here must be equal.
func rpmRole(tag uint32, signature bool) Role {
	if signature {
		switch tag {
		case 269, 273, 1000, 1004:
			return Checksum
		case 62, 1007, 270, 271:
			return Structure
		case 267, 268, 1002, 1005, 274, 275, 276, 277, 278:
			return Signed
		case 1008:
			return Gap
		}
		return Extra
	}
	switch tag {
	case 63:
		return Structure
	case 1006, 1034:
		return Time
	case 1007, 1094, 1095, 1096, 1064, 1124, 1125, 1126:
		return Packer
	case 1030, 1039, 1040:
		return Mode
	case 5010:
		return Capability
	case 1036:
		return Link
	case 1116, 1117, 1118:
		return Name
	case 5092:
		return Checksum
	case 1023, 1024, 1025, 1026, 1065, 1079, 1085, 1086, 1087, 1088, 1151, 1152, 1153, 1154, 5066, 5076, 5099, 5100:
		return Script
	}
	return Content
}

// rpmSum recomputes a digest or length that a package holds of itself.
func rpmSum(data []byte, t rpmTag, main rpmHeader) bool {
	value := data[t.from:t.to]
	text := string(bytes.TrimRight(value, "\x00"))
	body := data[main.start:]
	switch t.tag {
	case 269:
		sum := sha1.Sum(data[main.start:main.stop])
		return text == hex.EncodeToString(sum[:])
	case 273:
		sum := sha256.Sum256(data[main.start:main.stop])
		return text == hex.EncodeToString(sum[:])
	case 1000:
		return len(value) == 4 && int64(be32(value, 0)) == int64(len(body))
	case 1004:
		sum := md5.Sum(body)
		return bytes.Equal(value, sum[:])
	case 5092:
		sum := sha256.Sum256(data[main.stop:])
		return text == hex.EncodeToString(sum[:])
	}
	return false
}

func be32(d []byte, at int64) uint32 { return binary.BigEndian.Uint32(d[at:]) }
