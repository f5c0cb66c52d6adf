package bundle_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// deliberate lists the codes with which this package refuses bundles that
// sigstore-go v1.3.0 accepts, and why that is meant. A mutation that only we
// refuse must be refused with one of them.
func deliberate() map[bundle.Code]string {
	return map[bundle.Code]string{
		bundle.Unreadable:           "one spelling of JSON, of base64 and of numbers; protobuf has several",
		bundle.TooLarge:             "a size is capped before it is read",
		bundle.BadEntry:             "a Rekor v2 body must be the logged bytes; sigstore-go makes them again and does not look at those shown",
		bundle.EntryOtherSignature:  "as above",
		bundle.EntryOtherKey:        "as above",
		bundle.EntryOtherPayload:    "as above",
		bundle.CheckpointMismatch:   "size and root of a proof must be those of the checkpoint, although either would do",
		bundle.BadInclusion:         "the index of a Rekor v2 proof must be the entry's, although only one is used",
		bundle.BadCheckpoint:        "lines of a checkpoint beyond those that are verified must be well-formed too",
		bundle.UnknownLog:           "every entry shown must be a trusted log's",
		bundle.LogNotValid:          "a log's key must have been valid when its entry was made, although the entry has no time of its own",
		bundle.BadPromise:           "a promise that is shown must hold, although a proof would do",
		bundle.BadTimestamp:         "every timestamp shown must verify, although the log's time would do",
		bundle.TimestampSignature:   "as above",
		bundle.TimestampOther:       "as above",
		bundle.TimestampUsage:       "as above",
		bundle.UntrustedTimestamper: "as above",
		bundle.TimestamperNotValid:  "as above",
		bundle.TimestamperTwice:     "as above",
	}
}

// mutate changes a bundle at one place or a few, by chance.
func mutate(r *rand.Rand, data []byte) []byte {
	b := bytes.Clone(data)
	for range 1 + r.IntN(2) {
		at := r.IntN(len(b))
		switch r.IntN(6) {
		case 0, 1:
			b[at] ^= byte(1 << r.IntN(8))
		case 2:
			b[at] = "AQgw019=+/ \"\\"[r.IntN(13)]
		case 3:
			b = append(b[:at], b[min(len(b), at+1+r.IntN(3)):]...)
		case 4:
			b = append(b[:at:at], append([]byte{b[at]}, b[at:]...)...)
		case 5:
			from := r.IntN(len(b))
			n := min(r.IntN(64), len(b)-from, len(b)-at)
			copy(b[at:at+n], bytes.Clone(b[from:from+n]))
		}
		if len(b) == 0 {
			return []byte{0}
		}
	}
	return b
}

// TestMutants: what we accept sigstore-go accepts, and what only we refuse we
// refuse for a reason that is listed.
func TestMutants(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256, Before: 1000})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	s := newStock(t, a.TrustedRoot())
	accepted, stricter := 0, map[bundle.Code]int{}
	each := 250
	if n, err := strconv.Atoi(os.Getenv("PROFFER_TEST_MUTANTS")); err == nil {
		each = n
	}
	for f := range forms() {
		honest := a.Bundle(request(a, f, "x"))
		check(t, ours(root, honest, asked("x"), bundle.Strict()))
		check(t, s.verify(honest, asked("x")))
		r := rand.New(rand.NewPCG(uint64(f), 7))
		for range each {
			mutant := mutate(r, honest)
			our, their := ours(root, mutant, asked("x"), bundle.Strict()), s.verify(mutant, asked("x"))
			switch {
			case our == nil && their != nil:
				t.Errorf("%s: accepted, and refused by sigstore-go (%v): %s", forms()[f], their, mutant)
			case our == nil:
				accepted++
			case their == nil:
				c := code(t, our)
				stricter[c]++
				if deliberate()[c] == "" {
					t.Errorf("%s: sigstore-go accepts what we refuse as %q: %s", forms()[f], c, mutant)
				}
			}
		}
	}
	t.Logf("of %d mutants: %d accepted by both, refused by us alone: %v", each*len(forms()), accepted, stricter)
}
