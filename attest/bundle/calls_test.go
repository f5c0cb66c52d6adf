package bundle_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// refusesCalls: what takes more than one bundle, or another call, to provoke.
func refusesCalls(t *testing.T, seen tally) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	key := mint.NewKey(mint.P256, "key")
	pub, err := trust.ParsePublic(key.PEM())
	check(t, err)
	read := func(r mint.Request) *bundle.Bundle {
		b, err := bundle.Read(a.Bundle(r), 0)
		check(t, err)
		return b
	}
	signed := mint.Request{Payload: says("x"), Identity: release()}
	byKey := mint.Request{Payload: says("x"), Key: key}
	logged := byKey
	logged.Via = []*mint.Log{a.Rekor1}
	nobody := bundle.Artifact{}
	for name, tt := range map[string]struct {
		want bundle.Code
		err  func() error
	}{
		"root": {bundle.BadRoot, func() error { _, err := bundle.NewRoot([]byte("{}")); return err }},
		"size": {bundle.TooLarge, func() error { _, err := bundle.Read(a.Bundle(signed), 100); return err }},
		"leaf": {bundle.UntrustedSigner, func() error {
			_, err := bundle.VerifyKey(read(signed), pub, root, nobody, bundle.Strict())
			return err
		}},
		"message alone": {bundle.ArtifactNeeded, func() error {
			_, err := bundle.VerifyCertificate(read(mint.Request{Message: []byte("x"), Identity: release()}), root, nobody, bundle.Strict())
			return err
		}},
		"pure Ed25519 by digest": {bundle.ArtifactNeeded, func() error {
			k := mint.NewKey(mint.Ed25519, "key")
			pub, err := trust.ParsePublic(k.PEM())
			check(t, err)
			_, err = bundle.VerifyKey(read(mint.Request{Message: []byte("x"), Key: k}), pub, nil, byDigest(t, []byte("x")), bundle.Demand{})
			return err
		}},
		"no root, demands": {bundle.BadDemand, func() error {
			_, err := bundle.VerifyKey(read(byKey), pub, nil, nobody, bundle.Strict())
			return err
		}},
		"no root, entries": {bundle.UncheckableMaterial, func() error {
			_, err := bundle.VerifyKey(read(logged), pub, nil, nobody, bundle.Demand{})
			return err
		}},
		"another key": {bundle.BadSignature, func() error {
			other, err := trust.ParsePublic(mint.NewKey(mint.P256, "other").PEM())
			check(t, err)
			_, err = bundle.VerifyKey(read(byKey), other, nil, nobody, bundle.Demand{})
			return err
		}},
		"nameless": {bundle.BadDemand, func() error {
			v, err := bundle.VerifyCertificate(read(signed), root, nobody, bundle.Strict())
			check(t, err)
			return v.Is("", "")
		}},
		"two logs": {bundle.LogMissing, func() error {
			d := bundle.Strict()
			d.Logs = 2
			_, err := bundle.VerifyCertificate(read(signed), root, nobody, d)
			return err
		}},
		"two authorities": {bundle.TimestampMissing, func() error {
			d := bundle.Strict()
			d.Stamps = 2
			_, err := bundle.VerifyCertificate(read(signed), root, nobody, d)
			return err
		}},
		"other certificate": {bundle.EntryOtherKey, func() error { return ours(root, otherCertificate(t, a), asked("x"), bundle.Strict()) }},
		"other kind":        {bundle.EntryOtherKind, func() error { return ours(root, otherKind(t, a), asked("x"), bundle.Strict()) }},
		"timestamp usage": {bundle.TimestampUsage, func() error {
			root, err := bundle.NewRoot(unfitTSA(t, a))
			check(t, err)
			return ours(root, a.Bundle(signed), asked("x"), bundle.Strict())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.err()
			if got := code(t, err); got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
			seen[tt.want] = true
		})
	}
}

// otherCertificate is signed with one key under two certificates: the entry is
// of the first, the bundle shows the second. The signature is the same.
func otherCertificate(t *testing.T, a *mint.Authority) []byte {
	t.Helper()
	r := mint.Request{Payload: says("x"), Identity: release(), LeafKey: mint.NewKey(mint.P256, "leaf")}
	var first any
	edit(t, a.Bundle(r), func(m object) { first = m.entry() })
	return edit(t, a.Bundle(r), func(m object) { m.at("verificationMaterial")["tlogEntries"] = []any{first} })
}

// otherKind is an envelope with the entry of a message.
func otherKind(t *testing.T, a *mint.Authority) []byte {
	t.Helper()
	var entry any
	edit(t, a.Bundle(mint.Request{Message: []byte("x"), Identity: release()}), func(m object) { entry = m.entry() })
	return edit(t, a.Bundle(mint.Request{Payload: says("x"), Identity: release()}), func(m object) {
		m.at("verificationMaterial")["tlogEntries"] = []any{entry}
	})
}

// unfitTSA is a root that names, for the timestamp authority, a certificate of
// the same issuer's name and number that is for more than timestamps.
func unfitTSA(t *testing.T, a *mint.Authority) []byte {
	t.Helper()
	ca := newCrafted(t, a.Now, pkix.Name{}, func(c *x509.Certificate) { c.RawSubject = a.TSA.Leaf.RawIssuer })
	leaf := ca.issue(t, newKey(t).Public(), func(c *x509.Certificate) {
		c.SerialNumber = a.TSA.Leaf.SerialNumber
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageCodeSigning}
	})
	return edit(t, a.TrustedRoot(), func(m object) {
		m.at("timestampAuthorities", 0)["certChain"] = object{"certificates": []any{object{"rawBytes": b64(leaf.Raw)}, object{"rawBytes": b64(ca.cert.Raw)}}}
	})
}

// flipLast changes the last byte of base64 text.
func flipLast(t *testing.T, text string) string {
	t.Helper()
	raw := unb64(t, text)
	raw[len(raw)-1] ^= 1
	return b64(raw)
}

// codesOf reads the codes that the package declares.
func codesOf(t *testing.T) []bundle.Code {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "error.go", nil, 0)
	check(t, err)
	var all []bundle.Code
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, err := strconv.Unquote(lit.Value)
			check(t, err)
			all = append(all, bundle.Code(s))
		}
		return true
	})
	return all
}
