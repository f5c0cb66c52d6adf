package sections

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
)

const tarBlock = 512 // bytes; POSIX.1-2017, pax, "ustar Interchange Format"

// tarFile is a tar being mapped.
type tarFile struct {
	*cover
	data   []byte
	budget *Budget
	// What the headers before an entry say about it.
	pending  []tarPart
	longName string
	length   int64 // from a pax header, -1 if none
}

// tarPart is an extension header or its content, which is named when the entry
// that it belongs to is.
type tarPart struct {
	from, to int64
	flag     byte // type flag of the header; 0 for content
	pax      bool
	global   bool
}

func readTar(data []byte, b *Budget) (*Layout, error) {
	t := &tarFile{cover: newCover(Tar, data), data: data, budget: b, length: -1}
	at := int64(0)
	for at+tarBlock <= t.size && !zeros(data[at:at+tarBlock]) {
		next, err := t.entry(at)
		if err != nil {
			return nil, err
		}
		at = next
	}
	t.end(at)
	return t.close(t.plainGap), nil
}

// end maps what follows the last entry: zeros, or something that hides there.
func (t *tarFile) end(at int64) {
	stop := at
	for stop < t.size && t.data[stop] == 0 {
		stop++
	}
	// Zeros that lead over to something else belong to the archive in blocks only.
	if stop < t.size {
		stop -= (stop - at) % tarBlock
	}
	if stop > at {
		t.add(at, stop, Blocking, "end of the archive")
	}
}

// entry maps one header with its content and returns where the next one starts.
func (t *tarFile) entry(at int64) (int64, error) {
	h := t.data[at : at+tarBlock]
	if !tarSum(h) {
		return 0, fmt.Errorf("tar: the header at %d has a wrong checksum", at)
	}
	size, ok := tarSize(h[124:136])
	flag := h[156]
	extension := strings.IndexByte("xgLK", flag) >= 0
	if t.length >= 0 && !extension {
		size = t.length
	}
	if flag == '1' || flag == '2' || flag == '3' || flag == '4' || flag == '5' || flag == '6' {
		size = 0
	}
	content := at + tarBlock
	if !ok || !within(content, size, t.size) {
		return 0, fmt.Errorf("tar: the entry at %d has a length that does not fit", at)
	}
	next := content + (size+tarBlock-1)/tarBlock*tarBlock
	if extension {
		pax := flag == 'x' || flag == 'g'
		t.pending = append(t.pending, tarPart{from: at, to: content, flag: flag},
			tarPart{from: content, to: content + size, pax: pax, global: flag == 'g'})
		if next > content+size {
			t.pending = append(t.pending, tarPart{from: content + size, to: min(next, t.size)})
		}
		return next, t.extension(flag, t.data[content:content+size])
	}
	if err := t.budget.member(); err != nil {
		return 0, err
	}
	t.named(at, content, size, min(next, t.size))
	t.pending, t.longName, t.length = nil, "", -1
	return next, nil
}

// extension takes over what a header says about the entry that follows.
func (t *tarFile) extension(flag byte, content []byte) error {
	switch flag {
	case 'L':
		t.longName = strings.TrimRight(string(content), "\x00")
	case 'K', 'g': // a long link target and global attributes are compared where they stand
	default:
		for rest := content; len(rest) > 0; {
			r, err := paxRecord(rest)
			if err != nil {
				return err
			}
			switch r.name {
			case "path":
				t.longName = r.value
			case "size":
				n, err := strconv.ParseInt(r.value, 10, 64)
				if err != nil || n < 0 {
					return errors.New("tar: a pax header has a malformed size")
				}
				t.length = n
			}
			rest = rest[r.length:]
		}
	}
	return nil
}

// named adds the regions of an entry now that its name is known.
func (t *tarFile) named(at, content, size, next int64) {
	h := t.data[at:content]
	path := t.longName
	if path == "" {
		path = tarText(h[:100])
		if prefix := tarText(h[345:500]); prefix != "" && string(h[257:262]) == "ustar" && h[262] == 0 {
			path = prefix + "/" + path
		}
	}
	t.path = path
	defer func() { t.path = "" }()
	for _, p := range t.pending {
		t.part(p, path)
	}
	key := "header of " + path
	mode, _ := octal(h[100:108])
	flag := h[156]
	t.record(at, content, key, func() []Region { return t.headerFields(at, key) })
	m := t.member(Member{
		Path: path, Mode: archive.UnixMode(uint32(mode)), Link: flag == '1' || flag == '2',
		open: func() ([]byte, error) { return t.data[content : content+size], t.budget.spend(size) },
	})
	if size > 0 {
		t.put(Region{From: content, To: content + size, Role: Stored, Key: "content of " + path, Member: m})
	}
	t.round(content+size, next, "round-up of "+path)
}

func (t *tarFile) round(from, to int64, key string) {
	if from == to {
		return
	}
	role := Blocking
	if !zeros(t.data[from:to]) {
		role = Gap
	}
	t.add(from, to, role, key)
}

func (t *tarFile) part(p tarPart, path string) {
	switch {
	case p.flag != 0:
		key := "extension header of " + path
		t.record(p.from, p.to, key, func() []Region { return t.extensionFields(p.from, key) })
	case p.pax:
		key := "attributes of " + path
		t.record(p.from, p.to, key, func() []Region { return t.paxFields(p, key) })
	case p.to-p.from < tarBlock && zeros(t.data[p.from:p.to]):
		t.add(p.from, p.to, Blocking, "round-up of the extension of "+path)
	default:
		t.add(p.from, p.to, Name, "long name of "+path)
	}
}

// paxAttribute is one record of a pax header.
type paxAttribute struct {
	name, value string
	length      int64
}

// paxRecord reads "length name=value\n".
func paxRecord(b []byte) (paxAttribute, error) {
	bad := errors.New("tar: a pax header is malformed")
	space := bytes.IndexByte(b, ' ')
	if space <= 0 || space > 10 {
		return paxAttribute{}, bad
	}
	n, err := strconv.Atoi(string(b[:space]))
	if err != nil || n <= space+2 || n > len(b) || b[n-1] != '\n' {
		return paxAttribute{}, bad
	}
	name, value, ok := strings.Cut(string(b[space+1:n-1]), "=")
	if !ok {
		return paxAttribute{}, bad
	}
	return paxAttribute{name, value, int64(n)}, nil
}

// tarSum holds a header to its checksum, as signed or unsigned bytes.
func tarSum(h []byte) bool {
	want, ok := octal(h[148:156])
	if !ok {
		return false
	}
	var unsigned, signed int64
	for i, c := range h[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return want == unsigned || want == signed
}

// tarSize reads a length, octal or base 256.
func tarSize(b []byte) (int64, bool) {
	if b[0]&0x80 == 0 {
		return octal(b)
	}
	n := int64(b[0] & 0x7f)
	for _, c := range b[1:] {
		if n > 1<<54 {
			return 0, false
		}
		n = n<<8 | int64(c)
	}
	return n, true
}

func tarText(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
