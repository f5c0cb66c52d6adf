package main

import (
	"context"
	"errors"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// resign DOSSIER KEY writes the dossier anew, whole and signed by another key:
// what a forger can do who has everything but the auditor's key.
func scriptResign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: resign DOSSIER KEY")
	}
	raw, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	key, err := trust.LoadKey(raw, nil)
	ts.Check(err)
	forge(ts, args[0], func(d *evidence.Dossier, store evidence.ReadWriter) (evidence.Contents, error) {
		v, err := audit.Verify(d, audit.Anchor{})
		if err != nil {
			return evidence.Contents{}, err
		}
		a := &audit.Audit{Report: v.Report, Statement: v.Statement, Evidence: d.Contents().Evidence}
		s, err := audit.Seal(context.Background(), store, a, v.Run, sign.Bare(key))
		if err != nil {
			return evidence.Contents{}, err
		}
		return s.Contents, nil
	})
}

// unsign DOSSIER writes the dossier anew without the signature of its report.
func scriptUnsign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unsign DOSSIER")
	}
	forge(ts, args[0], func(d *evidence.Dossier, _ evidence.ReadWriter) (evidence.Contents, error) {
		c := d.Contents()
		c.Bundle = evidence.Descriptor{}
		return c, nil
	})
}

// forge writes a dossier with other contents over the one that is there.
func forge(ts *testscript.TestScript, name string, change func(*evidence.Dossier, evidence.ReadWriter) (evidence.Contents, error)) {
	name = ts.MkAbs(name)
	d, err := evidence.OpenDossier(name)
	ts.Check(err)
	store := evidence.NewOverlay(d, evidence.NewMemory())
	c, err := change(d, store)
	ts.Check(err)
	f, err := os.Create(name + ".forged")
	ts.Check(err)
	_, err = evidence.WriteDossier(f, store, c)
	ts.Check(errors.Join(err, f.Close(), d.Close()))
	ts.Check(os.Rename(name+".forged", name))
}
