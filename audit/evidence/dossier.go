package evidence

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// A Dossier is an open dossier, of which every byte has been checked. It reads
// in place, and hashes again what it reads, in the buffer that it returns, for
// the file may have changed since. It is safe for several goroutines.
type Dossier struct {
	file     io.ReaderAt
	close    func() error
	layout   layout
	contents Contents
}

// OpenDossier opens the dossier at path without unpacking it, and checks all of
// it: each header, name and padding byte, the canonical form of its documents,
// the digest of every blob, that each blob is listed and each listed blob is
// there. Where it is not what an audit wrote, the error is a *DossierError.
func OpenDossier(path string) (*Dossier, error) {
	// Looking first keeps a named pipe from blocking the opening.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open dossier: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, &DossierError{Code: NotADossier, Reason: "not a regular file"})
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open dossier: %w", err)
	}
	d, err := openFile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, f.Close()))
	}
	return d, nil
}

func openFile(f *os.File) (*Dossier, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d, err := OpenDossierAt(f, info.Size())
	if err != nil {
		return nil, err
	}
	d.close = f.Close
	return d, nil
}

// OpenDossierAt is OpenDossier for size bytes that are somewhere else than in a
// file. They stay the caller's to close.
func OpenDossierAt(file io.ReaderAt, size int64) (*Dossier, error) {
	c, err := readContents(file, size)
	if err != nil {
		return nil, err
	}
	l, err := layOut(c)
	if err != nil {
		return nil, tampered("", 0, err.Error())
	}
	if l.size != size {
		return nil, tampered("", min(l.size, size), fmt.Sprintf("the file has %d bytes, its contents make %d", size, l.size))
	}
	if err := checkMembers(io.NewSectionReader(file, 0, size), l); err != nil {
		return nil, err
	}
	return &Dossier{file: file, close: func() error { return nil }, layout: l, contents: c}, nil
}

// Close closes the file.
func (d *Dossier) Close() error { return d.close() }

// Digest is the dossier's: that of its manifest.
func (d *Dossier) Digest() Digest { return d.layout.dossier }

// Evidence is the digest of the evidence manifest, which the report cites.
func (d *Dossier) Evidence() Digest { return d.layout.evidence }

// Contents is what the dossier holds, sorted by name.
func (d *Dossier) Contents() Contents { return d.contents }

// Has reports whether the dossier holds the blob.
func (d *Dossier) Has(digest Digest) bool {
	_, ok := d.layout.at[digest]
	return ok
}

// Size is the blob's, in bytes.
func (d *Dossier) Size(digest Digest) (int64, bool) {
	i, ok := d.layout.at[digest]
	if !ok {
		return 0, false
	}
	return d.layout.members[i].size, true
}

// Read returns the blob, hashed in the buffer that is returned; see Reader.
func (d *Dossier) Read(digest Digest, limit int64) ([]byte, error) {
	from, size, err := d.section(digest)
	if err != nil {
		return nil, err
	}
	if err := checkSize(digest, size, limit); err != nil {
		return nil, err
	}
	return readWhole(from, digest, size)
}

// Open streams the blob; see Opener.
func (d *Dossier) Open(digest Digest) (io.ReadCloser, int64, error) {
	from, size, err := d.openRaw(digest)
	if err != nil {
		return nil, 0, err
	}
	return newVerifying(from, digest, size), size, nil
}

func (d *Dossier) openRaw(digest Digest) (io.ReadCloser, int64, error) {
	from, size, err := d.section(digest)
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(from), size, nil
}

func (d *Dossier) section(digest Digest) (*io.SectionReader, int64, error) {
	i, ok := d.layout.at[digest]
	if !ok {
		return nil, 0, blobError(digest, ErrNotFound)
	}
	m := d.layout.members[i]
	return io.NewSectionReader(d.file, m.offset, m.size), m.size, nil
}
