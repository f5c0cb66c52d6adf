package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// privileged are extended attributes that grant something to whoever runs the
// file.
var privileged = []string{
	"SCHILY.xattr.security.", "LIBARCHIVE.xattr.security.", "SCHILY.acl.", "SCHILY.xattr.system.posix_acl",
}

func walkTar(w walker, data []byte) error {
	return walkTarStream(w, bytes.NewReader(data))
}

// walkTarStream reads a tar to its end and then what stands after it.
func walkTarStream(w walker, src io.Reader) error {
	r := tar.NewReader(src)
	var buffer bytes.Buffer
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return w.tarRest(src)
		}
		if err != nil {
			return w.tarFault("", err)
		}
		if err := w.budget.entry(w.name); err != nil {
			return err
		}
		if err := w.tarMember(h, r, &buffer); err != nil {
			return err
		}
	}
}

func (w walker) tarMember(h *tar.Header, r io.Reader, buffer *bytes.Buffer) error {
	buffer.Reset()
	room := w.budget.room()
	if h.Size > room { // a sparse file is mostly not there: its zeros need not be made
		return w.budget.spent(w.name, h.Name, h.Size)
	}
	n, err := buffer.ReadFrom(io.LimitReader(r, room+1))
	if n > room {
		return w.budget.spent(w.name, h.Name, n)
	}
	if err != nil {
		return w.tarFault(h.Name, err)
	}
	if err := w.budget.spent(w.name, h.Name, n); err != nil {
		return err
	}
	content := buffer.Bytes()
	m := Member{Mode: h.FileInfo().Mode(), Size: n, Digest: evidence.Of(content), Link: h.Linkname}
	m.Kind = tarKind(h.Typeflag)
	if m.Kind == File || m.Kind == Dir {
		m.Link = ""
	}
	w.noteTar(h)
	return w.emit(h.Name, m, content)
}

func (w walker) noteTar(h *tar.Header) {
	sparse, grants := h.Typeflag == tar.TypeGNUSparse, false
	for key := range h.PAXRecords {
		sparse = sparse || strings.HasPrefix(key, "GNU.sparse.")
		for _, p := range privileged {
			grants = grants || strings.HasPrefix(key, p)
		}
	}
	if sparse {
		w.note(Sparse, h.Name, "")
	}
	if grants {
		w.note(Capabilities, h.Name, "")
	}
}

// tarRest requires that only zeros follow the end of the archive.
func (w walker) tarRest(src io.Reader) error {
	var chunk [32 << 10]byte
	rest := int64(0)
	for {
		n, err := src.Read(chunk[:])
		if n > 0 && len(bytes.Trim(chunk[:n], "\x00")) > 0 {
			rest += int64(n)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return w.tarFault("", err)
		}
	}
	if rest > 0 {
		w.note(TarTrailing, "", "data after the end of the archive")
	}
	return nil
}

// tarFault passes on the limits of the stream below and names what is
// malformed.
func (w walker) tarFault(raw string, err error) error {
	var limit *LimitError
	var format *FormatError
	if errors.As(err, &limit) || errors.As(err, &format) {
		return err
	}
	return w.malformed(raw, "tar", err.Error())
}

func tarKind(flag byte) Kind {
	switch flag {
	case tar.TypeReg, '\x00', tar.TypeGNUSparse, tar.TypeCont:
		return File
	case tar.TypeDir:
		return Dir
	case tar.TypeSymlink:
		return Symlink
	default:
		return Other
	}
}
