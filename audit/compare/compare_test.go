package compare_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/reports"
)

func TestBytes(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 10_000)
	changed := func(at ...int) []byte {
		c := bytes.Clone(long)
		for _, i := range at {
			c[i] = 'y'
		}
		return c
	}
	for _, tt := range []struct {
		name             string
		shipped, rebuilt []byte
		want             compare.Comparison
	}{
		{"both empty", nil, []byte{}, compare.Comparison{Level: reports.BitIdentical, FirstDifference: -1}},
		{"equal", long, bytes.Clone(long), compare.Comparison{Level: reports.BitIdentical, ShippedSize: 10_000, RebuiltSize: 10_000, FirstDifference: -1}},
		{"first and last", long, changed(0, 9_999), compare.Comparison{Level: reports.Unexplained, DifferingBytes: 2, ShippedSize: 10_000, RebuiltSize: 10_000}},
		{"at a block's edge", long, changed(4095, 4096, 5000), compare.Comparison{Level: reports.Unexplained, DifferingBytes: 3, ShippedSize: 10_000, RebuiltSize: 10_000, FirstDifference: 4095}},
		{"longer", long, append(changed(5), "tail"...), compare.Comparison{Level: reports.Unexplained, DifferingBytes: 5, ShippedSize: 10_000, RebuiltSize: 10_004, FirstDifference: 5}},
		{"cut off", long, long[:9_000], compare.Comparison{Level: reports.Unexplained, DifferingBytes: 1_000, ShippedSize: 10_000, RebuiltSize: 9_000, FirstDifference: 9_000}},
		{"nothing built", []byte("abc"), nil, compare.Comparison{Level: reports.Unexplained, DifferingBytes: 3, ShippedSize: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, compare.Bytes(tt.shipped, tt.rebuilt)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func ExampleBytes() {
	c := compare.Bytes([]byte("the shipped file"), []byte("the rebuilt file"))
	fmt.Println(c.Level, c.DifferingBytes, c.FirstDifference)
	// Output: unexplained 7 4
}
