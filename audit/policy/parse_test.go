package policy

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/proffer-audit/proffer/audit/strictyaml"
	"github.com/proffer-audit/proffer/audit/strictyaml/schematest"
	"github.com/proffer-audit/proffer/reports"
)

func full(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFull(t *testing.T) {
	p, err := Parse("p.yaml", []byte(full(t)))
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC); p.AsOf != want {
		t.Errorf("asOf = %v, want %v", p.AsOf, want)
	}
	want := Require{
		Rebuild: reports.Explained, Provenance: map[string]int{"vendor": 0, "rebuilder": 2}, Inventory: "partial",
		Advisories: Advisories{FailOn{reports.High, "unless-disproved", true}, 240 * time.Hour},
		Source:     Source{[]string{"CGO"}, []string{"NETWORK", "EXEC"}, reports.Medium},
	}
	if d := cmp.Diff(want, p.Require); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if want := (Limits{2 * time.Hour, 8 << 30, 3 * time.Hour, 512 << 20}); p.Limits != want {
		t.Errorf("limits = %v", p.Limits)
	}
	for i := range reflect.TypeFor[Policy]().NumField() {
		if f := reflect.TypeFor[Policy]().Field(i); f.IsExported() && reflect.ValueOf(*p).Field(i).IsZero() {
			t.Errorf("the example has no %s", f.Name)
		}
	}
}

// The values of a policy that says nothing, as the types document them.
func TestDefaultsAreStrict(t *testing.T) {
	p, err := Parse("p.yaml", []byte("apiVersion: proffer/v1\nkind: Policy\nid: a\n"))
	if err != nil {
		t.Fatal(err)
	}
	p.positions = nil
	want := &Policy{
		APIVersion: "proffer/v1", Kind: "Policy", ID: "a",
		Trust: Trust{
			Roots:      []Root{},
			Toolchains: []ToolchainTrust{{PURL: "pkg:golang/golang.org/toolchain", Proof: "checksum-database"}},
			Logs:       []Log{{"sum.golang.org", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}},
			Roles:      map[string]Role{},
		},
		Require: Require{
			Rebuild: reports.BitIdentical, Provenance: map[string]int{}, Inventory: "complete",
			Advisories: Advisories{FailOn{reports.Low, "always", true}, 168 * time.Hour},
			Source:     Source{[]string{}, []string{"NETWORK", "EXEC"}, reports.Low},
		},
		Waivers: []Waiver{}, Limits: Limits{30 * time.Minute, 4 << 30, time.Hour, 4 << 30},
		Sandbox: "namespaces", Variations: []string{}, Independent: 2, Disclosure: "full",
	}
	if d := cmp.Diff(want, p, cmp.AllowUnexported(Policy{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestAnEmptyListTrustsNothing(t *testing.T) {
	p, err := Parse("p.yaml", []byte("apiVersion: proffer/v1\nkind: Policy\nid: a\ntrust: {toolchains: [], logs: []}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Trust.Toolchains)+len(p.Trust.Logs) != 0 {
		t.Errorf("still trusted: %+v", p.Trust)
	}
}

func TestBuiltins(t *testing.T) {
	for _, name := range BuiltinNames() {
		data, ok := Builtin(name)
		if !ok {
			t.Fatalf("no built-in policy %s", name)
		}
		schematest.Validates(t, Schema(), data)
		p, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Resolve(noFiles); err != nil {
			t.Errorf("%s needs files: %v", name, err)
		}
		r := p.Require
		if p.ID != name || r.Rebuild != reports.BitIdentical || p.Sandbox != "landlock" || len(p.Waivers) > 0 || len(p.Roles()) > 0 ||
			r.Advisories.FailOn != (FailOn{reports.High, "unless-disproved", true}) || r.Source.FailOn != reports.High {
			t.Errorf("%s demands something else: %+v", name, p)
		}
		data[0] = 'X'
		if again, _ := Builtin(name); again[0] == 'X' {
			t.Errorf("a caller can change the built-in policy %s", name)
		}
	}
	if _, ok := Builtin("defaults"); ok {
		t.Error("the defaults pass for a policy")
	}
}

func TestSchema(t *testing.T) {
	schematest.Agrees(t, Schema(), reflect.TypeFor[Policy]())
	for _, doc := range []string{full(t), string(defaults)} {
		schematest.Validates(t, Schema(), []byte(doc))
	}
}

func TestWaiverApplies(t *testing.T) {
	w := Waiver{Expires: strictyaml.Date{Year: 2027, Month: 1, Day: 1}}
	for at, want := range map[string]bool{
		"2026-12-31T23:59:59Z": true, "2027-01-01T00:00:00Z": false, "2027-01-01T00:30:00+01:00": true, "2028-01-01T00:00:00Z": false,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Applies(when); got != want {
			t.Errorf("at %s: %v", at, got)
		}
	}
}

func TestSize(t *testing.T) {
	for in, want := range map[string]Size{
		"1B": 1, "4GiB": 4 << 30, "1536KiB": 1536 << 10, "8388607TiB": 8388607 << 40,
		"": 0, "4": 0, "4GB": 0, "4 GiB": 0, "4gib": 0, "0GiB": 0, "04GiB": 0, "1.5GiB": 0, "-1B": 0, "8388608TiB": 0, "9223372036854775808B": 0, "99999999999999999999B": 0,
	} {
		var got Size
		err := got.UnmarshalText([]byte(in))
		if (err == nil) != (want != 0) || got != want {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	for want, s := range map[string]Size{"4GiB": 4 << 30, "1536KiB": 1536 << 10, "0B": 0, "9223372036854775807B": math.MaxInt64} {
		if s.String() != want {
			t.Errorf("%d is written %s", int64(s), s)
		}
	}
}

// FuzzParse holds that what Parse accepts can be turned into roles in which
// every demand can be met.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full(f)))
	for _, tt := range refusals {
		f.Add([]byte(strings.Replace(full(f), tt.old, tt.new, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("f", data)
		if err != nil {
			var e *strictyaml.Error
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 {
				t.Fatalf("an error without a place: %#v", err)
			}
			return
		}
		for _, r := range p.Roles() {
			if r.Threshold < 0 || (r.Threshold > 0 && len(r.Principals) == 0) {
				t.Fatalf("accepted the role %+v", r)
			}
		}
	})
}
