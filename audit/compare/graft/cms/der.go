package cms

import "fmt"

// Tags of ITU-T X.690 that the schema uses, class and constructed bit included.
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagSequence    = 0x30
	tagSet         = 0x31
	tagContext0    = 0xa0
	tagContext1    = 0xa1
	tagKeyID       = 0x80 // [0] IMPLICIT OCTET STRING

	constructed     = 0x20
	octetsInPieces  = tagOctetString | constructed
	maxDepth        = 32
	maxElements     = 1 << 16 // of one message, counted with every re-reading
	highTagNumber   = 0x1f
	indefiniteStart = 0x80
)

// element is one value of an encoding by its offsets in the message.
type element struct {
	tag     byte
	start   int // of the tag
	body    int // of the content
	bodyEnd int
	end     int // behind the content, and behind the end mark of an indefinite length
}

// reader reads elements of one message. It counts them, so that nesting cannot
// make the work grow faster than the input.
type reader struct {
	data []byte
	left int
	// padded and indefinite are the offsets of lengths in a form that DER
	// forbids: one written longer than it need be, one left open.
	padded, indefinite []int
}

// A FormatError says where a message stops being what it claims to be.
type FormatError struct {
	Offset int // bytes from the start of the message
	Detail string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("CMS message, offset %d: %s", e.Offset, e.Detail)
}

func bad(at int, format string, args ...any) error {
	return &FormatError{Offset: at, Detail: fmt.Sprintf(format, args...)}
}

// read reads the element at an offset; it must end at or before end.
func (r *reader) read(at, end int) (element, error) { return r.readAt(at, end, 0) }

func (r *reader) readAt(at, end, depth int) (element, error) {
	if r.left--; r.left < 0 || depth > maxDepth {
		return element{}, bad(at, "nested too deeply or more than %d elements", maxElements)
	}
	if at < 0 || end > len(r.data) || end-at < 2 {
		return element{}, bad(at, "an element is cut off")
	}
	e := element{tag: r.data[at], start: at}
	if e.tag&highTagNumber == highTagNumber {
		return element{}, bad(at, "a tag number above 30")
	}
	first := r.data[at+1]
	if first == indefiniteStart {
		return r.open(e, end, depth)
	}
	size, used := int(first), 2
	if first > indefiniteStart {
		n := int(first & 0x7f)
		if n > 4 || end-at < 2+n {
			return element{}, bad(at, "a length of %d bytes", n)
		}
		size = 0
		for _, b := range r.data[at+2 : at+2+n] {
			size = size<<8 | int(b)
		}
		if size < 0x80 || r.data[at+2] == 0 {
			r.padded = append(r.padded, at)
		}
		used += n
	}
	if size > end-at-used {
		return element{}, bad(at, "a length of %d bytes where %d are left", size, end-at-used)
	}
	e.body, e.bodyEnd, e.end = at+used, at+used+size, at+used+size
	return e, nil
}

// open reads an element of indefinite length (X.690, 8.1.3.6), as Apple's signer
// writes them.
func (r *reader) open(e element, end, depth int) (element, error) {
	if e.tag&constructed == 0 {
		return element{}, bad(e.start, "an open length on a primitive element")
	}
	r.indefinite = append(r.indefinite, e.start)
	e.body = e.start + 2
	at := e.body
	for {
		if end-at >= 2 && r.data[at] == 0 && r.data[at+1] == 0 {
			e.bodyEnd, e.end = at, at+2
			return e, nil
		}
		child, err := r.readAt(at, end, depth+1)
		if err != nil {
			return element{}, err
		}
		at = child.end
	}
}

// children are the elements directly in e, which must fill it.
func (r *reader) children(e element) ([]element, error) {
	if e.tag&constructed == 0 {
		return nil, bad(e.start, "tag %#x holds no elements", e.tag)
	}
	var all []element
	for at := e.body; at < e.bodyEnd; {
		child, err := r.read(at, e.bodyEnd)
		if err != nil {
			return nil, err
		}
		all = append(all, child)
		at = child.end
	}
	return all, nil
}

// tree reads everything in e down to the leaves, so that no part of it is
// something else in the clothes of an element.
func (r *reader) tree(e element, depth int) error {
	if depth > maxDepth {
		return bad(e.start, "nested too deeply")
	}
	if e.tag&constructed == 0 {
		return nil
	}
	all, err := r.children(e)
	if err != nil {
		return err
	}
	for _, child := range all {
		if err := r.tree(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) bytes(e element) []byte { return r.data[e.start:e.end] }
func (r *reader) value(e element) []byte { return r.data[e.body:e.bodyEnd] }

// octets is the value of an octet string, also of one in pieces.
func (r *reader) octets(e element) ([]byte, error) {
	switch e.tag {
	case tagOctetString:
		return r.value(e), nil
	case octetsInPieces:
		pieces, err := r.children(e)
		if err != nil {
			return nil, err
		}
		var all []byte
		for _, p := range pieces {
			if p.tag != tagOctetString {
				return nil, bad(p.start, "a piece of an octet string has tag %#x", p.tag)
			}
			all = append(all, r.value(p)...)
		}
		return all, nil
	}
	return nil, bad(e.start, "tag %#x where an octet string belongs", e.tag)
}

// oid is the dotted form of an object identifier.
func (r *reader) oid(e element) (string, error) {
	v := r.value(e)
	if e.tag != tagOID || len(v) == 0 || len(v) > 64 || v[len(v)-1]&0x80 != 0 {
		return "", bad(e.start, "not an object identifier")
	}
	text, n, first := "", uint64(0), true
	for _, b := range v {
		if n > 1<<56 {
			return "", bad(e.start, "an object identifier with a number too large")
		}
		n = n<<7 | uint64(b&0x7f)
		if b&0x80 != 0 {
			continue
		}
		if first {
			top := min(n/40, 2)
			text, first = fmt.Sprintf("%d.%d", top, n-40*top), false
		} else {
			text += fmt.Sprintf(".%d", n)
		}
		n = 0
	}
	return text, nil
}

// derHeader is a tag with the shortest form of a length.
func derHeader(tag byte, size int) []byte {
	switch {
	case size < 0x80:
		return []byte{tag, byte(size)}
	case size < 1<<8:
		return []byte{tag, 0x81, byte(size)}
	case size < 1<<16:
		return []byte{tag, 0x82, byte(size >> 8), byte(size)}
	case size < 1<<24:
		return []byte{tag, 0x83, byte(size >> 16), byte(size >> 8), byte(size)}
	}
	return []byte{tag, 0x84, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}
}
