//go:build unix

package bundle_test

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// minted is a stock of distinct bundles: certificates, log entries and contents
// all differ.
type minted struct {
	trusted []byte
	bundles [][]byte
	asked   []question
}

func mintMany(n int) *minted {
	a := mint.New(mint.Options{Seed: "speed", Before: 1 << 29})
	m := &minted{trusted: a.TrustedRoot()}
	for i := range n {
		of := "artifact " + strconv.Itoa(i)
		m.bundles = append(m.bundles, a.Bundle(request(a, i, of)))
		m.asked = append(m.asked, asked(of))
	}
	return m
}

// BenchmarkVerify compares with sigstore-go, form by form; cpu-us/op is what
// counts on a shared machine.
func BenchmarkVerify(b *testing.B) {
	m := mintMany(30 * len(forms()))
	root, err := bundle.NewRoot(m.trusted)
	check(b, err)
	s := newStock(b, m.trusted)
	for f, form := range forms() {
		for _, who := range []string{"ours", "stock"} {
			b.Run(form+"/"+who, func(b *testing.B) {
				b.ReportAllocs()
				start := cpu(b)
				for i := 0; b.Loop(); i++ {
					k := (i*len(forms()) + f) % len(m.bundles)
					if who == "ours" {
						check(b, ours(root, m.bundles[k], m.asked[k], bundle.Strict()))
					} else {
						check(b, s.verify(m.bundles[k], m.asked[k]))
					}
				}
				b.ReportMetric(float64((cpu(b)-start).Microseconds())/float64(b.N), "cpu-us/op")
			})
		}
	}
}

// rounds is how often TestSpeed measures; it takes the median.
const rounds = 5

// TestSpeed verifies many bundles with both, in one process, and compares
// verdicts and CPU time. One in ten bundles is asked about something else, one
// in ten has a byte changed.
func TestSpeed(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("PROFFER_BENCH_BUNDLES"))
	if err != nil || n < 100 {
		t.Skip("SKIPPED: set PROFFER_BENCH_BUNDLES to how many bundles to mint, such as 10000")
	}
	m := mintMany(n)
	m.spoil()
	root, err := bundle.NewRoot(m.trusted)
	check(t, err)
	s := newStock(t, m.trusted)
	var ratios []float64
	var our, their []bool
	for range rounds {
		var mine, stocks time.Duration
		our, mine = m.verdicts(t, func(b []byte, q question) error { return ours(root, b, q, bundle.Strict()) })
		their, stocks = m.verdicts(t, s.verify)
		ratios = append(ratios, float64(stocks)/float64(mine))
		t.Logf("CPU: ours %v (%.0f bundles/s), sigstore-go %v (%.0f bundles/s): %.2f times",
			mine, float64(n)/mine.Seconds(), stocks, float64(n)/stocks.Seconds(), ratios[len(ratios)-1])
	}
	m.compare(t, root, our, their)
	slices.Sort(ratios)
	t.Logf("median of %d: %.2f times sigstore-go", rounds, ratios[rounds/2])
	if ratios[rounds/2] < 3 {
		t.Errorf("%.2f times sigstore-go, the bar is 3", ratios[rounds/2])
	}
}

// spoil asks wrongly about one in ten, and changes a byte in one in ten.
func (m *minted) spoil() {
	for i := range m.bundles {
		switch i % 10 {
		case 3:
			m.asked[i] = asked("something else")
		case 7:
			b := m.bundles[i]
			b[(i*7919)%len(b)] ^= 1
		}
	}
}

// verdicts verifies all, and says which were accepted and what CPU time it took.
func (m *minted) verdicts(t *testing.T, verify func([]byte, question) error) ([]bool, time.Duration) {
	t.Helper()
	runtime.GC()
	start := cpu(t)
	accepted := make([]bool, len(m.bundles))
	for i, b := range m.bundles {
		accepted[i] = verify(b, m.asked[i]) == nil
	}
	return accepted, cpu(t) - start
}

// compare wants the same verdict on every bundle but changed ones that only we
// refuse, for a deliberate reason.
func (m *minted) compare(t *testing.T, root *bundle.Root, our, their []bool) {
	t.Helper()
	same, good, strict := 0, 0, map[bundle.Code]int{}
	for i, yes := range our {
		if yes {
			good++
		}
		switch {
		case yes == their[i]:
			same++
		case yes:
			t.Errorf("bundle %d: accepted, and refused by sigstore-go", i)
		case i%10 != 7:
			t.Errorf("bundle %d: honest, and refused", i)
		default:
			c := code(t, ours(root, m.bundles[i], m.asked[i], bundle.Strict()))
			if strict[c]++; deliberate()[c] == "" {
				t.Errorf("bundle %d: refused by us alone as %q", i, c)
			}
		}
	}
	t.Logf("%d bundles: %d accepted, %d verdicts the same, changed ones that only we refuse: %v", len(our), good, same, strict)
}

// cpu is the CPU time of the process so far.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
