package sandbox

import "bytes"

// capped keeps the first bytes that are written to it and notes when there were
// more. It never makes the writer fail.
type capped struct {
	buf  bytes.Buffer
	left int64
	over bool
}

func (c *capped) Write(p []byte) (int, error) {
	keep := p
	if int64(len(p)) > c.left {
		keep, c.over = p[:c.left], true
	}
	c.left -= int64(len(keep))
	c.buf.Write(keep) // a bytes.Buffer does not fail
	return len(p), nil
}
