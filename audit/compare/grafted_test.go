package compare_test

import (
	"crypto"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/compare/graft"
	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
	"github.com/proffer-audit/proffer/audit/compare/sections/sectionstest"
	"github.com/proffer-audit/proffer/reports"
)

// signed is a program with an Authenticode signature; behind stands after the
// message, in the same entry of the certificate table.
func signed(t *testing.T, p sectionstest.PE, behind []byte) []byte {
	t.Helper()
	s, err := signtest.New("Acme", true)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := graft.Authentihash(p.Bytes(), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	image := []byte{0x30, 0x09, 0x03, 0x01, 0x00, 0xa0, 0x04, 0xa2, 0x02, 0x80, 0x00}
	content := signtest.Seq(
		signtest.Seq(signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 1, 15), image),
		signtest.Seq(signtest.Seq(signtest.OID(2, 16, 840, 1, 101, 3, 4, 2, 1), signtest.Null()), signtest.Octets(sum)),
	)
	message, err := s.CMS(signtest.Message{ContentType: signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 1, 4), Content: content})
	if err != nil {
		t.Fatal(err)
	}
	p.Certificate = append(message, behind...)
	return p.Bytes()
}

// A vendor's signature is put onto the rebuilt file; what it does not account
// for is seen beside it.
func TestGrafted(t *testing.T) {
	s := seed(11)
	unsigned := sectionstest.PE{Text: s.bytes(1000), Data: s.bytes(600), Checksum: true}
	changed := unsigned
	changed.Text = with(unsigned.Text, 100, 1, 2, 3, 4)
	zipped := func(b []byte) []byte { return zipOf(t, 6, zipFile("agent.exe", 0o755, b)) }
	for _, tt := range []struct {
		name             string
		shipped, rebuilt []byte
		level            reports.Level
		found            compare.ClassName
		signature        bool
	}{
		{"signed", signed(t, unsigned, nil), unsigned.Bytes(), reports.IdenticalGraft, "", true},
		{"signed, in a zip", zipped(signed(t, unsigned, nil)), zipped(unsigned.Bytes()), reports.EqualNormalised, "", false},
		{"payload behind the signature", signed(t, unsigned, []byte("sixteen bytes ok")), unsigned.Bytes(), reports.Unexplained, compare.ForeignSigned, true},
		{"signed, and other code", signed(t, changed, nil), unsigned.Bytes(), reports.Unexplained, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := compare.Artifacts(tt.shipped, tt.rebuilt, compare.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			adds(t, r, tt.name)
			if r.Level != tt.level {
				t.Errorf("level %s, want %s\n%s", r.Level, tt.level, describe(r, ""))
			}
			if got := len(r.Found) > 0; got != (tt.found != "") || got && r.Found[0].Class != tt.found {
				t.Errorf("findings\n%s", describe(r, ""))
			}
			if r.Clean(reports.EqualNormalised) != (tt.level != reports.Unexplained) {
				t.Error("clean, or not, against its level")
			}
			var bytes int64
			for _, c := range r.Classes {
				if c.Class == compare.Signature {
					bytes = c.Bytes
				}
			}
			if (bytes > 0) != tt.signature || (len(r.Grafts) > 0) != tt.signature {
				t.Errorf("%d bytes of signature, grafts %+v", bytes, r.Grafts)
			}
		})
	}
}

// The part of the account that a report carries adds up, and is absent where the
// files are the same.
func TestReport(t *testing.T) {
	for _, p := range corpus(t) {
		r, err := compare.Artifacts(p.shipped, p.rebuilt, compare.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		c := r.Report()
		var total int64
		for _, k := range c.Classes {
			total += k.Bytes
		}
		if total != c.DifferingBytes || c.Answer.IsZero() {
			t.Errorf("%s: %d of %d bytes, answer %q", p.name, total, c.DifferingBytes, c.Answer)
		}
		list := r.Findings("rebuild/x", "x", []string{}, "C8")
		ids := map[string]bool{}
		for _, f := range list {
			if ids[f.ID] {
				t.Errorf("%s: two findings are %s", p.name, f.ID)
			}
			ids[f.ID] = true
		}
		if len(list) != len(r.Found) {
			t.Errorf("%s: %d findings of %d", p.name, len(list), len(r.Found))
		}
	}
	same, err := compare.Artifacts([]byte("x"), []byte("x"), compare.Limits{})
	if err != nil || same.Report() != nil {
		t.Errorf("%v, a report of no difference: %+v", err, same.Report())
	}
}

// What is too large to be looked into is unexplained, and said to be.
func TestTooLarge(t *testing.T) {
	s := seed(12)
	a := zipOf(t, 6, zipFile("a", 0o644, s.text(5000)))
	b := zipOf(t, 6, zipFile("a", 0o644, s.text(5000)))
	for name, lim := range map[string]compare.Limits{
		"output": {Output: 1000}, "one member": {PerFile: 1000}, "depth": {Depth: -1}, "members": {Members: -1},
	} {
		r, err := compare.Artifacts(a, b, lim)
		if err != nil {
			t.Fatal(err)
		}
		adds(t, r, name)
		if r.Level != reports.Unexplained || len(r.Notes) == 0 {
			t.Errorf("%s: %s", name, describe(r, ""))
		}
	}
}
