// Package hidden does the work.
package hidden

import "os"

// Read reads a file.
func Read(name string) []byte {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return b
}

// unused is called by nobody.
func unused() error { return os.Chdir("/") }
