package advisories

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/google/osv-scalibr/inventory/osvecosystem"

	"github.com/proffer-audit/proffer/audit/evidence"
)

const (
	// maxEntries caps the members of one archive and the files of one directory.
	maxEntries = 2_000_000
	archiveZip = "all.zip"
)

// PackZip packs one all.zip of OSV records, as the public archive and a mirror
// of it serve them. It may hold records of several ecosystems; those that bear
// on none of the given ones are left out. What is wrong with the archive is in
// the pack, as a fault; an error means that no pack could be made at all.
func PackZip(data []byte, ecosystems []string, label string) ([]byte, error) {
	b := newBuilder(ecosystems, label)
	b.zip(archiveZip, "", data)
	return b.pack()
}

// A Fetched is one archive of the public OSV archive, as the caller obtained it.
type Fetched struct {
	Ecosystem string
	Data      []byte
	Problem   string // why it could not be had; Data is then ignored
}

// PackFetched packs archives that were fetched one by one, each for its
// ecosystem.
func PackFetched(archives []Fetched, label string) ([]byte, error) {
	var asked []string
	for _, a := range archives {
		asked = append(asked, a.Ecosystem)
	}
	b := newBuilder(asked, label)
	for _, a := range archives {
		if a.Problem != "" {
			b.fault(Absent, a.Ecosystem, a.Ecosystem+"/"+archiveZip, a.Problem)
			continue
		}
		b.zip(a.Ecosystem+"/"+archiveZip, a.Ecosystem, a.Data)
	}
	return b.pack()
}

// PackDir packs a directory: .json files are records, and all.zip files are
// archives of the ecosystem that their folder is named after, at any depth
// (Go/all.zip, osv-scalibr/Go/all.zip). Other files are passed over.
func PackDir(dir fs.FS, ecosystems []string, label string) ([]byte, error) {
	b := newBuilder(ecosystems, label)
	entries := 0
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read advisory directory at %.200q: %w", name, err)
		}
		if entries++; entries > maxEntries {
			return fmt.Errorf("advisory directory holds more than %d files", maxEntries)
		}
		if d.IsDir() {
			return nil
		}
		return b.file(dir, name, d)
	})
	if err != nil {
		return nil, err
	}
	return b.pack()
}

func (b *builder) file(dir fs.FS, name string, d fs.DirEntry) error {
	base := path.Base(name)
	if base != archiveZip && path.Ext(base) != ".json" {
		return nil
	}
	ecosystem := ""
	if base == archiveZip {
		ecosystem = ecosystemOf(path.Base(path.Dir(name)))
		if !b.wants(ecosystem) {
			return nil
		}
	}
	if !d.Type().IsRegular() {
		b.fault(NotRegular, ecosystem, name, "a link or device is not followed")
		return nil
	}
	limit := int64(maxRecord)
	if base == archiveZip {
		limit = MaxPack
	}
	data, err := readFile(dir, name, limit)
	var bad *RecordError
	switch {
	case errors.As(err, &bad):
		b.fault(bad.Class, ecosystem, name, bad.Detail)
	case err != nil:
		return err
	case base == archiveZip:
		b.zip(name, ecosystem, data)
	default:
		b.record(name, "", data)
	}
	return nil
}

func readFile(dir fs.FS, name string, limit int64) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read advisory directory: %w", err)
	}
	defer f.Close() // read only: nothing is lost
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %.200q of advisory directory: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, &RecordError{TooLarge, fmt.Sprintf("more than %d bytes", limit)}
	}
	return data, nil
}

// ecosystemOf is the ecosystem that a folder is named after, or "".
func ecosystemOf(folder string) string {
	if p, err := osvecosystem.Parse(folder); err == nil && !p.IsEmpty() {
		return p.String()
	}
	return ""
}

func (b *builder) zip(name, ecosystem string, data []byte) {
	b.index.Archives = append(b.index.Archives, Archive{ecosystem, name, evidence.Of(data), int64(len(data))})
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.fault(Truncated, ecosystem, name, fmt.Sprintf("not a whole zip archive of %d bytes: %v", len(data), err))
		return
	}
	if len(r.File) > maxEntries {
		b.fault(TooLarge, ecosystem, name, fmt.Sprintf("%d members; at most %d are read", len(r.File), maxEntries))
		return
	}
	records := 0
	for _, f := range r.File {
		if path.Ext(f.Name) != ".json" {
			continue
		}
		records++
		data, err := readZipMember(f)
		var bad *RecordError
		if errors.As(err, &bad) {
			b.fault(bad.Class, ecosystem, safeName(f.Name), bad.Detail)
			continue
		}
		b.record(f.Name, ecosystem, data)
	}
	if records == 0 {
		b.fault(Empty, ecosystem, name, "the archive holds no record")
	}
}

// readZipMember reads one member with its checksum; the error is a *RecordError.
func readZipMember(f *zip.File) ([]byte, error) {
	if !f.Mode().IsRegular() {
		return nil, &RecordError{NotRegular, "a link or device is not followed"}
	}
	in, err := f.Open()
	if err != nil {
		return nil, &RecordError{Truncated, err.Error()}
	}
	defer in.Close() // read only: nothing is lost
	data, err := io.ReadAll(io.LimitReader(in, maxRecord+1))
	if err != nil {
		return nil, &RecordError{Truncated, err.Error()}
	}
	if len(data) > maxRecord {
		return nil, &RecordError{TooLarge, fmt.Sprintf("more than %d bytes", maxRecord)}
	}
	return data, nil
}

// safeName is a member's name as JSON can hold it.
func safeName(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
