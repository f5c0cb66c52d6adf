package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// environment is what `go env` says of the Go at hand.
type environment struct{ GOROOT, GOVERSION, GOOS, GOARCH string }

func goEnv() (environment, error) {
	var env environment
	out, err := exec.Command("go", "env", "-json", "GOROOT", "GOVERSION", "GOOS", "GOARCH").Output()
	if err != nil {
		return env, fmt.Errorf("go env: %w", err)
	}
	return env, json.Unmarshal(out, &env)
}

// command runs the Go at hand in dir as the rebuild will: no cgo, no settings
// of this machine.
func command(env environment, dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(env.GOROOT, "bin", "go"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOROOT="+env.GOROOT, "GOENV=off", "GOFLAGS=", "GOWORK=off",
		"GOTOOLCHAIN=local", "GOPROXY=off", "CGO_ENABLED=0", "GOEXPERIMENT=", "GODEBUG=")
	cmd.Stderr = os.Stderr
	return cmd
}

func build(env environment, dir string) error {
	return command(env, filepath.Join(dir, "source"), "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w", "-o", filepath.Join(dir, "agent"), ".").Run()
}

// packToolchain writes the part of the Go at hand that builds the product: the
// go command, compiler, assembler and linker, and the standard packages used.
func packToolchain(env environment, source, name string) error {
	list, err := toolchainFiles(env, source)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, rel := range list {
		data, err := os.ReadFile(filepath.Join(env.GOROOT, filepath.FromSlash(rel)))
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: "go/" + rel, Method: zip.Deflate}
		h.SetMode(0o644)
		if strings.HasPrefix(rel, "bin/") || strings.HasPrefix(rel, "pkg/tool/") {
			h.SetMode(0o755)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, buf.Bytes(), 0o644)
}

// toolchainFiles lists what packToolchain packs, relative to GOROOT, sorted.
func toolchainFiles(env environment, source string) ([]string, error) {
	out, err := command(env, source, "list", "-deps", "-f", "{{if .Standard}}{{.Dir}}{{end}}", "./...").Output()
	if err != nil {
		return nil, err
	}
	list := []string{"VERSION", "go.env", "src/go.mod", "src/go.sum", "src/vendor/modules.txt", "src/cmd/go.mod"}
	exe := ""
	if env.GOOS == "windows" {
		exe = ".exe"
	}
	list = append(list, "bin/go"+exe)
	for _, tool := range []string{"asm", "compile", "link"} {
		list = append(list, "pkg/tool/"+env.GOOS+"_"+env.GOARCH+"/"+tool+exe)
	}
	dirs := append(strings.Fields(string(out)),
		filepath.Join(env.GOROOT, "pkg", "include"),
		filepath.Join(env.GOROOT, "src", "runtime", "cgo")) // the runtime's assembly includes its headers
	for _, dir := range dirs {
		files, err := filesIn(env.GOROOT, dir)
		if err != nil {
			return nil, err
		}
		list = append(list, files...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// filesIn lists the files directly in dir, tests left out.
func filesIn(root, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		rel, err := filepath.Rel(root, filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, filepath.ToSlash(rel))
	}
	return list, nil
}

// writeSource writes the product's module.
func writeSource(dir string) error {
	for from, to := range map[string]string{
		"go.mod.txt": "go.mod", "main.go.txt": "main.go", "update.go.txt": "update/update.go",
	} {
		data, err := fs.ReadFile(files, "product/"+from)
		if err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
