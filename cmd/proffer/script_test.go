package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// TestScripts runs testdata/script. Each script gets the local sample in sample/,
// what an audit of it wrote in out/, and a state folder that holds its steps;
// with --state it takes an empty one. The commands below are what the scripts
// have beside those of testscript.
func TestScripts(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the scripts run builds, which takes the sandbox of Linux")
	}
	l := theLab(t)
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("OSV", osvDir())
			env.Setenv("PLATFORM", runtime.GOOS+"/"+runtime.GOARCH)
			env.Setenv("REPORT", l.doc.Report)
			env.Setenv("STEPS", strconv.Itoa(l.doc.Steps.Run))
			return errors.Join(
				lend(l.sample, filepath.Join(env.WorkDir, "sample")),
				lend(l.out, filepath.Join(env.WorkDir, "out")),
				lend(l.state, filepath.Join(env.WorkDir, "state", "proffer")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "says": scriptSays, "keys": scriptKeys, "edit": scriptEdit,
			"digest": scriptDigest, "flip": scriptFlip, "cut": scriptCut, "resign": scriptResign,
			"unsign": scriptUnsign, "secret": scriptSecret, "compile": scriptCompile, "sigstore": scriptSigstore,
		},
	})
}

// exits CODE COMMAND… runs a command, which must end with that code.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit %d, want %s\n%s%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// says KEY… VALUE: the JSON document on stdout has that value there. An element
// of a list is named by its id, its code or its rule; "none" is a value that is
// not there. With !, the value is another.
func scriptSays(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: says KEY… VALUE")
	}
	var v any
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		ts.Fatalf("stdout is no JSON document: %v", err)
	}
	path, want := args[:len(args)-1], args[len(args)-1]
	for _, key := range path {
		v = step(v, key)
	}
	got := "none"
	if v != nil {
		got = fmt.Sprint(v)
	}
	if same := got == want; same == neg {
		ts.Fatalf("%s: %s, want %s%s\n%s", strings.Join(path, " "), got, map[bool]string{true: "not "}[neg], want, ts.ReadFile("stdout"))
	}
}

func step(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[key]
	case []any:
		for _, e := range v {
			m, ok := e.(map[string]any)
			if ok && (m["id"] == key || m["code"] == key || m["rule"] == key) {
				return m
			}
		}
	}
	return nil
}

// keys WORD…: these are the keys of the JSON document on stdout.
func scriptKeys(ts *testscript.TestScript, neg bool, args []string) {
	var doc map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc); err != nil {
		ts.Fatalf("stdout is no JSON document: %v", err)
	}
	var got []string
	for k := range doc {
		got = append(got, k)
	}
	slices.Sort(got)
	slices.Sort(args)
	if slices.Equal(got, args) == neg {
		ts.Fatalf("keys %v, want %v", got, args)
	}
}

// edit FILE OLD NEW replaces every OLD, of which there must be one. `\n` is a
// new line.
func scriptEdit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	from, to := strings.ReplaceAll(args[1], `\n`, "\n"), strings.ReplaceAll(args[2], `\n`, "\n")
	if !strings.Contains(text, from) {
		ts.Fatalf("%s holds no %q", args[0], from)
	}
	rewrite(ts, args[0], []byte(strings.ReplaceAll(text, from, to)))
}

// rewrite gives a file another content without touching the lab's.
func rewrite(ts *testscript.TestScript, name string, data []byte) {
	name = ts.MkAbs(name)
	info, err := os.Stat(name)
	ts.Check(err)
	ts.Check(os.Remove(name))
	ts.Check(os.WriteFile(name, data, info.Mode().Perm()|0o200))
}

// digest VARIABLE PATH sets a variable to the pin of a file or a folder.
func scriptDigest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: digest VARIABLE PATH")
	}
	name := ts.MkAbs(args[1])
	info, err := os.Stat(name)
	ts.Check(err)
	var pin string
	if info.IsDir() {
		pin, err = archive.TreeDigest(os.DirFS(name))
		ts.Check(err)
	} else {
		data, err := os.ReadFile(name)
		ts.Check(err)
		pin = string(evidence.Of(data))
	}
	ts.Setenv(args[0], pin)
}

// flip FILE WHERE changes a bit of one byte: at an offset, or "middle".
func scriptFlip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE WHERE")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	at := len(data) / 2
	if args[1] != "middle" {
		at, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	data[at] ^= 1
	rewrite(ts, args[0], data)
}

// cut FILE BYTES leaves that much of a file.
func scriptCut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE BYTES")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	rewrite(ts, args[0], data[:n])
}

// compile FOLDER FILE builds the Go program in a folder as a vendor would: with
// the Go at hand, whose parts are the sample's toolchain.
func scriptCompile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: compile FOLDER FILE")
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", ts.MkAbs(args[1]), ".")
	cmd.Dir = ts.MkAbs(args[0])
	cmd.Env = append(os.Environ(), "GOENV=off", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local",
		"GOPROXY=off", "CGO_ENABLED=0", "GOEXPERIMENT=", "GODEBUG=")
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("go build: %v\n%s", err, out)
	}
}

// secret FILE: a private key that is encrypted; with !, one that is not.
func scriptSecret(ts *testscript.TestScript, neg bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	if !bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		ts.Fatalf("%s is no private key", args[0])
	}
	if bytes.Contains(data, []byte("ENCRYPTED")) == neg {
		ts.Fatalf("%s begins with %.40s", args[0], data)
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		ts.Fatalf("%s has mode %v", args[0], info.Mode())
	}
}
