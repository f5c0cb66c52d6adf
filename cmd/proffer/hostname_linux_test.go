package main

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// hostVar names the machine that this process is to believe itself on.
const hostVar = "PROFFER_TEST_HOSTNAME"

// rename gives this process's own UTS namespace the name that hostVar holds.
func rename() {
	name := os.Getenv(hostVar)
	if name == "" {
		return
	}
	if err := unix.Sethostname([]byte(name)); err != nil {
		println("sethostname:", err.Error())
		os.Exit(99)
	}
	if err := os.Unsetenv(hostVar); err != nil {
		println("unsetenv:", err.Error())
		os.Exit(99)
	}
}

// onHost makes a command believe itself on a machine of that name; only root may.
func onHost(cmd *exec.Cmd, name string) {
	if os.Getuid() != 0 {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	cmd.Env = append(cmd.Env, hostVar+"="+name)
}
