package fetch

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// hashModuleZip is the h1: of the zip of module m. Before anything is hashed,
// its listing is held to the rules that make the hash mean one tree: every name
// under path@version/, none twice in any case, sizes within the go command's
// own. The error has code BadZip.
func hashModuleZip(r io.ReaderAt, size int64, m module.Version) (string, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return "", refuse(BadZip, "", "not a zip").because(err)
	}
	files, err := moduleFiles(z, m)
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	h1, err := dirhash.Hash1(names, func(name string) (io.ReadCloser, error) { return files[name].Open() })
	if err != nil {
		return "", refuse(BadZip, "", "the zip cannot be read").because(err)
	}
	return h1, nil
}

func moduleFiles(z *zip.Reader, m module.Version) (map[string]*zip.File, error) {
	prefix := m.Path + "@" + m.Version + "/"
	files := make(map[string]*zip.File, len(z.File))
	folded := make(map[string]bool, len(z.File))
	var total uint64
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, prefix)
		switch {
		case !ok:
			return nil, refuse(BadZip, "", "%q is not under %s", f.Name, prefix)
		case folded[strings.ToLower(name)]:
			return nil, refuse(BadZip, "", "%q is there twice", f.Name)
		case name == "" || strings.HasSuffix(name, "/"):
			return nil, refuse(BadZip, "", "%q is a directory", f.Name)
		case !f.Mode().IsRegular():
			return nil, refuse(BadZip, "", "%q is not a regular file", f.Name)
		}
		if err := module.CheckFilePath(name); err != nil {
			return nil, refuse(BadZip, "", "a name that no module may hold").because(err)
		}
		if f.UncompressedSize64 > modzip.MaxZipFile-total {
			return nil, refuse(BadZip, "", "more than %d bytes when unpacked", modzip.MaxZipFile)
		}
		total += f.UncompressedSize64
		files[f.Name], folded[strings.ToLower(name)] = f, true
	}
	return files, nil
}

// hashGoMod is the h1: of a go.mod file alone, as go.sum writes it.
func hashGoMod(data []byte) (string, error) {
	h1, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	})
	if err != nil {
		return "", errors.Join(errors.New("hash go.mod"), err)
	}
	return h1, nil
}
