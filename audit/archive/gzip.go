package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"strings"
)

// gzipStream reads every member of a gzip file as one stream, counts what
// comes out, and remembers what stands after the last member.
type gzipStream struct {
	src      *bytes.Reader
	z        *gzip.Reader
	w        walker
	members  int
	trailing int
	ended    bool
}

func newGzip(w walker, data []byte) (*gzipStream, error) {
	s := &gzipStream{src: bytes.NewReader(data), w: w, members: 1}
	z, err := gzip.NewReader(s.src) // a ByteReader: it reads no further than it must
	if err != nil {
		return nil, w.malformed("", "gzip", err.Error())
	}
	z.Multistream(false)
	s.z = z
	return s, nil
}

func (s *gzipStream) Read(p []byte) (int, error) {
	for {
		if s.ended {
			return 0, io.EOF
		}
		n, err := s.z.Read(p)
		if n > 0 {
			if over := s.w.budget.streamed(s.w.name, int64(n)); over != nil {
				return 0, over
			}
		}
		switch {
		case err == nil || n > 0 && errors.Is(err, io.EOF):
			return n, nil
		case !errors.Is(err, io.EOF):
			return n, s.w.malformed("", "gzip", err.Error())
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
}

// next goes on to the following member; io.EOF when there is none.
func (s *gzipStream) next() error {
	left := s.src.Len()
	if left == 0 {
		s.ended = true
		return io.EOF
	}
	if err := s.z.Reset(s.src); err != nil {
		s.trailing, s.ended = left, true
		return io.EOF
	}
	s.z.Multistream(false)
	s.members++
	return nil
}

func (s *gzipStream) note() {
	if s.trailing > 0 {
		s.w.note(GzipTrailing, "", "%d bytes after the last gzip member", s.trailing)
	}
	if s.members > 1 {
		s.w.note(GzipMembers, "", "%d gzip members read as one", s.members)
	}
}

// walkGzip reads a tar.gz as a tar, and anything else as one packed file.
func walkGzip(w walker, data []byte) error {
	s, err := newGzip(w, data)
	if err != nil {
		return err
	}
	defer s.note()
	const block = 512
	src := bufio.NewReaderSize(s, 64<<10)
	head, err := src.Peek(block)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if tarHeader(head) {
		return walkTarStream(w, src)
	}
	room := w.budget.room()
	var content bytes.Buffer
	n, err := content.ReadFrom(io.LimitReader(src, room+1))
	if n > room {
		return w.budget.spent(w.name, "", n)
	}
	if err != nil {
		return err
	}
	return w.single(gzipName(w.name), content.Bytes())
}

// gzipName is the name of what is packed, from the name of the packed file: the
// one in the gzip header is the packer's to choose and changes nothing.
func gzipName(name string) string {
	base := path.Base(name)
	if stem := strings.TrimSuffix(base, ".gz"); stem != base && stem != "" {
		return stem
	}
	if stem := strings.TrimSuffix(base, ".tgz"); stem != base && stem != "" {
		return stem + ".tar"
	}
	return base
}
