package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"oras.land/oras-go/v2/content/oci"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// refusedAs is the code with which bytes are refused as a dossier, or what
// happened instead.
func refusedAs(raw []byte) string {
	_, err := evidence.OpenDossierAt(bytes.NewReader(raw), int64(len(raw)))
	var de *evidence.DossierError
	switch {
	case err == nil:
		return "accepted"
	case !errors.As(err, &de):
		return "other error: " + err.Error()
	case de.Hint() == "" || de.Reason == "":
		return "no reason or no hint"
	}
	return de.Code
}

// TestEveryFlippedByte: no byte of a dossier can be changed unseen.
func TestEveryFlippedByte(t *testing.T) {
	m := evidence.NewMemory()
	c := sample(t, m)
	c.Evidence, c.Run, c.RunBundle, c.Renderings = c.Evidence[1:3], evidence.Descriptor{}, evidence.Descriptor{}, nil
	raw, _ := write(t, m, c)
	for _, mask := range []byte{0x01, 0x20} {
		for i := range raw {
			raw[i] ^= mask
			code := refusedAs(raw)
			raw[i] ^= mask
			want := evidence.Tampered
			if i < 512 { // the first header: it no longer reads as a dossier
				want = evidence.NotADossier
			}
			if code != want {
				t.Fatalf("byte %d, mask %#x: %s, want %s", i, mask, code, want)
			}
		}
	}
	if code := refusedAs(raw); code != "accepted" {
		t.Fatalf("unchanged: %s", code)
	}
}

func TestOtherSizes(t *testing.T) {
	m := evidence.NewMemory()
	raw, _ := write(t, m, sample(t, m))
	for n := range len(raw) {
		if n%512 > 1 && n%97 != 0 {
			continue
		}
		want := evidence.Tampered
		if n < 512 {
			want = evidence.NotADossier
		}
		if code := refusedAs(raw[:n]); code != want {
			t.Errorf("cut to %d bytes: %s, want %s", n, code, want)
		}
	}
	for _, n := range []int{1, 511, 512, 1024, 10240} {
		if code := refusedAs(append(bytes.Clone(raw), make([]byte, n)...)); code != evidence.Tampered {
			t.Errorf("%d zeros more: %s", n, code)
		}
	}
	if code := refusedAs(slices.Concat(raw, raw)); code != evidence.Tampered {
		t.Errorf("two in one: %s", code)
	}
}

func TestNotADossier(t *testing.T) {
	for name, raw := range map[string][]byte{
		"empty": nil, "zeros": make([]byte, 4096), "text": []byte(strings.Repeat("this is no tar. ", 100)),
		"gzip": append([]byte{0x1f, 0x8b, 8}, make([]byte, 2048)...), "one byte": {'o'},
	} {
		if code := refusedAs(raw); code != evidence.NotADossier {
			t.Errorf("%s: %s", name, code)
		}
	}
	var de *evidence.DossierError
	if _, err := evidence.OpenDossier(t.TempDir()); !errors.As(err, &de) || de.Code != evidence.NotADossier {
		t.Errorf("a folder: %v", err)
	}
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := evidence.OpenDossier(absent); !errors.Is(err, os.ErrNotExist) || errors.As(err, &de) {
		t.Errorf("no file: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.OpenDossier(file); !errors.As(err, &de) || !strings.Contains(err.Error(), file) {
		t.Errorf("a short file: %v", err)
	}
}

// swapped is a file that changes, or whose disk fails, after it was opened.
type swapped struct {
	raw []byte
	err error
}

func (s *swapped) ReadAt(p []byte, off int64) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	return bytes.NewReader(s.raw).ReadAt(p, off)
}

// TestChangedAfterItWasChecked: what is read is hashed again.
func TestChangedAfterItWasChecked(t *testing.T) {
	m := evidence.NewMemory()
	raw, _ := write(t, m, sample(t, m))
	file := &swapped{raw: raw}
	d, err := evidence.OpenDossierAt(file, int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	report := d.Contents().Report.Digest
	file.raw = bytes.Replace(raw, []byte(`{"report":true}`), []byte(`{"report":TRUE}`), 1)
	if data, err := d.Read(report, 0); !errors.Is(err, evidence.ErrCorrupt) || data != nil {
		t.Errorf("Read: %q, %v", data, err)
	}
	r, _, err := d.Open(report)
	if err != nil {
		t.Fatal(err)
	}
	if err := drain(r); !errors.Is(err, evidence.ErrCorrupt) {
		t.Errorf("stream: %v", err)
	}
	file.raw = raw[:len(raw)/4]
	if _, err := d.Read(report, 0); !errors.Is(err, evidence.ErrCorrupt) {
		t.Errorf("Read from a file cut short: %v", err)
	}
	if _, err := evidence.OpenDossierAt(file, int64(len(raw))); !isTampered(err) {
		t.Errorf("opened while it is cut short: %v", err)
	}
}

func isTampered(err error) bool {
	var de *evidence.DossierError
	return errors.As(err, &de) && de.Code == evidence.Tampered
}

// TestFailingDisk: an error of the disk says nothing about the dossier.
func TestFailingDisk(t *testing.T) {
	m := evidence.NewMemory()
	raw, _ := write(t, m, sample(t, m))
	file := &swapped{raw: raw}
	d, err := evidence.OpenDossierAt(file, int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	file.err = syscall.EIO
	var de *evidence.DossierError
	if _, err := evidence.OpenDossierAt(file, int64(len(raw))); !errors.Is(err, syscall.EIO) || errors.As(err, &de) {
		t.Errorf("open: %v", err)
	}
	if _, err := d.Read(d.Digest(), 0); !errors.Is(err, syscall.EIO) || errors.Is(err, evidence.ErrCorrupt) {
		t.Errorf("read: %v", err)
	}
}

// TestOthersReadIt: oras-go resolves, fetches and finds the way from the
// evidence to the dossier that refers to it.
func TestOthersReadIt(t *testing.T) {
	m := evidence.NewMemory()
	c := sample(t, m)
	raw, digest := write(t, m, c)
	path := filepath.Join(t.TempDir(), "dossier.oci.tar")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	store, err := oci.NewFromTar(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	dossier, err := store.Resolve(ctx, "dossier")
	if err != nil || string(dossier.Digest) != string(digest) {
		t.Fatalf("%s, %v; want %s", dossier.Digest, err, digest)
	}
	ev, err := store.Resolve(ctx, "evidence")
	if err != nil {
		t.Fatal(err)
	}
	back, err := store.Predecessors(ctx, ev)
	if err != nil || len(back) != 1 || string(back[0].Digest) != string(digest) {
		t.Errorf("what refers to the evidence: %v, %v", back, err)
	}
	for _, e := range slices.Concat(c.Evidence, []evidence.Descriptor{c.Report, c.Signer}) {
		blob, err := store.Resolve(ctx, string(e.Digest))
		if err != nil {
			t.Fatal(e.Name, err)
		}
		r, err := store.Fetch(ctx, blob)
		if err != nil {
			t.Fatal(e.Name, err)
		}
		data, err := io.ReadAll(r)
		if err != nil || evidence.Of(data) != e.Digest {
			t.Errorf("%s: %s, %v", e.Name, evidence.Of(data), err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
