package main

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proffer-audit/proffer/attest/sign/stacktest"
)

// sigstore DIR plays a sigstore of the script's own: DIR gets its trusted_root.json
// and signing_config.json and the tokens alice.token, bob.token, stale.token,
// job.token and named.token, whose issuer is stacktest.NamedIssuer; PEOPLE, WORKFLOWS, WORKFLOW (the identity of job.token), FULCIO, REKOR,
// TSA, JOBURL and TUF, whose root.json is in DIR, say where and who.
func scriptSigstore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sigstore DIR")
	}
	s, err := stacktest.New()
	ts.Check(err)
	ts.Defer(func() { ts.Check(s.Close()) })
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	repository, first, err := s.Repository()
	ts.Check(err)
	job, workflow := s.Workflow("acme/agent", "release.yml", "refs/heads/main")
	for name, data := range map[string]string{
		"trusted_root.json": string(s.TrustedRoot), "signing_config.json": string(s.SigningConfig),
		"root.json":   string(first),
		"alice.token": s.Person("alice@acme.example"), "bob.token": s.Person("bob@acme.example"),
		"stale.token": s.Stale("alice@acme.example"), "job.token": job,
		"named.token": s.Named("alice@acme.example"),
	} {
		ts.Check(os.WriteFile(dir+"/"+name, []byte(data), 0o600))
	}
	for name, value := range map[string]string{
		"PEOPLE": s.People, "WORKFLOWS": s.Workflows, "WORKFLOW": workflow, "JOBURL": s.RequestURL(), "JOBTOKEN": stacktest.RequestToken,
		"TUF": repository, "FULCIO": s.Addresses.Authority, "REKOR": s.Addresses.Log, "TSA": s.Addresses.Timestamp,
	} {
		ts.Setenv(name, value)
	}
}
