package sandbox

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// A program is this program and the files it cannot start without.
type program struct {
	path  string   // absolute, no symbolic links
	needs []string // interpreter and libraries, as the loader will look for them
}

// thisProgram finds the file of the running program and what it is linked to:
// nothing in a static build, otherwise exactly its interpreter and libraries.
func thisProgram() (program, error) {
	path, err := os.Executable()
	if err != nil {
		return program{}, fmt.Errorf("find the program's own file: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return program{}, fmt.Errorf("find the program's own file: %w", err)
	}
	needs, err := linkedFiles(path, libraryDirs())
	return program{path: path, needs: needs}, err
}

// libraryDirs are where a loader looks without being configured.
func libraryDirs() []string {
	triple := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	dirs := []string{"/lib64", "/usr/lib64", "/lib", "/usr/lib"}
	if triple != "" {
		dirs = append([]string{"/lib/" + triple, "/usr/lib/" + triple}, dirs...)
	}
	return dirs
}

// linkedFiles lists the interpreter of an executable and, transitively, the
// libraries that it names. It reads the program's own file, not a vendor's.
func linkedFiles(path string, dirs []string) ([]string, error) {
	interp, libs, err := readLinks(path)
	if err != nil || interp == "" {
		return nil, err
	}
	files, seen := []string{interp}, map[string]bool{filepath.Base(interp): true}
	for len(libs) > 0 {
		name := libs[0]
		libs = libs[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		file, err := findLibrary(name, dirs)
		if err != nil {
			return nil, fmt.Errorf("%w, which %s is linked to (a static build, CGO_ENABLED=0, needs none)", err, path)
		}
		files = append(files, file)
		_, more, err := readLinks(file)
		if err != nil {
			return nil, err
		}
		libs = append(libs, more...)
	}
	return files, nil
}

func findLibrary(name string, dirs []string) (string, error) {
	for _, dir := range dirs {
		file := filepath.Join(dir, name)
		if st, err := os.Stat(file); err == nil && st.Mode().IsRegular() {
			return file, nil
		}
	}
	return "", fmt.Errorf("find the library %s in %v", name, dirs)
}

// readLinks reads what an ELF file asks the loader for.
func readLinks(path string) (interp string, libs []string, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", nil, fmt.Errorf("read the links of %s: %w", path, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		buf := make([]byte, min(p.Filesz, 4096))
		n, err := p.ReadAt(buf, 0)
		if n == 0 {
			return "", nil, fmt.Errorf("read the interpreter of %s: %w", path, errors.Join(err, errNoBytes))
		}
		interp = string(buf[:n-1]) // it ends in a NUL
	}
	libs, err = f.ImportedLibraries()
	if err != nil {
		return "", nil, fmt.Errorf("read the libraries of %s: %w", path, err)
	}
	return interp, libs, nil
}

var errNoBytes = errors.New("it is empty")
