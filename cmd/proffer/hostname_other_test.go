//go:build !linux

package main

import "os/exec"

func rename() {}

func onHost(*exec.Cmd, string) {}
