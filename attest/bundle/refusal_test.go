package bundle_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// tally is which codes were provoked.
type tally map[bundle.Code]bool

// TestRefusals provokes every code that the package has.
func TestRefusals(t *testing.T) {
	seen := tally{}
	for name, group := range map[string]func(*testing.T, tally){
		"lies": refusesLies, "edits": refusesEdits, "roots": refusesRoots,
		"certificates": refusesCertificates, "calls": refusesCalls,
	} {
		t.Run(name, func(t *testing.T) { group(t, seen) })
	}
	for _, c := range codesOf(t) {
		if !seen[c] {
			t.Errorf("nothing provokes %q", c)
		}
	}
}

// lies are the requests that mint can falsify by itself, under its own root.
func lies(a *mint.Authority) map[string]struct {
	want bundle.Code
	r    mint.Request
} {
	two, none := []*mint.Log{a.Rekor2}, []*mint.Log{}
	old := mint.Window{Start: a.Now.Add(-3000 * time.Hour), End: a.Now.Add(-2000 * time.Hour)}
	early := mint.Window{Start: a.Now.Add(2000 * time.Hour), End: a.Now.Add(3000 * time.Hour)}
	far := a.Now.AddDate(-20, 0, 0)
	x := []byte("x")
	type lie = struct {
		want bundle.Code
		r    mint.Request
	}
	return map[string]lie{
		"expired":                {bundle.CertificateExpired, mint.Request{Via: two, Wrong: mint.Wrong{Leaf: old}}},
		"not yet valid":          {bundle.CertificateNotYet, mint.Request{Via: two, Wrong: mint.Wrong{Leaf: early}}},
		"expired, logged":        {bundle.EntryOutsideValidity, mint.Request{Wrong: mint.Wrong{Leaf: old}}},
		"stamped later":          {bundle.CertificateExpired, mint.Request{Wrong: mint.Wrong{StampAt: a.Now.Add(time.Hour)}}},
		"no SCT":                 {bundle.SCTMissing, mint.Request{CTs: []*mint.CT{}}},
		"other SCT":              {bundle.SCTBadSignature, mint.Request{Wrong: mint.Wrong{OtherSCT: true}}},
		"SCT before the log":     {bundle.SCTOutsideLog, mint.Request{Wrong: mint.Wrong{SCTAt: far}}},
		"no entry":               {bundle.LogMissing, mint.Request{Via: none}},
		"logged before the log":  {bundle.LogNotValid, mint.Request{Wrong: mint.Wrong{LoggedAt: far}}},
		"other promise":          {bundle.BadPromise, mint.Request{Wrong: mint.Wrong{OtherPromise: true}}},
		"no proof":               {bundle.InclusionMissing, mint.Request{Wrong: mint.Wrong{NoProof: true}}},
		"no promise in v0.1":     {bundle.InclusionMissing, mint.Request{Version: "0.1", Wrong: mint.Wrong{NoPromise: true}}},
		"other proof":            {bundle.BadInclusion, mint.Request{Wrong: mint.Wrong{OtherProof: true}}},
		"other proof, v2":        {bundle.BadInclusion, mint.Request{Via: two, Wrong: mint.Wrong{OtherProof: true}}},
		"origin":                 {bundle.CheckpointOrigin, mint.Request{Via: two, Wrong: mint.Wrong{CheckpointOrigin: "elsewhere.example"}}},
		"checkpoint key":         {bundle.CheckpointSignature, mint.Request{Wrong: mint.Wrong{CheckpointKey: mint.NewKey(mint.P256, "z")}}},
		"checkpoint key, v2":     {bundle.CheckpointSignature, mint.Request{Via: two, Wrong: mint.Wrong{CheckpointKey: mint.NewKey(mint.Ed25519, "z")}}},
		"other entry":            {bundle.EntryOtherSignature, mint.Request{Wrong: mint.Wrong{OtherEntry: true}}},
		"other entry, v2":        {bundle.EntryOtherSignature, mint.Request{Via: two, Wrong: mint.Wrong{OtherEntry: true}}},
		"other signature":        {bundle.BadSignature, mint.Request{Wrong: mint.Wrong{OtherSignature: true}}},
		"other message":          {bundle.BadSignature, mint.Request{Message: x, Wrong: mint.Wrong{OtherSignature: true}}},
		"entry twice":            {bundle.DuplicateEntry, mint.Request{Stamps: []*mint.TSA{}, Wrong: mint.Wrong{Twice: true}}},
		"one log, two names":     {bundle.UnknownLog, mint.Request{Via: []*mint.Log{a.Rekor2, a.Rekor2.As("log.other.example")}}},
		"no time, v2":            {bundle.TimestampMissing, mint.Request{Via: two, Stamps: []*mint.TSA{}}},
		"no time, no promise":    {bundle.TimestampMissing, mint.Request{Stamps: []*mint.TSA{}, Wrong: mint.Wrong{NoPromise: true}}},
		"other stamp":            {bundle.TimestampOther, mint.Request{Wrong: mint.Wrong{OtherStamp: true}}},
		"stamp before authority": {bundle.TimestamperNotValid, mint.Request{Wrong: mint.Wrong{StampAt: far}}},
		"stamped twice":          {bundle.TimestamperTwice, mint.Request{Stamps: []*mint.TSA{a.TSA, a.TSA}}},
		"no statement":           {bundle.BadStatement, mint.Request{Payload: []byte(`{"a":1}`)}},
		"payload type":           {bundle.BadStatement, mint.Request{Payload: says("x"), PayloadType: "text/plain"}},
		"duplicate key":          {bundle.BadStatement, mint.Request{Payload: bytes.Replace(says("x"), []byte(`{`), []byte(`{"subject":[],`), 1)}},
		"other subject":          {bundle.SubjectMismatch, mint.Request{Payload: says("y")}},
		"other artifact":         {bundle.DigestMismatch, mint.Request{Message: []byte("y")}},
		"other identity":         {bundle.WrongIdentity, mint.Request{Identity: mint.GitHub("acme/agent", "other.yml", "refs/tags/v1", commit)}},
		"other issuer":           {bundle.WrongIdentity, mint.Request{Identity: mint.Identity{URI: release().Name(), Issuer: "https://issuer.example"}}},
		"key":                    {bundle.UntrustedSigner, mint.Request{Key: mint.NewKey(mint.P256, "k")}},
	}
}

func refusesLies(t *testing.T, seen tally) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256, Before: 99})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	for name, l := range lies(a) {
		t.Run(name, func(t *testing.T) {
			r := l.r
			if r.Identity.Issuer == "" {
				r.Identity = release()
			}
			if r.Payload == nil && r.Message == nil {
				r.Payload = says("x")
			}
			err := ours(root, a.Bundle(r), asked("x"), bundle.Strict())
			if got := code(t, err); got != l.want {
				t.Errorf("%q (%v), want %q", got, err, l.want)
			}
			seen[l.want] = true
		})
	}
}

// edited is a changed bundle, and why it must be refused.
type edited struct {
	want   bundle.Code
	bundle []byte
}

// edits are honest bundles with something changed in the JSON.
func edits(t *testing.T, a *mint.Authority) map[string]edited {
	one := mint.Request{Payload: says("x"), Identity: release(), Stamps: []*mint.TSA{}}
	two := mint.Request{Payload: says("x"), Identity: release(), Via: []*mint.Log{a.Rekor2}}
	message := mint.Request{Message: []byte("x"), Identity: release(), Stamps: []*mint.TSA{}}
	stamped := func(change func(object)) []byte {
		return edit(t, a.Bundle(two), func(m object) {
			change(m.at("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0))
		})
	}
	entry := func(r mint.Request, change func(object)) []byte {
		return edit(t, a.Bundle(r), func(m object) { change(m.entry()) })
	}
	proof := func(change func(object)) []byte {
		return entry(one, func(e object) { change(e.at("inclusionProof")) })
	}
	return map[string]edited{
		"no JSON":         {want: bundle.Unreadable, bundle: []byte("bundle")},
		"array":           {want: bundle.Unreadable, bundle: []byte("[]")},
		"unknown field":   {want: bundle.Unreadable, bundle: edit(t, a.Bundle(one), func(m object) { m["more"] = 1 })},
		"duplicate field": {want: bundle.Unreadable, bundle: bytes.Replace(a.Bundle(one), []byte("{"), []byte(`{"mediaType":"",`), 1)},
		"case variant":    {want: bundle.Unreadable, bundle: bytes.Replace(a.Bundle(one), []byte("{"), []byte(`{"mediatype":"",`), 1)},
		"second base64":   {want: bundle.Unreadable, bundle: bytes.Replace(a.Bundle(one), []byte("=="), []byte(""), 1)},
		"leading zero":    {want: bundle.Unreadable, bundle: entry(one, func(e object) { e["logIndex"] = "01" })},
		"fraction":        {want: bundle.Unreadable, bundle: entry(one, func(e object) { e["logIndex"] = 1.5 })},
		"two signatures": {want: bundle.Unreadable, bundle: edit(t, a.Bundle(one), func(m object) {
			s := m.at("dsseEnvelope")
			s["signatures"] = append(s["signatures"].([]any), s["signatures"].([]any)...)
		})},
		"two contents":   {want: bundle.Unreadable, bundle: edit(t, a.Bundle(message), func(m object) { m["dsseEnvelope"] = object{} })},
		"no content":     {want: bundle.Unreadable, bundle: edit(t, a.Bundle(one), func(m object) { m["dsseEnvelope"] = nil })},
		"no material":    {want: bundle.Unreadable, bundle: edit(t, a.Bundle(one), func(m object) { m["verificationMaterial"] = nil })},
		"key and leaf":   {want: bundle.Unreadable, bundle: edit(t, a.Bundle(one), func(m object) { m.at("verificationMaterial")["publicKey"] = object{} })},
		"chain in v0.3":  {want: bundle.Unreadable, bundle: edit(t, a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Version: "0.2"}), func(m object) { m["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+json" })},
		"no chain":       {want: bundle.Unreadable, bundle: edit(t, a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Version: "0.2"}), func(m object) { m.at("verificationMaterial", "x509CertificateChain")["certificates"] = []any{} })},
		"unknown hash":   {want: bundle.Unreadable, bundle: edit(t, a.Bundle(message), func(m object) { m.at("messageSignature", "messageDigest")["algorithm"] = "SHA3_256" })},
		"v0.4":           {want: bundle.UnknownVersion, bundle: edit(t, a.Bundle(one), func(m object) { m["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.4+json" })},
		"no certificate": {want: bundle.BadCertificate, bundle: edit(t, a.Bundle(one), func(m object) { m.at("verificationMaterial", "certificate")["rawBytes"] = "AAAA" })},
		"weak key":       {want: bundle.BadCertificate, bundle: edit(t, a.Bundle(one), func(m object) { m.at("verificationMaterial", "certificate")["rawBytes"] = b64(weakLeaf(t, a).Raw) })},
		"CA as leaf":     {want: bundle.BadCertificate, bundle: edit(t, a.Bundle(one), func(m object) { m.at("verificationMaterial", "certificate")["rawBytes"] = b64(a.CA.Middle.Raw) })},
		"33 entries":     {want: bundle.TooLarge, bundle: edit(t, a.Bundle(one), func(m object) { m.at("verificationMaterial")["tlogEntries"] = slices.Repeat([]any{m.entry()}, 33) })},
		"33 stamps": {want: bundle.TooLarge, bundle: edit(t, a.Bundle(one), func(m object) {
			m.at("verificationMaterial")["timestampVerificationData"] = object{"rfc3161Timestamps": slices.Repeat([]any{object{"signedTimestamp": "AAAA"}}, 33)}
		})},
		"empty stamp":     {want: bundle.BadTimestamp, bundle: stamped(func(s object) { s["signedTimestamp"] = "" })},
		"no stamp":        {want: bundle.BadTimestamp, bundle: stamped(func(s object) { s["signedTimestamp"] = "AAAA" })},
		"stamp signature": {want: bundle.TimestampSignature, bundle: stamped(func(s object) { s["signedTimestamp"] = flipLast(t, s["signedTimestamp"].(string)) })},
		"stamp's hashes": {want: bundle.BadTimestamp, bundle: stamped(func(s object) {
			raw := unb64(t, s["signedTimestamp"].(string))
			s["signedTimestamp"] = b64(bytes.Replace(raw, []byte{0x31, 0x0f, 0x30, 0x0d, 0x06}, []byte{0x31, 0x0f, 0x30, 0x0d, 0x03}, 1))
		})},
		"negative index":   {want: bundle.BadEntry, bundle: entry(one, func(e object) { e["logIndex"] = "-1" })},
		"no log":           {want: bundle.BadEntry, bundle: entry(one, func(e object) { e["logId"] = object{} })},
		"no kind":          {want: bundle.BadEntry, bundle: entry(one, func(e object) { e["kindVersion"] = object{} })},
		"no body":          {want: bundle.BadEntry, bundle: entry(one, func(e object) { e["canonicalizedBody"] = "" })},
		"unknown kind":     {want: bundle.BadEntry, bundle: entry(one, func(e object) { e.at("kindVersion")["kind"] = "rpm" })},
		"kind and body":    {want: bundle.BadEntry, bundle: editBody(t, a.Bundle(one), swap(`"kind":"dsse"`, `"kind":"dsss"`))},
		"body no JSON":     {want: bundle.BadEntry, bundle: editBody(t, a.Bundle(one), swap(`{`, `[`))},
		"body v2 no JSON":  {want: bundle.BadEntry, bundle: editBody(t, a.Bundle(two), swap(`{`, `[`))},
		"body v2 spaced":   {want: bundle.BadEntry, bundle: editBody(t, a.Bundle(two), swap(`{`, `{ `))},
		"other payload":    {want: bundle.EntryOtherPayload, bundle: editBody(t, a.Bundle(one), func(b string) string { return rehash(b, `"payloadHash":{"algorithm":"sha256","value":"`) })},
		"other message":    {want: bundle.EntryOtherPayload, bundle: editBody(t, a.Bundle(message), func(b string) string { return rehash(b, `"value":"`) })},
		"other payload v2": {want: bundle.EntryOtherPayload, bundle: editBody(t, a.Bundle(two), func(b string) string { return rehash(b, `"digest":"`) })},
		"other key v2":     {want: bundle.EntryOtherKey, bundle: editBody(t, a.Bundle(two), func(b string) string { return rehash(b, `"rawBytes":"`) })},
		"promise in v2":    {want: bundle.BadPromise, bundle: entry(two, func(e object) { e["inclusionPromise"] = object{"signedEntryTimestamp": "AAAA"} })},
		"empty promise":    {want: bundle.BadPromise, bundle: entry(one, func(e object) { e["inclusionPromise"] = object{} })},
		"no checkpoint":    {want: bundle.BadCheckpoint, bundle: proof(func(p object) { delete(p, "checkpoint") })},
		"checkpoint text":  {want: bundle.BadCheckpoint, bundle: proof(func(p object) { p["checkpoint"] = object{"envelope": "a\n1\n\n"} })},
		"origin of v2": {want: bundle.CheckpointOrigin, bundle: proof(func(p object) {
			text := p.at("checkpoint")["envelope"].(string)
			p["checkpoint"] = object{"envelope": text[:strings.Index(text, " - ")] + text[strings.Index(text, "\n"):]}
		})},
		"root":          {want: bundle.CheckpointMismatch, bundle: proof(func(p object) { p["rootHash"] = b64(make([]byte, 32)) })},
		"size":          {want: bundle.CheckpointMismatch, bundle: proof(func(p object) { p["treeSize"] = "7" })},
		"short proof":   {want: bundle.BadInclusion, bundle: proof(func(p object) { p["hashes"] = p["hashes"].([]any)[1:] })},
		"long proof":    {want: bundle.BadInclusion, bundle: proof(func(p object) { p["hashes"] = append(p["hashes"].([]any), b64(make([]byte, 32))) })},
		"short hash":    {want: bundle.BadInclusion, bundle: proof(func(p object) { p["hashes"].([]any)[0] = "AAAA" })},
		"negative size": {want: bundle.BadInclusion, bundle: proof(func(p object) { p["treeSize"] = "-7" })},
	}
}

func swap(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

// rehash changes the first character of a value, to one that is due there too.
func rehash(body, before string) string {
	i := strings.Index(body, before) + len(before)
	to := byte('1')
	if body[i] == to {
		to = '2'
	}
	return body[:i] + string(to) + body[i+1:]
}

func refusesEdits(t *testing.T, seen tally) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256, Before: 99})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	for name, e := range edits(t, a) {
		t.Run(name, func(t *testing.T) {
			err := ours(root, e.bundle, asked("x"), bundle.Strict())
			if got := code(t, err); got != e.want {
				t.Errorf("%q (%v), want %q", got, err, e.want)
			}
			seen[e.want] = true
		})
	}
}

// refusesRoots: honest bundles, under roots that do not vouch for them.
func refusesRoots(t *testing.T, seen tally) {
	a, b := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256}), mint.New(mint.Options{Seed: t.Name() + "2", Curve: mint.P256})
	past := mint.Window{Start: a.Now.AddDate(-2, 0, 0), End: a.Now.AddDate(-1, 0, 0)}
	one := a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Via: []*mint.Log{a.Rekor1, a.Rekor2}})
	for name, tt := range map[string]struct {
		want  bundle.Code
		other func(*mint.Root)
	}{
		"CA":      {bundle.UntrustedRoot, func(r *mint.Root) { r.CAs = b.Root().CAs }},
		"no CA":   {bundle.UntrustedRoot, func(r *mint.Root) { r.CAs = nil }},
		"CA past": {bundle.AuthorityNotValid, func(r *mint.Root) { c := *a.CA; c.Trusted = past; r.CAs = []*mint.CA{&c} }},
		"CT":      {bundle.SCTUnknownLog, func(r *mint.Root) { r.CTs = b.Root().CTs }},
		"CT past": {bundle.SCTOutsideLog, func(r *mint.Root) { c := *a.CT; c.Trusted = past; r.CTs = []*mint.CT{&c} }},
		"log":     {bundle.UnknownLog, func(r *mint.Root) { r.Logs = b.Root().Logs }},
		"v2 log past": {bundle.LogNotValid, func(r *mint.Root) {
			r.Logs[1] = mint.NewLog(mint.LogOptions{Seed: "2 " + t.Name(), Host: a.Rekor2.Host, Protocol: mint.Rekor2, Trusted: past})
		}},
		"TSA":       {bundle.UntrustedTimestamper, func(r *mint.Root) { r.TSAs = b.Root().TSAs }},
		"TSA past":  {bundle.TimestamperNotValid, func(r *mint.Root) { s := *a.TSA; s.Trusted = past; r.TSAs = []*mint.TSA{&s} }},
		"everybody": {bundle.UntrustedRoot, func(r *mint.Root) { *r = b.Root() }},
	} {
		t.Run(name, func(t *testing.T) {
			trusted := a.Root()
			tt.other(&trusted)
			root, err := bundle.NewRoot(trusted.JSON())
			check(t, err)
			err = ours(root, one, asked("x"), bundle.Strict())
			if got := code(t, err); got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
			seen[tt.want] = true
		})
	}
}

// refusesCertificates: certificates that an authority should not have made.
func refusesCertificates(t *testing.T, seen tally) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256})
	ca := newCrafted(t, a.Now, pkix.Name{CommonName: "crafted"}, nil)
	root, err := bundle.NewRoot(ca.trustedBy(t, a.TrustedRoot()))
	check(t, err)
	lax := bundle.Demand{}
	ext := func(value []byte, oid ...int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier(oid), Value: value})
		}
	}
	for name, tt := range map[string]struct {
		want   bundle.Code
		change func(*x509.Certificate)
		demand bundle.Demand
	}{
		"server":      {bundle.WrongUsage, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, lax},
		"no usage":    {bundle.WrongUsage, func(c *x509.Certificate) { c.ExtKeyUsage = nil }, lax},
		"other use":   {bundle.WrongUsage, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, lax},
		"broken SCT":  {bundle.SCTBroken, ext([]byte{4, 2, 0, 0}, 1, 3, 6, 1, 4, 1, 11129, 2, 4, 2), bundle.Strict()},
		"no time":     {bundle.CertificateTimeNeeded, nil, lax},
		"two names":   {bundle.BadCertificate, func(c *x509.Certificate) { c.EmailAddresses = []string{"a@example.org"} }, lax},
		"host":        {bundle.BadCertificate, func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"example.org"} }, lax},
		"no name":     {bundle.BadCertificate, func(c *x509.Certificate) { c.URIs = nil }, lax},
		"two issuers": {bundle.BadCertificate, ext([]byte("https://other.example"), 1, 3, 6, 1, 4, 1, 57264, 1, 1), lax},
		"no string":   {bundle.BadCertificate, ext([]byte("text"), 1, 3, 6, 1, 4, 1, 57264, 1, 9), lax},
		"critical": {bundle.UntrustedRoot, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})
		}, lax},
		"never": {bundle.AuthorityNotValid, func(c *x509.Certificate) { c.NotBefore = a.Now.AddDate(5, 0, 0); c.NotAfter = a.Now.AddDate(6, 0, 0) }, lax},
	} {
		t.Run(name, func(t *testing.T) {
			err := ours(root, ca.bundle(t, says("x"), tt.change), asked("x"), tt.demand)
			if got := code(t, err); got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
			seen[tt.want] = true
		})
	}
}
