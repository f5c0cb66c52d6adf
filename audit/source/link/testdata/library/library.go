// Package library is one that others import.
package library

import "example.invalid/library/internal/hidden"

// Load is the only way in.
func Load[T any](name string, parse func([]byte) T) T { return parse(hidden.Read(name)) }

// Loader loads by method.
type Loader struct{}

// Load loads text.
func (Loader) Load(name string) string {
	return Load(name, func(b []byte) string { return string(b) })
}
