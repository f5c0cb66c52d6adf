package sections

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// readGzip maps a gzip file (RFC 1952). Its content is that of all its streams,
// as every reader gives it.
func readGzip(data []byte, b *Budget) (*Layout, error) {
	c := newCover(Gzip, data)
	var content bytes.Buffer
	at := int64(0)
	for n := 1; ; n++ {
		next, err := gzipStream(c, data, at, n, b, &content)
		if err != nil && n == 1 {
			return nil, err
		}
		if err != nil {
			break // what follows is no stream: it is after the last record
		}
		if at = next; at == c.size || !bytes.HasPrefix(data[at:], []byte("\x1f\x8b\x08")) {
			break
		}
	}
	c.member(Member{Mode: 0o644, open: func() ([]byte, error) { return content.Bytes(), nil }})
	return c.close(c.plainGap), nil
}

// gzipStream maps one stream and appends what it unpacks to.
func gzipStream(c *cover, data []byte, at int64, n int, b *Budget, content *bytes.Buffer) (int64, error) {
	if err := b.member(); err != nil {
		return 0, err
	}
	key := fmt.Sprintf("stream %d", n)
	head, err := gzipHead(data, at, key)
	if err != nil {
		return 0, err
	}
	from := head[len(head)-1].To
	src := bytes.NewReader(data[from:])
	before := content.Len()
	room := b.room()
	got, err := content.ReadFrom(io.LimitReader(flate.NewReader(src), room+1))
	if got > room {
		return 0, b.spend(got)
	}
	stop := c.size - int64(src.Len())
	if err != nil || stop+8 > c.size {
		content.Truncate(before)
		return 0, errors.New("gzip: the stream is malformed or cut off")
	}
	if err := b.spend(got); err != nil {
		return 0, err
	}
	for _, r := range head {
		if n > 1 && r.Role == Fixed {
			r.Role = ExtraStream
		}
		c.put(r)
	}
	c.put(Region{From: from, To: stop, Role: Packed, Key: key + ": content", Member: 1})
	out := content.Bytes()[before:]
	valid := u32(data, stop) == crc32.ChecksumIEEE(out) && u32(data, stop+4) == uint32(len(out))
	c.put(Region{From: stop, To: stop + 8, Role: Checksum, Key: key + ": checksum and length", Valid: valid})
	return stop + 8, nil
}

// gzipHead maps a header.
func gzipHead(data []byte, at int64, key string) ([]Region, error) {
	cut := errors.New("gzip: a header is cut off")
	size := int64(len(data))
	if !within(at, 10, size) {
		return nil, cut
	}
	flags := data[at+3]
	list := divide(at, key, []field{{3, Fixed, "magic and method"}, {1, Structure, "flags"}, {4, Time, "time"}, {2, Packer, "level and host system"}})
	pos := at + 10
	add := func(n int64, role Role, name string) error {
		if !within(pos, n, size) {
			return cut
		}
		list = append(list, divide(pos, key, []field{{n, role, name}})...)
		pos += n
		return nil
	}
	text := func(role Role, name string) error {
		n := bytes.IndexByte(data[pos:], 0)
		if n < 0 {
			return cut
		}
		return add(int64(n)+1, role, name)
	}
	var err error
	if flags&4 != 0 {
		if !within(pos, 2, size) {
			return nil, cut
		}
		err = add(2+int64(u16(data, pos)), Extra, "extra field")
	}
	if flags&8 != 0 && err == nil {
		err = text(Packer, "file name")
	}
	if flags&16 != 0 && err == nil {
		err = text(Comment, "comment")
	}
	if flags&2 != 0 && err == nil {
		sum := pos
		if err = add(2, Checksum, "header checksum"); err == nil {
			list[len(list)-1].Valid = u16(data, sum) == uint16(crc32.ChecksumIEEE(data[at:sum]))
		}
	}
	return list, err
}

// readXz maps an xz file (The .xz File Format 1.2.1). Streams are found from
// their footers, backward; the index of each says how long its blocks are.
func readXz(data []byte, b *Budget) (*Layout, error) {
	c := newCover(Xz, data)
	stop := c.size
	for n := 1; stop > 0; n++ {
		from := stop
		for from >= 4 && from > 0 && zeros(data[from-4:from]) {
			from -= 4
		}
		if from < stop {
			c.add(from, stop, Blocking, "padding of the stream")
		}
		start, err := xzStream(c, data, from, n)
		if err != nil {
			if n == 1 {
				return xzHead(c, data, b)
			}
			return nil, err
		}
		stop = start
		if err := b.member(); err != nil {
			return nil, err
		}
	}
	m := c.member(Member{Mode: 0o644, open: func() ([]byte, error) { return unxz(data, b) }})
	for i := range c.layout.Regions {
		if c.layout.Regions[i].Role == Packed {
			c.layout.Regions[i].Member = m
		}
	}
	return c.close(c.plainGap), nil
}

// xzStream maps the stream that ends at stop and returns where it starts.
func xzStream(c *cover, data []byte, stop int64, n int) (int64, error) {
	bad := errors.New("xz: there is no stream footer where a stream ends")
	if stop < 32 || string(data[stop-2:stop]) != "YZ" || crc32.ChecksumIEEE(data[stop-8:stop-2]) != u32(data, stop-12) {
		return 0, bad
	}
	index := stop - 12 - (int64(u32(data, stop-8))+1)*4
	if index < 12 {
		return 0, bad
	}
	blocks, ok := xzIndex(data[index : stop-12])
	start := index - blocks - 12
	if !ok || start < 0 || string(data[start:start+6]) != "\xfd7zXZ\x00" || crc32.ChecksumIEEE(data[start+6:start+8]) != u32(data, start+8) {
		return 0, bad
	}
	key := fmt.Sprintf("stream -%d", n)
	role := Packer
	if start > 0 {
		role = ExtraStream // what it is joined to stands before it
	}
	c.add(start, start+12, role, key+": header")
	c.add(start+12, index, Packed, key+": blocks")
	c.put(Region{From: index, To: stop, Role: Checksum, Key: key + ": index and footer", Valid: true})
	return start, nil
}

// xzIndex adds up how long the blocks are that an index lists.
func xzIndex(b []byte) (total int64, ok bool) {
	if len(b) < 8 || b[0] != 0 || crc32.ChecksumIEEE(b[:len(b)-4]) != u32(b, int64(len(b)-4)) {
		return 0, false
	}
	rest := b[1 : len(b)-4]
	count, rest, ok := xzNumber(rest)
	if !ok || count > int64(len(rest)) {
		return 0, false
	}
	for range count {
		var unpadded int64
		if unpadded, rest, ok = xzNumber(rest); !ok {
			return 0, false
		}
		if _, rest, ok = xzNumber(rest); !ok {
			return 0, false
		}
		if total += (unpadded + 3) &^ 3; total < 0 || unpadded > 1<<60 {
			return 0, false
		}
	}
	return total, len(rest) < 4 && zeros(rest)
}

func xzNumber(b []byte) (int64, []byte, bool) {
	var n int64
	for i := 0; i < len(b) && i < 9; i++ {
		n |= int64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return n, b[i+1:], n >= 0
		}
	}
	return 0, nil, false
}

// xzHead maps an xz file with something after its last stream: the end of the
// stream is found where its footer is.
func xzHead(c *cover, data []byte, b *Budget) (*Layout, error) {
	c.layout.Regions = nil
	for at := int64(32); at <= c.size; at += 4 {
		if string(data[at-2:at]) != "YZ" {
			continue
		}
		probe := newCover(Xz, data[:at])
		if start, err := xzStream(probe, data[:at], at, 1); err == nil && start == 0 {
			m := c.member(Member{Mode: 0o644, open: func() ([]byte, error) { return unxz(data[:at], b) }})
			for _, r := range probe.layout.Regions {
				if r.Role == Packed {
					r.Member = m
				}
				c.put(r)
			}
			return c.close(c.plainGap), nil
		}
	}
	return nil, errors.New("xz: there is no stream footer")
}

func unxz(data []byte, b *Budget) ([]byte, error) {
	// The dictionary that a stream asks for is allocated before anything is read.
	r, err := xz.ReaderConfig{DictCap: 64 << 20}.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("xz: %w", err)
	}
	return drain(r, b, "xz")
}

func unzstd(data []byte, b *Budget) ([]byte, error) {
	r, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	defer r.Close()
	return drain(r, b, "zstd")
}

func drain(r io.Reader, b *Budget, what string) ([]byte, error) {
	room := b.room()
	out, err := io.ReadAll(io.LimitReader(r, room+1))
	if int64(len(out)) > room {
		return nil, b.spend(int64(len(out)))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, b.spend(int64(len(out)))
}
