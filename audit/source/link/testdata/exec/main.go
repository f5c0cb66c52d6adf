// Exec runs a program, behind an interface.
package main

import "os/exec"

type runner interface{ run() error }

type quiet struct{}

func (quiet) run() error { return nil }

type loud struct{ name string }

func (l loud) run() error { return exec.Command(l.name).Run() }

func choose(n int) runner {
	if n > 0 {
		return loud{"true"}
	}
	return quiet{}
}

func main() {
	if err := choose(1).run(); err != nil {
		println("failed")
	}
}
