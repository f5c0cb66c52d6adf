// Tricks passes the compiler's checks by in several ways.
package main

import (
	"os"
	"plugin"
	"reflect"
	"unsafe"
	_ "unsafe"
)

//go:linkname spawn syscall.forkExec
func spawn(name string, argv []string, attr uintptr) (int, error)

// opaque is written in assembly.
func opaque(x int) int

func peek(p *int) uintptr { return uintptr(unsafe.Pointer(p)) }

var fromEnvironment = os.Getenv("TRICK")

func main() {
	x := opaque(1)
	_ = peek(&x)
	_, _ = spawn("/bin/true", nil, 0)
	if p, err := plugin.Open("x.so"); err == nil {
		_, _ = p.Lookup("F")
	}
	reflect.ValueOf(main).Call(nil)
	println(fromEnvironment)
}
