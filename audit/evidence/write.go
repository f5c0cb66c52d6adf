package evidence

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// WriteDossier writes a dossier of contents whose blobs src has, and returns its
// digest: that of the dossier manifest. The same contents give the same bytes.
// Blobs are streamed, and hashed on the way; after an error what was written is
// not a dossier and must be thrown away. An error is a *ContentsError where the
// contents are at fault, ErrNotFound or ErrCorrupt where src is.
func WriteDossier(w io.Writer, src Reader, c Contents) (Digest, error) {
	l, err := layOut(c)
	if err != nil {
		return "", err
	}
	names := entryNames(c)
	for _, m := range l.members {
		if m.raw == nil && !src.Has(m.digest) {
			return "", fmt.Errorf("write dossier: %q: %w", names[m.digest], blobError(m.digest, ErrNotFound))
		}
	}
	out := bufio.NewWriterSize(w, copyBuffer)
	buf := make([]byte, copyBuffer)
	for _, m := range l.members {
		if err := writeMember(out, src, m, buf); err != nil {
			return "", fmt.Errorf("write dossier: %q: %w", names[m.digest], err)
		}
	}
	if _, err := out.Write(make([]byte, tail)); err != nil {
		return "", fmt.Errorf("write dossier: %w", err)
	}
	if err := out.Flush(); err != nil {
		return "", fmt.Errorf("write dossier: %w", err)
	}
	return l.dossier, nil
}

func writeMember(w io.Writer, src Reader, m member, buf []byte) error {
	header := tarHeader(m.name, m.size)
	if _, err := w.Write(header[:]); err != nil {
		return err
	}
	var err error
	if m.raw != nil {
		_, err = w.Write(m.raw)
	} else {
		err = writeBlob(w, src, m, buf)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(make([]byte, padding(m.size)))
	return err
}

// writeBlob copies exactly the blob that the layout promises, or fails.
func writeBlob(w io.Writer, src Reader, m member, buf []byte) (err error) {
	from, size, err := openUnhashed(src, m.digest)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if size != m.size {
		return fmt.Errorf("%w: it has %d bytes, and is listed with %d", blobError(m.digest, ErrCorrupt), size, m.size)
	}
	hash := sha256.New()
	// Reading on past the size lets a source that checks for itself say so.
	n, err := io.CopyBuffer(io.MultiWriter(limitedWriter{w, new(m.size)}, hash), struct{ io.Reader }{from}, buf)
	switch {
	case err != nil:
		return err
	case n != m.size, sum(hash) != m.digest:
		return blobError(m.digest, ErrCorrupt)
	}
	return nil
}

// limitedWriter refuses, as ErrCorrupt, what goes beyond a blob's size.
type limitedWriter struct {
	w    io.Writer
	left *int64
}

func (l limitedWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > *l.left {
		return 0, fmt.Errorf("%w: it has more bytes than it is listed with", ErrCorrupt)
	}
	*l.left -= int64(len(p))
	return l.w.Write(p)
}

// entryNames gives a name to each digest, for errors.
func entryNames(c Contents) map[Digest]string {
	names := map[Digest]string{}
	for _, e := range c.Evidence {
		names[e.Digest] = e.Name
	}
	for _, e := range c.entries() {
		names[e.Digest] = e.Name
	}
	return names
}
