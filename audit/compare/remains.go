package compare

import (
	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// part is a part of a program's section that no range of a verdict speaks of, in
// both files: tables and constants.
type part struct {
	a, b       int // among the judged regions
	stretches  []stretch
	outA, outB []judged
}

// remains settles those parts. They are aligned by what they hold; a word that
// differs is relocated when it refers to the same thing in both files, which
// includes the parts themselves: each place in them is compared, so that it is
// enough for a word to point to the corresponding place. What has no counterpart,
// and words that refer to something else, stay unexplained.
func (n *node) remains(v *gofunc.Verdict) {
	m := newMapping(n.a, n.b, v)
	var list []*part
	pa, pb := parts(n.ja), parts(n.jb)
	for _, key := range sortedKeys(pa) {
		a, b := pa[key], pb[key]
		if len(a) != len(b) {
			continue
		}
		for i := range a {
			ja, jb := n.ja[a[i]], n.jb[b[i]]
			p := &part{a: a[i], b: b[i], stretches: align(n.a.Bytes(ja.Region), n.b.Bytes(jb.Region))}
			for _, s := range p.stretches {
				m.add(ja.From+int64(s.a), jb.From+int64(s.b), int64(s.n))
			}
			list = append(list, p)
		}
	}
	m.sort()
	outA, outB := map[int][]judged{}, map[int][]judged{}
	for _, p := range list {
		n.settlePart(m, p)
		outA[p.a], outB[p.b] = p.outA, p.outB
	}
	n.ja, n.jb = replaced(n.ja, outA), replaced(n.jb, outB)
}

// parts are the indices of unexplained parts, by section.
func parts(list []judged) map[string][]int {
	out := map[string][]int{}
	for i, j := range list {
		if mapped(j) {
			out[j.Key] = append(out[j.Key], i)
		}
	}
	return out
}

func replaced(list []judged, by map[int][]judged) []judged {
	out := make([]judged, 0, len(list))
	for i, j := range list {
		if pieces, ok := by[i]; ok {
			out = append(out, pieces...)
			continue
		}
		out = append(out, j)
	}
	return out
}

// settlePart compares the stretches of a part and leaves what lies between them.
func (n *node) settlePart(m *mapping, p *part) {
	ja, jb := n.ja[p.a], n.jb[p.b]
	da, db := n.a.Bytes(ja.Region), n.b.Bytes(jb.Region)
	ia, ib := 0, 0
	between := func(toA, toB int) {
		p.outA = append(p.outA, lonely(ja, da, ia, toA)...)
		p.outB = append(p.outB, lonely(jb, db, ib, toB)...)
		ia, ib = toA, toB
	}
	for _, s := range p.stretches {
		between(s.a, s.b)
		for _, c := range m.compare(da[s.a:s.a+s.n], db[s.b:s.b+s.n], ja.From+int64(s.a)) {
			from, to := int64(s.a+c.from), int64(s.a+c.to)
			p.outA = append(p.outA, piece(ja, ja.From+from, ja.From+to, c.class, c.why()))
			shift := int64(s.b - s.a)
			p.outB = append(p.outB, piece(jb, jb.From+from+shift, jb.From+to+shift, c.class, c.why()))
		}
		ia, ib = s.a+s.n, s.b+s.n
	}
	between(len(da), len(db))
}

// lonely is what has no counterpart in the other file. Zeros are there to align
// what follows.
func lonely(j judged, data []byte, from, to int) []judged {
	if from >= to {
		return nil
	}
	c, why := Unexplained, "no counterpart"
	if data[from] == 0 && filler(data[from:to]) {
		c, why = Blocking, "alignment"
	}
	return []judged{piece(j, j.From+int64(from), j.From+int64(to), c, why)}
}
