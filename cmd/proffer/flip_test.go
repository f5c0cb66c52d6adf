package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// flipsVariable says at how many positions TestFlippedBytes flips a byte.
const flipsVariable = "PROFFER_TEST_FLIPS"

// TestFlippedBytes opens and verifies one dossier again and again in this
// process, each time with one byte changed, at positions spread over the header,
// the content and the padding of every member. None may be accepted.
func TestFlippedBytes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(theLab(t).out, "dossier.oci.tar"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(theLab(t).out, "signer.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if code := codeOf(raw, key); code != exitDone {
		t.Fatalf("unchanged: exit %d", code)
	}
	n := count(t, flipsVariable, 60)
	members := regionsOf(t, raw)
	rng := rand.New(rand.NewPCG(1, 2))
	seen, codes := map[string]int{}, map[int]int{}
	n = max(n, len(members)) // no member is left out
	for i := range n {
		member := members[i%len(members)]
		part := member[(i+i/len(members))%len(member)]
		at := part.start + rng.Int64N(part.end-part.start)
		mask := []byte{0x01, 0x20}[i%2]
		raw[at] ^= mask
		code := codeOf(raw, key)
		raw[at] ^= mask
		if code != exitRefused && (code != exitInvalid || at >= 512) {
			t.Errorf("byte %d, %s, mask %#x: exit %d", at, part.what, mask, code)
		}
		seen[part.kind]++
		codes[code]++
	}
	if code := codeOf(raw, key); code != exitDone {
		t.Errorf("changed back: exit %d", code)
	}
	t.Logf("%d positions in %d members: %v; exit codes %v", n, len(members), seen, codes)
}

// codeOf is the exit code of `verify --key` for a dossier of these bytes.
func codeOf(raw, key []byte) int {
	d, err := evidence.OpenDossierAt(bytes.NewReader(raw), int64(len(raw)))
	var refused *evidence.DossierError
	switch {
	case errors.As(err, &refused) && refused.Code == evidence.NotADossier:
		return exitInvalid
	case errors.As(err, &refused):
		return exitRefused
	case err != nil:
		return -1
	}
	v, err := audit.Verify(d, audit.Anchor{Keys: [][]byte{key}})
	if err != nil {
		return exitOf(err).exit
	}
	if v.Report.Submission.ID != "local-sample" {
		return -2
	}
	return exitDone
}

// region is a run of bytes in a tar.
type region struct {
	kind, what string
	start, end int64
}

// regionsOf lists the parts of each member of a tar, and those of its end.
func regionsOf(t *testing.T, raw []byte) [][]region {
	t.Helper()
	const block = 512
	in := bytes.NewReader(raw)
	r := tar.NewReader(in)
	var all [][]region
	last := int64(0)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content := int64(len(raw)) - int64(in.Len())
		end := content + h.Size
		next := (end + block - 1) / block * block
		var parts []region
		for _, p := range []region{{"header", h.Name, last, content}, {"content", h.Name, content, end}, {"padding", h.Name, end, next}} {
			if p.what = p.kind + " of " + p.what; p.start < p.end {
				parts = append(parts, p)
			}
		}
		all, last = append(all, parts), next
	}
	if last >= int64(len(raw)) {
		t.Fatalf("the members take %d of %d bytes", last, len(raw))
	}
	return append(all, []region{{"end", "the end", last, int64(len(raw))}})
}

// count reads a number of rounds from the environment.
func count(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: want a number", variable, text)
	}
	return n
}
