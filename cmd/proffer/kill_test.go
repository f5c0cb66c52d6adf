package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// killVariable says how often TestKillAnywhere kills an audit.
const killVariable = "PROFFER_TEST_KILL"

// TestKillAnywhere kills an audit at a random instant, runs the same command
// again, and wants the same report, to the last byte, without any step repeated
// that had come to its end.
func TestKillAnywhere(t *testing.T) {
	if os.Getenv(killVariable) == "" {
		t.Skipf("NOT RUN: an audit is killed as often as %s says, and it is not set", killVariable)
	}
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: an audit with a rebuild takes the sandbox of Linux")
	}
	l := theLab(t)
	want, err := os.ReadFile(filepath.Join(l.out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	state, whole := filepath.Join(t.TempDir(), "state"), time.Now()
	l.audit(t, state, filepath.Join(t.TempDir(), "out"))
	took := time.Since(whole)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; an undisturbed audit takes %v", seed, took)
	rng := rand.New(rand.NewPCG(seed, 0))
	for wanted, kills, tries := count(t, killVariable, 1), 0, 0; kills < wanted; tries++ {
		if tries > 4*wanted {
			t.Fatalf("only %d of %d audits were alive when they were to be killed", kills, tries)
		}
		after := time.Duration(rng.Int64N(int64(took)))
		if l.killOnce(t, after, want) {
			kills++
		} else {
			took = after // an audit is shorter than was thought
		}
	}
}

// killOnce kills an audit after some time, and finishes it. It reports whether
// the audit was still alive to be killed.
func (l *lab) killOnce(t *testing.T, after time.Duration, want []byte) (killed bool) {
	t.Helper()
	state, out := filepath.Join(t.TempDir(), "state"), filepath.Join(t.TempDir(), "out")
	cmd := l.command(state, out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Logf("after %v it had ended: %v", after, err)
		}
	})
	killed = cmd.Wait() != nil
	timer.Stop()
	before := stepFiles(t, state)
	doc := l.audit(t, state, out)
	after2 := stepFiles(t, state)
	t.Logf("killed after %v (%v): %d steps were there, %d were run again", after.Round(time.Millisecond), killed, len(before), doc.Steps.Run)
	got, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("killed after %v: another report, %s", after, doc.Report)
	}
	for name, when := range before {
		if after2[name] != when {
			t.Errorf("killed after %v: step %s had a result and was run again", after, name)
		}
	}
	if doc.Steps.Cached != len(before) || doc.Steps.Run != l.doc.Steps.Run-len(before) {
		t.Errorf("killed after %v: %d steps were there; then %d were run and %d taken", after, len(before), doc.Steps.Run, doc.Steps.Cached)
	}
	return killed
}

// audit audits the sample and wants exit 0.
func (l *lab) audit(t *testing.T, state, out string) document {
	t.Helper()
	raw, err := l.command(state, out).Output()
	if err != nil {
		t.Fatalf("%v\n%v", err, stderrOf(err))
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}
