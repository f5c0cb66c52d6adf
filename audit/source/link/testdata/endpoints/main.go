// Endpoints hands constant addresses to network functions.
package main

import (
	"context"
	"net"
	"os"
)

const base = "update.vendor.invalid"

var fallback = "203.0.113.9:4444"

var changed = "first.invalid:1"

func main() {
	_, _ = net.Dial("tcp", base+":443")
	_, _ = net.Dial("tcp", fallback)
	_, _ = (&net.Dialer{}).DialContext(context.Background(), "tcp", "[2001:db8::1]:53")
	_, _ = net.LookupTXT("c2." + os.Args[0])
	changed = os.Args[1]
	_, _ = net.Dial("tcp", changed)
	_, _ = net.Listen("tcp", ":8080")
	name := "a.invalid:1"
	if len(os.Args) > 2 {
		name = "b.invalid:2"
	}
	_, _ = net.Dial("tcp", name)
}
