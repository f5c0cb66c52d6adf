package bundle

// der reads DER (X.690) from the front, element by element: definite lengths in
// their shortest form, tags of one byte. The first thing that is not so makes it
// broken for good, so that only the end of a reading needs a look at ok.
type der struct {
	rest   []byte
	broken bool
}

// The tags that are read.
const (
	tagInteger     = 0x02
	tagOctets      = 0x04
	tagOID         = 0x06
	tagUTF8        = 0x0c
	tagGeneralTime = 0x18
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0xa0
	tagContext1    = 0xa1
	tagContext3    = 0xa3
)

// next reads one element: its tag, its contents, and the whole of it.
func (d *der) next() (tag byte, body, whole []byte) {
	size, head := derLength(d.rest)
	if d.broken || head == 0 || d.rest[0]&0x1f == 0x1f || size > len(d.rest)-head {
		d.broken, d.rest = true, nil
		return 0, nil, nil
	}
	tag, whole = d.rest[0], d.rest[:head+size]
	d.rest = d.rest[head+size:]
	return tag, whole[head:], whole
}

// derLength gives the size of the contents and of what stands before them; head
// is 0 if that cannot be read.
func derLength(b []byte) (size, head int) {
	if len(b) < 2 {
		return 0, 0
	}
	if b[1] < 0x80 {
		return int(b[1]), 2
	}
	n := int(b[1] & 0x7f)
	if n == 0 || n > 4 || len(b) < 2+n || b[2] == 0 {
		return 0, 0
	}
	for _, x := range b[2 : 2+n] {
		size = size<<8 | int(x)
	}
	if size < 0x80 {
		return 0, 0
	}
	return size, 2 + n
}

// want reads an element that must have a tag.
func (d *der) want(tag byte) []byte {
	got, body, _ := d.next()
	if got != tag {
		d.broken = true
		return nil
	}
	return body
}

// into reads an element that must have a tag, to be read in turn.
func (d *der) into(tag byte) *der {
	body := d.want(tag)
	return &der{rest: body, broken: d.broken}
}

// at reports whether an element with a tag is next.
func (d *der) at(tag byte) bool { return !d.broken && len(d.rest) > 0 && d.rest[0] == tag }

// skip passes over an element if it has a tag.
func (d *der) skip(tag byte) {
	if d.at(tag) {
		d.next()
	}
}

// done reports that everything was read, and all of it was DER.
func (d *der) done() bool { return !d.broken && len(d.rest) == 0 }

// appendDER writes an element around contents.
func appendDER(to []byte, tag byte, size int) []byte {
	to = append(to, tag)
	switch {
	case size < 0x80:
		return append(to, byte(size))
	case size < 1<<8:
		return append(to, 0x81, byte(size))
	case size < 1<<16:
		return append(to, 0x82, byte(size>>8), byte(size))
	case size < 1<<24:
		return append(to, 0x83, byte(size>>16), byte(size>>8), byte(size))
	}
	return append(to, 0x84, byte(size>>24), byte(size>>16), byte(size>>8), byte(size))
}

// derSize is the size of an element around contents of a size.
func derSize(size int) int {
	n := 2 + size
	if size >= 0x80 {
		for s := size; s > 0; s >>= 8 {
			n++
		}
	}
	return n
}
