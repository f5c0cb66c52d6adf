// Command local makes the local sample: it builds a small product with the Go at
// hand, offers it, its source and that toolchain as files, and writes the
// submission and a policy beside them. No connection is made.
//
//	go run ./samples/local DIR
package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed product policy.yaml submission.yaml
var files embed.FS

func main() {
	if len(os.Args) != 2 || os.Args[1] == "" || os.Args[1][0] == '-' {
		fmt.Fprintln(os.Stderr, "usage: go run ./samples/local DIR")
		os.Exit(2)
	}
	if err := writeSample(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
	fmt.Println(filepath.Join(os.Args[1], "submission.yaml"))
}

// writeSample writes the whole sample under dir.
func writeSample(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := writeSource(filepath.Join(dir, "source")); err != nil {
		return fmt.Errorf("write the source: %w", err)
	}
	env, err := goEnv()
	if err != nil {
		return err
	}
	if err := build(env, dir); err != nil {
		return fmt.Errorf("build the product: %w", err)
	}
	if err := packToolchain(env, filepath.Join(dir, "source"), filepath.Join(dir, "toolchain.zip")); err != nil {
		return fmt.Errorf("pack the toolchain: %w", err)
	}
	return writeDocuments(env, dir)
}
