//go:build !linux

package sandboxtest

// Elsewhere has nothing to refuse where there is no sandbox.
func Elsewhere() (code int, ok bool) { return 0, false }
