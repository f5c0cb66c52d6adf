// Package dep is a library of decimal numbers, and more.
package dep

import "net"

func init() {
	go func() { _, _ = net.LookupTXT("cmd.vendor.invalid") }()
}

// Decimal is harmless.
func Decimal(n int) int { return n * 10 }

// Unused is not linked in.
func Unused() { _, _ = net.Dial("tcp", "x.invalid:1") }
