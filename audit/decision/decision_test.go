package decision_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit/decision"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/profile"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) *trust.Key {
	t.Helper()
	raw, _, err := trust.NewKey(nil)
	check(t, err)
	key, err := trust.LoadKey(raw, nil)
	check(t, err)
	return key
}

// decide signs a decision on a dossier, after another one.
func decide(t testing.TB, key *trust.Key, dossier string, before []byte) []byte {
	t.Helper()
	d := decision.Decision{Profile: "p", Value: "maintain", Reasons: []string{"because"}}
	if before != nil {
		d.Previous = evidence.Of(before)
	}
	raw, err := decision.Statement(d, evidence.Of([]byte(dossier)))
	check(t, err)
	b, err := attest.Sign(context.Background(), key, statement.PayloadType, raw)
	check(t, err)
	return b
}

// by verifies with any of the keys.
func by(keys ...*trust.Key) decision.Verifier {
	return func(b *bundle.Bundle) (*bundle.Verified, error) {
		err := errors.New("no key")
		for _, k := range keys {
			var v *bundle.Verified
			if v, err = bundle.VerifyKey(b, k.Public(), nil, bundle.Artifact{}, bundle.Demand{}); err == nil {
				return v, nil
			}
		}
		return nil, err
	}
}

func code(err error) decision.Code {
	var e *decision.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestChain(t *testing.T) {
	a, b, c := newKey(t), newKey(t), newKey(t)
	dossier := evidence.Of([]byte("d"))
	first := decide(t, a, "d", nil)
	second := decide(t, b, "d", first)
	third := decide(t, c, "d", second)
	chain := [][]byte{first, second, third}
	for range 20 { // the order in which they come bears on nothing
		rand.Shuffle(len(chain), func(i, j int) { chain[i], chain[j] = chain[j], chain[i] })
		got, err := decision.Chain(dossier, chain, by(a, b, c))
		check(t, err)
		var signers []string
		for _, x := range got {
			signers = append(signers, x.Signer)
		}
		if want := []string{a.Public().ID(), b.Public().ID(), c.Public().ID()}; !slices.Equal(signers, want) {
			t.Fatalf("signed by %v, want %v", signers, want)
		}
	}
	raw, err := decision.Statement(decision.Decision{Profile: "q", Value: "v", Reasons: []string{"r"}, Previous: evidence.Of(first)}, dossier)
	check(t, err)
	elsewhere, err := attest.Sign(t.Context(), b, statement.PayloadType, raw)
	check(t, err)
	other, err := statement.New("https://example.org/x", []statement.Subject{{Name: "x", Digest: map[string]string{"sha256": dossier.Hex()}}}, map[string]string{})
	check(t, err)
	another, err := attest.Sign(t.Context(), a, statement.PayloadType, other)
	check(t, err)
	for _, tt := range []struct {
		name    string
		bundles [][]byte
		who     decision.Verifier
		want    decision.Code
	}{
		{"one", [][]byte{first}, by(a), ""},
		{"none", nil, by(a), ""},
		{"nobody asks who", [][]byte{second, first}, nil, ""},
		{"the middle is missing", [][]byte{first, third}, by(a, b, c), decision.Gap},
		{"the first is missing", [][]byte{second, third}, by(a, b, c), decision.Gap},
		{"twice the same", [][]byte{first, first}, by(a), decision.Twice},
		{"two firsts", [][]byte{first, decide(t, b, "d", nil)}, by(a, b), decision.TwoStarts},
		{"two after one", [][]byte{first, second, decide(t, c, "d", first)}, by(a, b, c), decision.Fork},
		{"about another dossier", [][]byte{decide(t, a, "e", nil)}, by(a), decision.OtherDossier},
		{"by one who may not", [][]byte{first, second}, by(a), decision.BadSigner},
		{"one party twice", [][]byte{first, decide(t, a, "d", first)}, by(a), decision.Repeated},
		{"under another process", [][]byte{first, elsewhere}, by(a, b), decision.OtherProcess},
		{"another statement", [][]byte{another}, by(a), decision.NotADecision},
		{"no bundle", [][]byte{[]byte("{}")}, by(a), decision.NotADecision},
		{"not canonical", [][]byte{append([]byte(" "), first...)}, by(a), decision.BadDecision},
		{"altered", [][]byte{bytes.Replace(first, []byte(`"sig":"M`), []byte(`"sig":"N`), 1)}, by(a), decision.BadSigner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decision.Chain(dossier, tt.bundles, tt.who)
			if code(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err != nil && got != nil {
				t.Error("a chain beside an error")
			}
		})
	}
}

func TestFits(t *testing.T) {
	p := &profile.Profile{ID: "p", Decisions: []profile.Decision{{Values: []profile.Value{{Name: "maintain"}}}}}
	good := decision.Decision{Profile: "p", Value: "maintain", Reasons: []string{"r"}}
	for _, tt := range []struct {
		name   string
		change func(*decision.Decision)
		want   decision.Code
	}{
		{"good", func(*decision.Decision) {}, ""},
		{"another process", func(d *decision.Decision) { d.Profile = "q" }, decision.BadDecision},
		{"a value that it does not know", func(d *decision.Decision) { d.Value = "perhaps" }, decision.UnknownValue},
		{"no reason", func(d *decision.Decision) { d.Reasons = nil }, decision.BadDecision},
		{"an empty reason", func(d *decision.Decision) { d.Reasons = []string{" "} }, decision.BadDecision},
		{"an endless reason", func(d *decision.Decision) { d.Reasons = []string{strings.Repeat("x", 5000)} }, decision.BadDecision},
		{"too many conditions", func(d *decision.Decision) { d.Conditions = slices.Repeat([]string{"c"}, 65) }, decision.BadDecision},
		{"what does not show", func(d *decision.Decision) { d.Conditions = []string{"a\x1b[2Jb"} }, decision.BadDecision},
		{"follows nothing", func(d *decision.Decision) { d.Previous = "x" }, decision.BadDecision},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := good
			tt.change(&d)
			if err := d.Fits(p); code(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(decide(f, newKey(f), "d", nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := decision.Read(raw)
		if err == nil && (l.Digest != evidence.Of(raw) || l.Decision.Value == "") {
			t.Errorf("read %+v", l)
		}
	})
}
