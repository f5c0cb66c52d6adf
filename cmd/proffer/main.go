package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/sandbox"
)

func main() {
	// The sandbox starts this program again, inside; nothing may come before.
	if code, ok := sandbox.Child(audit.Workers()); ok {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}
