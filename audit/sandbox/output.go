package sandbox

import (
	"bytes"
	"io"
	"sync"
)

// An output keeps what a command prints on both streams, up to a number of
// bytes together, and tells when there was more.
type output struct {
	mu      sync.Mutex
	streams [2]bytes.Buffer
	left    int64
	over    chan struct{} // closed at the first byte too many
}

func newOutput(limit int64) *output { return &output{left: limit, over: make(chan struct{})} }

func (o *output) stdout() io.Writer { return stream{o, 0} }
func (o *output) stderr() io.Writer { return stream{o, 1} }

func (o *output) exceeded() bool {
	select {
	case <-o.over:
		return true
	default:
		return false
	}
}

// bytes is what a stream (1 or 2) printed.
func (o *output) bytes(fd int) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.streams[fd-1].Bytes())
}

// A stream is one of an output's two. Its writer never fails: the one who
// prints is stopped by other means.
type stream struct {
	o *output
	i int
}

func (s stream) Write(p []byte) (int, error) {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	keep := p
	if int64(len(p)) > s.o.left {
		keep = p[:s.o.left]
		select {
		case <-s.o.over:
		default:
			close(s.o.over)
		}
	}
	s.o.left -= int64(len(keep))
	s.o.streams[s.i].Write(keep) // a bytes.Buffer does not fail
	return len(p), nil
}
