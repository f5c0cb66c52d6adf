package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readContents reads the documents at the start of a dossier, as far as is
// needed to learn what it claims to hold. Nothing that it returns is more than
// a claim: laid out again, it says what every byte of the file must be, and
// checkMembers holds the file against that.
func readContents(file io.ReaderAt, size int64) (Contents, error) {
	r := claims{file: file, size: size}
	first, err := canonical(ociLayout{Version: "1.0.0"})
	if err != nil {
		return Contents{}, err
	}
	header, err := r.bytes(layoutName, block)
	if err != nil {
		return Contents{}, notADossier(err)
	}
	if n, ok := headerSize(header, layoutName); !ok || n != int64(len(first)) {
		return Contents{}, &DossierError{Code: NotADossier, Reason: "it does not begin as a tar whose first member is oci-layout"}
	}
	r.at += block
	var (
		idx               ociIndex
		dossier, evidence ociManifest
	)
	if err := r.document(indexName, "", maxIndex, &idx); err != nil {
		return Contents{}, err
	}
	if len(idx.Manifests) != 2 {
		return Contents{}, tampered(indexName, r.at, "it does not list a dossier and its evidence")
	}
	for i, into := range []*ociManifest{&dossier, &evidence} {
		d, err := ParseDigest(string(idx.Manifests[i].Digest))
		if err != nil {
			return Contents{}, tampered(indexName, r.at, err.Error())
		}
		if err := r.document(blobName(d), d, maxManifest, into); err != nil {
			return Contents{}, err
		}
	}
	if n := len(dossier.Layers) + len(evidence.Layers); n > MaxEntries {
		return Contents{}, tampered("", r.at, fmt.Sprintf("%d entries, of at most %d", n, MaxEntries))
	}
	c := fromEntries(dossier.layers())
	c.Evidence = evidence.layers()
	return c, nil
}

const wrongDigest = "its content does not have the digest that it is named by"

// claims reads members one after the other.
type claims struct {
	file     io.ReaderAt
	size, at int64 // bytes
}

// document reads the member called name, of at most limit bytes, and decodes it.
// If it has a digest, it is hashed first.
func (r *claims) document(name string, digest Digest, limit int64, into any) error {
	header, err := r.bytes(name, block)
	if err != nil {
		return err
	}
	size, ok := headerSize(header, name)
	if !ok {
		return tampered(name, r.at-block, "its header is not the one that belongs here")
	}
	if size > limit {
		return tampered(name, r.at-block, fmt.Sprintf("it has %d bytes, of at most %d", size, limit))
	}
	raw, err := r.bytes(name, size)
	if err != nil {
		return err
	}
	if digest != "" && Of(raw) != digest {
		return tampered(name, r.at-size, wrongDigest)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return tampered(name, r.at-size, "it is not the JSON that belongs here")
	}
	r.at += padding(size)
	return nil
}

// bytes reads the next n bytes, of which the caller has checked that they are
// not too many.
func (r *claims) bytes(name string, n int64) ([]byte, error) {
	if n > r.size-r.at {
		return nil, tampered(name, r.size, "the file ends inside it")
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r.file, r.at, n), raw); err != nil {
		return nil, readError(name, r.at, err)
	}
	r.at += n
	return raw, nil
}

// checkMembers holds every byte of a file against the layout that its contents
// give.
func checkMembers(file io.Reader, l layout) error {
	piece := int(max(min(l.size, copyBuffer), tail))
	in, buf := bufio.NewReaderSize(file, piece), make([]byte, piece)
	for _, m := range l.members {
		if err := checkMember(in, m, buf); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(in, buf[:tail]); err != nil {
		return readError("", l.size-tail, err)
	}
	if !zeros(buf[:tail]) {
		return tampered("", l.size-tail, "the two blocks of zeros at the end are not zeros")
	}
	return nil
}

func checkMember(in io.Reader, m member, buf []byte) error {
	want := tarHeader(m.name, m.size)
	if _, err := io.ReadFull(in, buf[:block]); err != nil {
		return readError(m.name, m.offset-block, err)
	}
	if !bytes.Equal(buf[:block], want[:]) {
		return tampered(m.name, m.offset-block, "its header is not the one that belongs here")
	}
	if err := checkContent(in, m, buf); err != nil {
		return err
	}
	pad := buf[:padding(m.size)]
	if _, err := io.ReadFull(in, pad); err != nil {
		return readError(m.name, m.offset+m.size, err)
	}
	if !zeros(pad) {
		return tampered(m.name, m.offset+m.size, "what fills its last block is not zeros")
	}
	return nil
}

func checkContent(in io.Reader, m member, buf []byte) error {
	if m.raw != nil {
		got := make([]byte, m.size)
		if _, err := io.ReadFull(in, got); err != nil {
			return readError(m.name, m.offset, err)
		}
		if !bytes.Equal(got, m.raw) {
			return tampered(m.name, m.offset, "it is not, byte for byte, what an audit writes for these contents")
		}
		return nil
	}
	hash := sha256.New()
	for left := m.size; left > 0; {
		piece := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(in, piece); err != nil {
			return readError(m.name, m.offset+m.size-left, err)
		}
		hash.Write(piece)
		left -= int64(len(piece))
	}
	if sum(hash) != m.digest {
		return tampered(m.name, m.offset, wrongDigest)
	}
	return nil
}

func tampered(member string, offset int64, reason string) error {
	return &DossierError{Code: Tampered, Member: member, Offset: offset, Reason: reason}
}

// notADossier is the error for a file that ends before its first header does.
func notADossier(err error) error {
	var short *DossierError
	if errors.As(err, &short) {
		short.Code = NotADossier
	}
	return err
}

// readError tells a file that has become shorter from a disk that fails.
func readError(member string, offset int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return tampered(member, offset, "the file ends inside it")
	}
	return fmt.Errorf("read dossier, %s at byte %d: %w", member, offset, err)
}

// zeros reports whether there is nothing but zeros.
func zeros(p []byte) bool { return len(bytes.TrimLeft(p, "\x00")) == 0 }
