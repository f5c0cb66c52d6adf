//go:build unix

package bundle_test

import (
	"os"
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

// TestSpeed verifies many bundles with both, in one process, and compares
// verdicts and CPU time. One in ten bundles is asked about something else, one
// in ten has a byte changed.
func TestSpeed(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("PROFFER_BENCH_BUNDLES"))
	if err != nil || n < 100 {
		t.Skip("SKIPPED: set PROFFER_BENCH_BUNDLES to how many bundles to mint, such as 10000")
	}
	m := mintMany(n)
	for i := range m.bundles {
		switch i % 10 {
		case 3:
			m.asked[i] = asked("something else")
		case 7:
			b := m.bundles[i]
			b[(i*7919)%len(b)] ^= 1
		}
	}
	root, err := bundle.NewRoot(m.trusted)
	check(t, err)
	s := newStock(t, m.trusted)
	var accepted [2][]bool
	took := map[string]time.Duration{}
	for turn, who := range []string{"ours", "stock"} {
		start := cpu(t)
		for i, b := range m.bundles {
			var err error
			if who == "ours" {
				err = ours(root, b, m.asked[i], bundle.Strict())
			} else {
				err = s.verify(b, m.asked[i])
			}
			accepted[turn] = append(accepted[turn], err == nil)
		}
		took[who] = cpu(t) - start
	}
	same, good, strict := 0, 0, map[bundle.Code]int{}
	for i, yes := range accepted[0] {
		if yes {
			good++
		}
		switch {
		case yes == accepted[1][i]:
			same++
		case yes:
			t.Errorf("bundle %d: accepted, and refused by sigstore-go", i)
		case i%10 != 7:
			t.Errorf("bundle %d: honest, and refused", i)
		default:
			strict[code(t, ours(root, m.bundles[i], m.asked[i], bundle.Strict()))]++
		}
	}
	ratio := float64(took["stock"]) / float64(took["ours"])
	t.Logf("%d bundles, %d accepted, %d verdicts the same, changed ones that only we refuse: %v", n, good, same, strict)
	t.Logf("CPU: ours %v (%.0f bundles/s), sigstore-go %v (%.0f bundles/s): %.2f times", took["ours"], rate(n, took["ours"]), took["stock"], rate(n, took["stock"]), ratio)
	if ratio < 3 {
		t.Errorf("%.2f times sigstore-go, the bar is 3", ratio)
	}
}

func rate(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

// cpu is the CPU time of the process so far.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
