package attest_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// order is the second rebuilder's own request.
func order() mint.Request {
	return mint.Request{Payload: built("app 1.0"), Identity: rebuilderCI()}
}

// ownRoot brings a sigstore of the attacker's, whole and in parts.
func (w *world) ownRoot() {
	part := func(change func(r *mint.Request)) mint.Request { r := order(); change(&r); return r }
	for name, tt := range map[string]struct {
		from *mint.Authority
		r    mint.Request
		want attest.Code
	}{
		"whole":           {w.evil, order(), attest.UntrustedRoot},
		"whole, Rekor v2": {w.evil, part(func(r *mint.Request) { r.Via = []*mint.Log{w.evil.Rekor2} }), attest.UntrustedRoot},
		"certificates, in the true logs": {w.evil, part(func(r *mint.Request) {
			r.Via, r.CTs, r.Stamps = []*mint.Log{w.own.Rekor1}, []*mint.CT{w.own.CT}, []*mint.TSA{w.own.TSA}
		}), attest.UntrustedRoot},
		"another root of the policy's":  {w.other, order(), attest.UntrustedRoot},
		"log":                           {w.own, part(func(r *mint.Request) { r.Via = []*mint.Log{w.evil.Rekor1} }), "unknown-log"},
		"Rekor v2 log":                  {w.own, part(func(r *mint.Request) { r.Via = []*mint.Log{w.evil.Rekor2} }), "unknown-log"},
		"log beside the true one":       {w.own, part(func(r *mint.Request) { r.Via = []*mint.Log{w.own.Rekor1, w.evil.Rekor1} }), "unknown-log"},
		"log of another root":           {w.own, part(func(r *mint.Request) { r.Via = []*mint.Log{w.other.Rekor1} }), "unknown-log"},
		"certificate log":               {w.own, part(func(r *mint.Request) { r.CTs = []*mint.CT{w.evil.CT} }), "sct-unknown-log"},
		"timestamp authority":           {w.own, part(func(r *mint.Request) { r.Stamps = []*mint.TSA{w.evil.TSA} }), "untrusted-timestamp-authority"},
		"timestamp authority, Rekor v2": {w.own, part(func(r *mint.Request) { r.Via, r.Stamps = []*mint.Log{w.own.Rekor2}, []*mint.TSA{w.evil.TSA} }), "untrusted-timestamp-authority"},
	} {
		w.attack(name, tt.want, w.named(), tt.from.Bundle(tt.r))
	}
	w.twin(w.named(), w.own.Bundle(order()))
}

// outOfTime has each party in turn outside its time.
func (w *world) outOfTime() {
	now := w.own.Now
	old := mint.Window{Start: now.Add(-300 * 24 * time.Hour), End: now.Add(-200 * 24 * time.Hour)}
	early := mint.Window{Start: now.Add(200 * 24 * time.Hour), End: now.Add(300 * 24 * time.Hour)}
	options := func(set func(o *mint.Options)) mint.Options {
		o := mint.Options{Seed: attackSeed + " own", Curve: mint.P256}
		set(&o)
		return o
	}
	for when, window := range map[string]mint.Window{"expired": old, "not yet valid": early} {
		word := map[string]attest.Code{"expired": "certificate-expired", "not yet valid": "certificate-not-yet-valid"}[when]
		for name, tt := range map[string]struct {
			o    mint.Options
			leaf mint.Window
			v2   bool
			want attest.Code
		}{
			"leaf, Rekor v1":      {leaf: window, want: "entry-outside-certificate"},
			"leaf, Rekor v2":      {leaf: window, v2: true, want: word},
			"authority":           {o: options(func(o *mint.Options) { o.CA.Trusted = window }), want: "authority-not-valid"},
			"authority, Rekor v2": {o: options(func(o *mint.Options) { o.CA.Trusted = window }), v2: true, want: "authority-not-valid"},
			"root certificate":    {o: options(func(o *mint.Options) { o.CA.Root = window }), want: "authority-not-valid"},
			"certificate between": {o: options(func(o *mint.Options) { o.CA.Middle = window }), want: "authority-not-valid"},
			"log":                 {o: options(func(o *mint.Options) { o.Rekor1 = window }), want: "log-not-valid"},
			"certificate log":     {o: options(func(o *mint.Options) { o.CTLog = window }), want: "sct-outside-log-validity"},
			"timestamp authority": {o: options(func(o *mint.Options) { o.TSA.Trusted = window }), v2: true, want: "timestamp-authority-not-valid"},
			"timestamp signer":    {o: options(func(o *mint.Options) { o.TSA.Leaf = window }), v2: true, want: "timestamp-authority-not-valid"},
			"timestamp, Rekor v1": {o: options(func(o *mint.Options) { o.TSA.Trusted = window }), want: "timestamp-authority-not-valid"},
		} {
			from := w.own
			if tt.o.Seed != "" {
				from = mint.New(tt.o)
			}
			r := order()
			r.Wrong.Leaf = tt.leaf
			if tt.v2 {
				r.Via = []*mint.Log{from.Rekor2}
			}
			w.attack(when+" "+name, tt.want, w.named(), from.Bundle(r))
			w.scenes[len(w.scenes)-1].set.Roots["own"] = from.TrustedRoot()
		}
	}
	r := order()
	r.Wrong.LoggedAt = now.Add(time.Hour)
	w.attack("logged after the certificate", "entry-outside-certificate", w.named(), w.own.Bundle(r))
	r = order()
	r.Via, r.Wrong.StampAt = []*mint.Log{w.own.Rekor2}, now.Add(time.Hour)
	w.attack("stamped after the certificate", "certificate-expired", w.named(), w.own.Bundle(r))
	r = order()
	r.Wrong.StampAt = now.Add(-time.Hour)
	w.attack("stamped before the certificate", "certificate-not-yet-valid", w.named(), w.own.Bundle(r))
	r = order()
	r.At = now.Add(-100 * 24 * time.Hour) // long expired today, and valid when it was signed
	w.twin(w.named(), w.own.Bundle(r))
}

// falseConfirmation lies about one thing at a time.
func (w *world) falseConfirmation() {
	for name, tt := range map[string]struct {
		wrong mint.Wrong
		want  [2]attest.Code // of Rekor v1 and v2; "-" where the lie is impossible
		entry mint.EntryKind
		shape func(r *mint.Request)
	}{
		"entry of another signature": {wrong: mint.Wrong{OtherEntry: true}, want: [2]attest.Code{"entry-other-signature", "entry-other-signature"}},
		"proof of another entry":     {wrong: mint.Wrong{OtherProof: true}, want: [2]attest.Code{"bad-inclusion-proof", "bad-inclusion-proof"}},
		"promise of another entry":   {wrong: mint.Wrong{OtherPromise: true}, want: [2]attest.Code{"bad-inclusion-promise", "-"}},
		"no proof":                   {wrong: mint.Wrong{NoProof: true}, want: [2]attest.Code{"inclusion-missing", "inclusion-missing"}},
		"another checkpoint key":     {wrong: mint.Wrong{CheckpointKey: w.stranger}, want: [2]attest.Code{"checkpoint-signature", "checkpoint-signature"}},
		"another checkpoint origin":  {wrong: mint.Wrong{CheckpointOrigin: "mallory.example"}, want: [2]attest.Code{"-", "checkpoint-origin"}},
		"another certificate's SCT":  {wrong: mint.Wrong{OtherSCT: true}, want: [2]attest.Code{"sct-bad-signature", "sct-bad-signature"}},
		"another signature's stamp":  {wrong: mint.Wrong{OtherStamp: true}, want: [2]attest.Code{"timestamp-other-signature", "timestamp-other-signature"}},
		"another payload's":          {wrong: mint.Wrong{OtherSignature: true}, want: [2]attest.Code{attest.BadSignature, attest.BadSignature}},
		"everything twice":           {wrong: mint.Wrong{Twice: true}, want: [2]attest.Code{"duplicate-log-entry", "duplicate-log-entry"}},
		"no certificate timestamp":   {shape: func(r *mint.Request) { r.CTs = []*mint.CT{} }, want: [2]attest.Code{"sct-missing", "sct-missing"}},
		"no log":                     {shape: func(r *mint.Request) { r.Via = []*mint.Log{} }, want: [2]attest.Code{"log-entry-missing", "-"}},
		"nobody says when":           {shape: func(r *mint.Request) { r.Stamps = []*mint.TSA{}; r.Wrong.NoPromise = true }, want: [2]attest.Code{"timestamp-missing", "timestamp-missing"}},
		"entry of another kind":      {entry: mint.HashedRekord1, want: [2]attest.Code{"entry-other-kind", "-"}},
		"stamped twice":              {shape: func(r *mint.Request) { r.Stamps = []*mint.TSA{w.own.TSA, w.own.TSA} }, want: [2]attest.Code{"duplicate-timestamp-authority", "duplicate-timestamp-authority"}},
	} {
		for i, log := range []*mint.Log{w.own.Rekor1, w.own.Rekor2} {
			if tt.want[i] == "-" {
				continue
			}
			r := order()
			r.Via, r.Entry = []*mint.Log{log}, tt.entry
			if tt.shape != nil {
				tt.shape(&r)
			}
			wrong := r.Wrong
			r.Wrong = tt.wrong
			r.Wrong.NoPromise = r.Wrong.NoPromise || wrong.NoPromise
			w.attack(fmt.Sprintf("%s, Rekor v%d", name, i+1), tt.want[i], w.named(), w.own.Bundle(r))
		}
	}
	for _, log := range []*mint.Log{w.own.Rekor1, w.own.Rekor2} {
		r := order()
		r.Via = []*mint.Log{log}
		w.twin(w.named(), w.own.Bundle(r))
	}
	early := order() // the entry of early clients of Rekor v2, which names all the same
	early.Via, early.Entry = []*mint.Log{w.own.Rekor2}, mint.DSSE2
	w.twin(w.named(), w.own.Bundle(early))
	// A key whose times the policy wants to see.
	timed := w.keyed()
	timed.Root = "own"
	w.attack("key without a time", "timestamp-missing", timed, w.keyBundle(built("app 1.0"), w.second))
	w.attack("key without a time, bare", "timestamp-missing", timed, dsse(built("app 1.0"), w.second))
	w.attack("key with a time, where nothing can check it", attest.UnexpectedMaterial, w.keyed(),
		w.own.Bundle(mint.Request{Payload: built("app 1.0"), Key: w.second, Stamps: []*mint.TSA{w.own.TSA}}))
	w.twin(timed, w.own.Bundle(mint.Request{Payload: built("app 1.0"), Key: w.second, Stamps: []*mint.TSA{w.own.TSA}}))
}

// anotherBuild has the right name and issuer, and a certificate that says
// something else of the build.
func (w *world) anotherBuild() {
	id := rebuilderCI()
	c := id.CI
	for name, tt := range map[string]struct {
		demand trust.CI
		set    func(c *mint.CI, to string)
		good   string
	}{
		"sourceRepository":       {trust.CI{SourceRepository: c.SourceRepositoryURI}, func(c *mint.CI, to string) { c.SourceRepositoryURI = to }, c.SourceRepositoryURI},
		"sourceRepositoryID":     {trust.CI{SourceRepositoryID: c.SourceRepositoryID}, func(c *mint.CI, to string) { c.SourceRepositoryID = to }, c.SourceRepositoryID},
		"sourceRepositoryDigest": {trust.CI{SourceRepositoryDigest: c.SourceRepositoryDigest}, func(c *mint.CI, to string) { c.SourceRepositoryDigest = to }, c.SourceRepositoryDigest},
		"sourceRef":              {trust.CI{SourceRef: c.SourceRepositoryRef}, func(c *mint.CI, to string) { c.SourceRepositoryRef = to }, c.SourceRepositoryRef},
		"sourceOwner":            {trust.CI{SourceOwner: c.SourceRepositoryOwnerURI}, func(c *mint.CI, to string) { c.SourceRepositoryOwnerURI = to }, c.SourceRepositoryOwnerURI},
		"sourceOwnerID":          {trust.CI{SourceOwnerID: c.SourceRepositoryOwnerID}, func(c *mint.CI, to string) { c.SourceRepositoryOwnerID = to }, c.SourceRepositoryOwnerID},
		"runner":                 {trust.CI{Runner: c.RunnerEnvironment}, func(c *mint.CI, to string) { c.RunnerEnvironment = to }, c.RunnerEnvironment},
		"buildSignerURI":         {trust.CI{BuildSignerURI: c.BuildSignerURI}, func(c *mint.CI, to string) { c.BuildSignerURI = to }, c.BuildSignerURI},
		"buildSignerDigest":      {trust.CI{BuildSignerDigest: c.BuildSignerDigest}, func(c *mint.CI, to string) { c.BuildSignerDigest = to }, c.BuildSignerDigest},
		"buildConfigURI":         {trust.CI{BuildConfigURI: c.BuildConfigURI}, func(c *mint.CI, to string) { c.BuildConfigURI = to }, c.BuildConfigURI},
		"buildConfigDigest":      {trust.CI{BuildConfigDigest: c.BuildConfigDigest}, func(c *mint.CI, to string) { c.BuildConfigDigest = to }, c.BuildConfigDigest},
		"buildTrigger":           {trust.CI{BuildTrigger: c.BuildTrigger}, func(c *mint.CI, to string) { c.BuildTrigger = to }, c.BuildTrigger},
		"visibility":             {trust.CI{Visibility: c.SourceRepositoryVisibility}, func(c *mint.CI, to string) { c.SourceRepositoryVisibility = to }, c.SourceRepositoryVisibility},
	} {
		p := w.named()
		p.CI = tt.demand
		for how, to := range map[string]string{"absent": "", "longer": tt.good + "x", "in capitals": strings.ToUpper(tt.good) + "X"} {
			r := order()
			tt.set(&r.Identity.CI, to)
			w.attack(name+" "+how, attest.WrongBuild, p, w.own.Bundle(r))
		}
		w.twin(p, w.own.Bundle(order()))
	}
	p := w.named()
	p.CI.Runner = mint.SelfHosted
	w.attack("hosted where it should not be", attest.WrongBuild, p, w.own.Bundle(order()))
}
