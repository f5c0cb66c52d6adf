package archive

import (
	"bytes"
	"fmt"
	"io/fs"
)

// Pick reads the one regular file of an archive that has a path, without
// unpacking the others where the format allows. The error is fs.ErrNotExist when
// there is no such file, a *FormatError when there are two, or Walk's. It says
// nothing of what is odd about the rest: Walk does.
func Pick(data []byte, name, path string, lim Limits) ([]byte, error) {
	if Sniff(data) == Zip {
		return pickZip(data, name, path, lim)
	}
	return pickWalk(data, name, path, lim)
}

func pickWalk(data []byte, name, path string, lim Limits) ([]byte, error) {
	var found [][]byte
	_, err := Walk(data, name, lim, func(m Member, content []byte) error {
		if m.Path == path && m.Kind == File {
			found = append(found, bytes.Clone(content))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return onlyOne(found, name, path)
}

func pickZip(data []byte, name, path string, lim Limits) ([]byte, error) {
	var found [][]byte
	z := &zipReader{data: data, walker: walker{
		name: name, found: &findings{count: map[string]int{}}, names: newNames(),
		budget: &budget{lim: lim.withDefaults(), input: int64(len(data))},
		visit: func(m Member, content []byte) error {
			if m.Path == path && m.Kind == File {
				found = append(found, bytes.Clone(content))
			}
			return nil
		},
	}}
	if err := z.readZipEnd(); err != nil {
		return nil, err
	}
	entries, err := z.readCentral()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if clean, _, _ := cleaned(e.name); clean != path {
			continue
		}
		if err := z.member(e); err != nil {
			return nil, err
		}
	}
	return onlyOne(found, name, path)
}

func onlyOne(found [][]byte, name, path string) ([]byte, error) {
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%s in %s: %w", path, name, fs.ErrNotExist)
	case 1:
		return found[0], nil
	}
	return nil, &FormatError{Archive: name, Path: path, Code: "tree", Detail: "two files have this path"}
}
