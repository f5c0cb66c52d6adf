package evidence

import (
	"bytes"
	"io"
)

// Overlay reads from a base that it never changes and from a top that takes
// everything new: a replay's evidence is a dossier with Memory on top.
type Overlay struct {
	base Reader
	top  ReadWriter
}

// NewOverlay puts top over base.
func NewOverlay(base Reader, top ReadWriter) *Overlay { return &Overlay{base: base, top: top} }

// Has reports whether either has the blob.
func (o *Overlay) Has(d Digest) bool { return o.top.Has(d) || o.base.Has(d) }

// Size is the blob's, in bytes, if the side that has it knows.
func (o *Overlay) Size(d Digest) (int64, bool) {
	if s, ok := o.side(d).(Sizer); ok {
		return s.Size(d)
	}
	return 0, false
}

// Read returns the blob from the top if it is there, else from the base.
func (o *Overlay) Read(d Digest, limit int64) ([]byte, error) { return o.side(d).Read(d, limit) }

// Open streams the blob; see Opener and OpenBlob.
func (o *Overlay) Open(d Digest) (io.ReadCloser, int64, error) { return OpenBlob(o.side(d), d) }

func (o *Overlay) openRaw(d Digest) (io.ReadCloser, int64, error) {
	return openUnhashed(o.side(d), d)
}

// PutBytes keeps data on the top, unless the base has it.
func (o *Overlay) PutBytes(data []byte) (Digest, error) {
	if d := Of(data); o.base.Has(d) {
		return d, nil
	}
	return o.top.PutBytes(data)
}

// Put keeps what r gives on the top; see Putter. A top that is no Putter is
// given it in one piece.
func (o *Overlay) Put(r io.Reader, limit int64) (Digest, int64, error) {
	if p, ok := o.top.(Putter); ok {
		return p.Put(r, limit)
	}
	var buf bytes.Buffer
	n, err := copyLimited(&buf, r, limit)
	if err != nil {
		return "", 0, err
	}
	d, err := o.top.PutBytes(buf.Bytes())
	return d, n, err
}

func (o *Overlay) side(d Digest) Reader {
	if o.top.Has(d) {
		return o.top
	}
	return o.base
}
