// Product does a little of everything.
package main

import (
	"net"
	"os"
	"os/exec"
)

const update = "https://update.vendor.invalid/v1"

func opaque(x int) int

func main() {
	if _, err := net.Dial("tcp", "c2.vendor.invalid:443"); err != nil {
		_ = os.Remove("state")
	}
	_ = exec.Command("true", update).Run()
	hidden()
	_ = opaque(1)
}
