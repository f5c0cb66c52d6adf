package compare

import (
	"bytes"

	"github.com/proffer-audit/proffer/reports"
)

// Comparison is how two artifacts compare. It depends on their bytes only.
type Comparison struct {
	Level reports.Level `json:"level"`
	// DifferingBytes counts positions that hold different bytes, and the bytes
	// by which one is longer.
	DifferingBytes int64 `json:"differingBytes"`
	ShippedSize    int64 `json:"shippedSize"` // bytes
	RebuiltSize    int64 `json:"rebuiltSize"` // bytes
	// FirstDifference is the offset of the first differing byte, -1 if none.
	FirstDifference int64 `json:"firstDifference"`
}

// Bytes compares a shipped artifact with a rebuilt one, position by position.
func Bytes(shipped, rebuilt []byte) Comparison {
	c := Comparison{
		Level:       reports.BitIdentical,
		ShippedSize: int64(len(shipped)), RebuiltSize: int64(len(rebuilt)), FirstDifference: -1,
	}
	if bytes.Equal(shipped, rebuilt) {
		return c
	}
	c.Level = reports.Unexplained
	common := min(len(shipped), len(rebuilt))
	first := common
	// Whole blocks are compared at the speed of memory; most are equal when a
	// difference is small.
	const block = 4096
	for at := 0; at < common; at += block {
		stop := min(at+block, common)
		a, b := shipped[at:stop], rebuilt[at:stop]
		if bytes.Equal(a, b) {
			continue
		}
		for i := range a {
			if a[i] != b[i] {
				c.DifferingBytes++
				first = min(first, at+i)
			}
		}
	}
	c.DifferingBytes += int64(max(len(shipped), len(rebuilt)) - common)
	c.FirstDifference = int64(first)
	return c
}
