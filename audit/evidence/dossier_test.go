package evidence_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// entry keeps data and describes it.
func entry(t *testing.T, w evidence.Writer, name, data string) evidence.Descriptor {
	t.Helper()
	return evidence.Descriptor{
		Name: name, MediaType: "application/octet-stream",
		Digest: put(t, w, data), Size: int64(len(data)),
	}
}

// sample is a small dossier's contents, in no order, one blob under two names
// and one that is empty.
func sample(t *testing.T, w evidence.Writer) evidence.Contents {
	t.Helper()
	return evidence.Contents{
		Evidence: []evidence.Descriptor{
			entry(t, w, "fetch/source/agent/bytes", strings.Repeat("source ", 100)),
			entry(t, w, "fetch/artifact/agent/bytes", "artifact"),
			entry(t, w, "fetch/artifact/copy/bytes", "artifact"),
			entry(t, w, "a/log <&> é", ""),
		},
		Report:     entry(t, w, evidence.ReportName, `{"report":true}`),
		Bundle:     entry(t, w, evidence.BundleName, `{"bundle":1}`),
		Run:        entry(t, w, evidence.RunName, `{"run":1}`),
		RunBundle:  entry(t, w, evidence.RunBundleName, `{"bundle":2}`),
		Signer:     entry(t, w, evidence.SignerName, "public key"),
		Renderings: []evidence.Descriptor{entry(t, w, "report.html", "<p>"), entry(t, w, "findings.sarif", "{}")},
	}
}

func write(t *testing.T, src evidence.Reader, c evidence.Contents) ([]byte, evidence.Digest) {
	t.Helper()
	var buf bytes.Buffer
	d, err := evidence.WriteDossier(&buf, src, c)
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), d
}

func open(t *testing.T, raw []byte) *evidence.Dossier {
	t.Helper()
	d, err := evidence.OpenDossierAt(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDossierRoundTrip(t *testing.T) {
	store := openStore(t, t.TempDir())
	c := sample(t, store)
	raw, digest := write(t, store, c)
	path := filepath.Join(t.TempDir(), "dossier.oci.tar")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := evidence.OpenDossier(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()

	byName := func(a, b evidence.Descriptor) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(c.Evidence, byName)
	slices.SortFunc(c.Renderings, byName)
	if diff := cmp.Diff(c, d.Contents()); diff != "" {
		t.Errorf("contents (-written +read):\n%s", diff)
	}
	_, ev, err := evidence.EvidenceManifest(c.Evidence)
	if err != nil || d.Digest() != digest || d.Evidence() != ev {
		t.Errorf("digest %s, want %s; evidence %s, want %s; %v", d.Digest(), digest, d.Evidence(), ev, err)
	}
	for _, e := range slices.Concat(c.Evidence, c.Renderings, []evidence.Descriptor{c.Report, c.Bundle, c.Run, c.RunBundle, c.Signer}) {
		want, err := store.Read(e.Digest, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(e.Digest, e.Size)
		if n, ok := d.Size(e.Digest); err != nil || !bytes.Equal(got, want) || !ok || n != e.Size || !d.Has(e.Digest) {
			t.Errorf("%s: %q, %v", e.Name, got, err)
		}
		r, _, err := d.Open(e.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s, streamed: %q, %v", e.Name, got, err)
		}
	}
}

func TestDossierReadRefusals(t *testing.T) {
	m := evidence.NewMemory()
	raw, digest := write(t, m, sample(t, m))
	d := open(t, raw)
	absent := evidence.Of([]byte("absent"))
	if _, err := d.Read(absent, 0); !errors.Is(err, evidence.ErrNotFound) || d.Has(absent) {
		t.Errorf("absent: %v", err)
	}
	if _, _, err := d.Open(absent); !errors.Is(err, evidence.ErrNotFound) {
		t.Errorf("absent, streamed: %v", err)
	}
	if _, ok := d.Size(absent); ok {
		t.Error("absent, and has a size")
	}
	if _, err := d.Read(digest, 10); !errors.Is(err, evidence.ErrTooLarge) {
		t.Errorf("the manifest in 10 bytes: %v", err)
	}
}

// TestDossierIsReproducible: same contents, same bytes, in whatever order they
// come and wherever the blobs lie.
func TestDossierIsReproducible(t *testing.T) {
	m := evidence.NewMemory()
	c := sample(t, m)
	first, d1 := write(t, m, c)
	slices.Reverse(c.Evidence)
	slices.Reverse(c.Renderings)
	store := openStore(t, t.TempDir())
	sample(t, store)
	second, d2 := write(t, store, c)
	if d1 != d2 || !bytes.Equal(first, second) {
		t.Errorf("%s and %s, bytes equal: %v", d1, d2, bytes.Equal(first, second))
	}
	// And from the dossier itself.
	third, d3 := write(t, open(t, first), c)
	if d3 != d1 || !bytes.Equal(first, third) {
		t.Errorf("from itself: %s, bytes equal: %v", d3, bytes.Equal(first, third))
	}
	// This digest moves only when the format does: then old dossiers no longer
	// verify, and that has to be meant.
	if want := evidence.Digest("sha256:45fd495a8905c8c8aef43663bc5d6890d560932acc4730bac3f4f5926ffcce43"); evidence.Of(first) != want {
		t.Errorf("the file is %s, want %s", evidence.Of(first), want)
	}
}

// TestDossierOpensWithTar holds the file against the standard library's reader
// and writer, and the order of its members.
func TestDossierOpensWithTar(t *testing.T) {
	m := evidence.NewMemory()
	raw, digest := write(t, m, sample(t, m))
	var (
		again bytes.Buffer
		names []string
	)
	r, w := tar.NewReader(bytes.NewReader(raw)), tar.NewWriter(&again)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if hex, ok := strings.CutPrefix(h.Name, "blobs/sha256/"); ok && evidence.Of(data).Hex() != hex {
			t.Errorf("%s is not the sha256 of its content", h.Name)
		}
		err = w.WriteHeader(&tar.Header{Name: h.Name, Mode: 0o444, Size: h.Size, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR})
		if _, werr := w.Write(data); err != nil || werr != nil {
			t.Fatal(err, werr)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, again.Bytes()) {
		t.Error("archive/tar writes other bytes for the same members")
	}
	if len(names) < 5 || names[0] != "oci-layout" || names[1] != "index.json" || names[2] != "blobs/sha256/"+digest.Hex() || !slices.IsSorted(names[4:]) {
		t.Errorf("members: %q", names)
	}
}

func TestUnsignedDossier(t *testing.T) {
	m := evidence.NewMemory()
	c := evidence.Contents{Report: entry(t, m, "whatever it is called", "{}")}
	raw, _ := write(t, m, c)
	got := open(t, raw).Contents()
	if got.Bundle.Digest != "" || got.Signer.Digest != "" || got.Report.Digest != c.Report.Digest || got.Report.Name != evidence.ReportName {
		t.Errorf("%+v", got)
	}
}

func TestWriteRefusals(t *testing.T) {
	many := func(e evidence.Descriptor, n int, name func(int) string) []evidence.Descriptor {
		list := make([]evidence.Descriptor, n)
		for i := range list {
			e.Name = name(i)
			list[i] = e
		}
		return list
	}
	number := func(i int) string { return fmt.Sprintf("e%06d", i) }
	for name, tc := range map[string]struct {
		change func(c *evidence.Contents)
		code   string
	}{
		"no report":         {func(c *evidence.Contents) { c.Report = evidence.Descriptor{} }, evidence.BadEntry},
		"empty name":        {func(c *evidence.Contents) { c.Evidence[0].Name = "" }, evidence.BadEntry},
		"dot":               {func(c *evidence.Contents) { c.Evidence[0].Name = "." }, evidence.BadEntry},
		"name leads out":    {func(c *evidence.Contents) { c.Evidence[0].Name = "a/../../b" }, evidence.BadEntry},
		"absolute name":     {func(c *evidence.Contents) { c.Renderings[0].Name = "/etc/passwd" }, evidence.BadEntry},
		"backslash":         {func(c *evidence.Contents) { c.Evidence[0].Name = `..\b` }, evidence.BadEntry},
		"control character": {func(c *evidence.Contents) { c.Evidence[0].Name = "a\x1b[31m" }, evidence.BadEntry},
		"not UTF-8":         {func(c *evidence.Contents) { c.Evidence[0].Name = "a\xff" }, evidence.BadEntry},
		"long name":         {func(c *evidence.Contents) { c.Evidence[0].Name = strings.Repeat("n", 1025) }, evidence.BadEntry},
		"media type":        {func(c *evidence.Contents) { c.Evidence[0].MediaType = "text" }, evidence.BadEntry},
		"no media type":     {func(c *evidence.Contents) { c.Report.MediaType = "" }, evidence.BadEntry},
		"media parameters":  {func(c *evidence.Contents) { c.Report.MediaType = "text/html; charset=utf-8" }, evidence.BadEntry},
		"digest":            {func(c *evidence.Contents) { c.Evidence[0].Digest = "sha256:abc" }, evidence.BadEntry},
		"negative size":     {func(c *evidence.Contents) { c.Evidence[0].Size = -1 }, evidence.BadEntry},
		"size beyond ustar": {func(c *evidence.Contents) { c.Evidence[0].Size = 1 << 33 }, evidence.BadEntry},
		"one name twice":    {func(c *evidence.Contents) { c.Evidence[0].Name = c.Evidence[1].Name }, evidence.Duplicate},
		"two sizes":         {func(c *evidence.Contents) { c.Evidence[1].Size++ }, evidence.Duplicate},
		"name of a role": {func(c *evidence.Contents) {
			c.Bundle = evidence.Descriptor{}
			c.Renderings[0].Name = evidence.BundleName
		}, evidence.Duplicate},
		"own manifest": {func(c *evidence.Contents) {
			raw, d, err := evidence.EvidenceManifest(c.Evidence)
			if err != nil {
				t.Fatal(err)
			}
			c.Renderings[0].Digest, c.Renderings[0].Size = d, int64(len(raw))
		}, evidence.Duplicate},
		"too many":          {func(c *evidence.Contents) { c.Evidence = many(c.Evidence[0], evidence.MaxEntries+1, number) }, evidence.TooManyEntries},
		"too many together": {func(c *evidence.Contents) { c.Evidence = many(c.Evidence[0], evidence.MaxEntries, number) }, evidence.TooManyEntries},
		"manifest too large": {func(c *evidence.Contents) {
			c.Evidence = many(c.Evidence[0], 5000, func(i int) string { return strings.Repeat("n", 1000) + number(i) })
		}, evidence.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			m := evidence.NewMemory()
			c := sample(t, m)
			tc.change(&c)
			var out bytes.Buffer
			_, err := evidence.WriteDossier(&out, m, c)
			var ce *evidence.ContentsError
			if !errors.As(err, &ce) || ce.Code != tc.code || ce.Hint() == "" {
				t.Errorf("got %v, want code %s and a hint", err, tc.code)
			}
			if out.Len() > 0 {
				t.Errorf("wrote %d bytes", out.Len())
			}
		})
	}
}

// TestAsManyEntriesAsThereMayBe is the other side of too-many-entries.
func TestAsManyEntriesAsThereMayBe(t *testing.T) {
	m := evidence.NewMemory()
	c := evidence.Contents{Report: entry(t, m, evidence.ReportName, "report")}
	for i := range evidence.MaxEntries - 1 {
		e := c.Report
		e.Name = fmt.Sprintf("fetch/e%06d", i)
		c.Evidence = append(c.Evidence, e)
	}
	raw, _ := write(t, m, c)
	if got := open(t, raw).Contents().Evidence; len(got) != evidence.MaxEntries-1 {
		t.Errorf("%d entries", len(got))
	}
}

// TestWriteFromABadSource: a blob that is missing, damaged or of another size
// than listed never makes a dossier.
func TestWriteFromABadSource(t *testing.T) {
	dir := t.TempDir()
	store := openStore(t, dir)
	c := sample(t, store)
	victim := c.Evidence[0]
	try := func(name string, want error) {
		t.Helper()
		var out bytes.Buffer
		if d, err := evidence.WriteDossier(&out, store, c); !errors.Is(err, want) || d != "" || !strings.Contains(err.Error(), victim.Name) {
			t.Errorf("%s: %s, %v", name, d, err)
		}
		if _, err := evidence.OpenDossierAt(bytes.NewReader(out.Bytes()), int64(out.Len())); err == nil {
			t.Errorf("%s: what was written opens as a dossier", name)
		}
	}
	good := strings.Repeat("source ", 100)
	overwrite(t, blobFile(dir, victim.Digest), "S"+good[1:])
	try("same size", evidence.ErrCorrupt)
	overwrite(t, blobFile(dir, victim.Digest), good+".")
	try("longer", evidence.ErrCorrupt)
	overwrite(t, blobFile(dir, victim.Digest), good[1:])
	try("shorter", evidence.ErrCorrupt)
	overwrite(t, blobFile(dir, victim.Digest), good)
	c.Evidence[0].Size++
	try("listed with another size", evidence.ErrCorrupt)
	c.Evidence[0].Size--
	if err := os.Remove(blobFile(dir, victim.Digest)); err != nil {
		t.Fatal(err)
	}
	try("missing", evidence.ErrNotFound)
}

// liar gives other bytes than it was asked for, as an Opener that does not check.
type liar struct {
	evidence.Reader
	data string
	size int64
}

func (l liar) Open(evidence.Digest) (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader(l.data)), l.size, nil
}

func TestWriteHashesForItself(t *testing.T) {
	m := evidence.NewMemory()
	c := evidence.Contents{Report: entry(t, m, evidence.ReportName, "report")}
	for _, data := range []string{"REPORT", "report and more", "rep"} {
		if _, err := evidence.WriteDossier(io.Discard, liar{m, data, c.Report.Size}, c); !errors.Is(err, evidence.ErrCorrupt) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if _, err := evidence.WriteDossier(io.Discard, liar{m, "report", c.Report.Size}, c); err != nil {
		t.Errorf("the truth: %v", err)
	}
}

type failingWriter struct{ left int }

var errFull = errors.New("no space left")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteToAFullDisk(t *testing.T) {
	m := evidence.NewMemory()
	c := sample(t, m)
	c.Evidence = append(c.Evidence, entry(t, m, "large", strings.Repeat("x", 3<<20)))
	for _, room := range []int{0, 1 << 20, 2 << 20, 3 << 20} {
		if _, err := evidence.WriteDossier(&failingWriter{room}, m, c); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

func TestEvidenceManifest(t *testing.T) {
	m := evidence.NewMemory()
	raw, d, err := evidence.EvidenceManifest(sample(t, m).Evidence)
	if err != nil || d != evidence.Of(raw) {
		t.Fatal(d, err)
	}
	var got struct {
		MediaType, ArtifactType string
		Config                  struct{ MediaType string }
		Layers                  []struct {
			Annotations map[string]string
		}
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, l := range got.Layers {
		titles = append(titles, l.Annotations["org.opencontainers.image.title"])
	}
	if got.ArtifactType != evidence.EvidenceType || got.Config.MediaType != "application/vnd.oci.empty.v1+json" || !slices.IsSorted(titles) || len(titles) != 4 {
		t.Errorf("%s", raw)
	}
}
