package graft_test

import (
	"bytes"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft"
)

// fuzz holds a format to what every graft promises, whatever the two files are.
func fuzz(f *testing.F, shipped, rebuilt []byte) {
	f.Add(shipped, rebuilt)
	f.Fuzz(func(t *testing.T, shipped, rebuilt []byte) {
		a, b := bytes.Clone(shipped), bytes.Clone(rebuilt)
		g, err := graft.Apply(shipped, rebuilt, graft.Limits{Size: 1 << 20, Output: 1 << 22})
		if !bytes.Equal(a, shipped) || !bytes.Equal(b, rebuilt) {
			t.Fatal("an input was changed")
		}
		if err != nil {
			return
		}
		check(t, shipped, g)
		again, err := graft.Apply(shipped, rebuilt, graft.Limits{Size: 1 << 20, Output: 1 << 22})
		if err != nil || !bytes.Equal(again.Bytes, g.Bytes) || len(again.Findings) != len(g.Findings) {
			t.Fatal("two runs differ")
		}
	})
}

func FuzzAuthenticode(f *testing.F) {
	pe := tinyPE()
	fuzz(f, signPE(f, newSigner(f), pe, planPE{}), pe)
}

func FuzzMachO(f *testing.F) {
	m := tinyMachO()
	f.Add(universal(signMachO(f, newSigner(f), m, planMachO{})), universal(m))
	fuzz(f, signMachO(f, newSigner(f), m, planMachO{}), m)
}

func FuzzAPK(f *testing.F) {
	apk := zipOf(f, apkFiles()...)
	f.Add(signAPK(f, newSigner(f), apk, planAPK{v3: true}), apk)
	fuzz(f, signAPK(f, newSigner(f), apk, planAPK{}), apk)
}

func FuzzJAR(f *testing.F) {
	jar := zipOf(f, jarFiles()...)
	fuzz(f, signJAR(f, newSigner(f), jar, planJAR{}), jar)
}
