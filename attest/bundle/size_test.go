package bundle_test

import (
	"bytes"
	"os"
	"runtime"
	"testing"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// large is a bundle with a predicate of so many bytes.
func large(a *mint.Authority, size int) []byte {
	filler := bytes.Repeat([]byte(`"line of a bill of materials",`), size/30)
	payload := bytes.Replace(says("x"), []byte(`"predicate":{`), append(append([]byte(`"predicate":{"lines":[`), filler...), `""],`...), 1)
	return a.Bundle(mint.Request{Payload: payload, Identity: release(), Via: []*mint.Log{a.Rekor2}})
}

// TestLargeRefused: what is beyond the limit is refused before it costs anything.
func TestLargeRefused(t *testing.T) {
	data := make([]byte, 32<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := bundle.Read(data, 0)
	runtime.ReadMemStats(&after)
	if got := code(t, err); got != bundle.TooLarge {
		t.Errorf("%q, want %q", got, bundle.TooLarge)
	}
	if cost := after.TotalAlloc - before.TotalAlloc; cost > 64<<10 {
		t.Errorf("%d bytes for a refusal", cost)
	}
}

// TestLargeRead reads a predicate of 32 MiB where the caller lets it, and counts
// what is allocated beside the bundle itself.
func TestLargeRead(t *testing.T) {
	if os.Getenv("PROFFER_TEST_LARGE") == "" {
		t.Skip("SKIPPED: set PROFFER_TEST_LARGE to read a predicate of 32 MiB")
	}
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	data := large(a, 32<<20)
	about := byDigest(t, []byte("x"))
	runtime.GC()
	var before, read, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b, err := bundle.Read(data, 64<<20)
	check(t, err)
	runtime.ReadMemStats(&read)
	_, err = bundle.VerifyCertificate(b, root, about, bundle.Strict())
	check(t, err)
	runtime.ReadMemStats(&after)
	mib := func(n uint64) uint64 { return n >> 20 }
	t.Logf("bundle %d MiB; allocated by Read %d MiB, by verification with its statement %d MiB; heap from the system %d MiB",
		len(data)>>20, mib(read.TotalAlloc-before.TotalAlloc), mib(after.TotalAlloc-read.TotalAlloc), mib(after.HeapSys))
	if total := uint64(len(data)) + after.TotalAlloc - before.TotalAlloc; total > 200<<20 {
		t.Errorf("%d MiB in all, the bar is 200", mib(total))
	}
}
