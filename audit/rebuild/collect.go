package rebuild

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxOutput bounds a built file, in bytes.
const maxOutput = 1 << 30

// collect reads the file that the commands left at output below dir. Nothing on
// the way to it may be a link, and it must be a regular file: the commands ran
// as they liked.
func collect(dir, output string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var info fs.FileInfo
	parts := strings.Split(path.Clean(output), "/")
	for i := range parts {
		p := path.Join(parts[:i+1]...)
		info, err = root.Lstat(filepath.FromSlash(p))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, problemf(NoOutput, "the commands left no file %.200q", output)
		}
		if err != nil {
			return nil, err
		}
		if last := i == len(parts)-1; last && !info.Mode().IsRegular() || !last && !info.IsDir() {
			return nil, problemf(NoOutput, "%.200q is %s, not a regular file in a folder", p, info.Mode().Type())
		}
	}
	if info.Size() > maxOutput {
		return nil, problemf(NoOutput, "%.200q has %d bytes, more than %d", output, info.Size(), maxOutput)
	}
	f, err := root.Open(filepath.FromSlash(path.Clean(output)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// Nothing runs any more; still, what is read must be what was looked at.
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(err, problemf(NoOutput, "%.200q was replaced while it was read", output))
	}
	return io.ReadAll(io.LimitReader(f, maxOutput))
}
