package main

import "os/exec"

func init() { _ = exec.Command("cmd").Run() }
