package gofunc

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Limits of what a summary quotes.
const (
	maxQuoted = 120
	maxListed = 20
)

// What instructions refer to, by kind.
type mentions struct{ calls, texts, numbers map[string]bool }

// summarise lists what only one version's differing instructions mention.
func summarise(a, b *half) Summary {
	x, y := a.mentions(), b.mentions()
	var s Summary
	s.ShippedCalls, s.RebuiltCalls = apart(x.calls, y.calls)
	s.ShippedStrings, s.RebuiltStrings = apart(x.texts, y.texts)
	s.ShippedConstants, s.RebuiltConstants = apart(x.numbers, y.numbers)
	return s
}

func apart(x, y map[string]bool) (onlyX, onlyY []string) {
	pick := func(from, without map[string]bool) []string {
		var list []string
		for _, s := range slices.Sorted(maps.Keys(from)) {
			if !without[s] && len(list) < maxListed {
				list = append(list, s)
			}
		}
		return list
	}
	return pick(x, y), pick(y, x)
}

func (h *half) mentions() mentions {
	m := mentions{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	code := h.s.code(h.f)
	for i := range h.tokens {
		t := &h.tokens[i]
		if !h.differ[i] {
			continue
		}
		if t.step.ims {
			m.numbers[strconv.FormatInt(t.step.imm, 10)] = true
		}
		r := t.step.ref
		if !t.step.has || r.weak || h.f.holds(r.target) {
			continue
		}
		if j := h.s.funcAt(r.target); j >= 0 {
			m.calls[h.s.funcs[j].name] = true
		} else if text, ok := h.s.text(r.target, code[t.at:]); ok {
			m.texts[text] = true
		} else if name := h.s.constant(r.target); name != "" {
			m.numbers[name] = true
		}
	}
	return m
}

// text reads the string at an address, or the one that a string header there
// points to.
func (s *side) text(addr uint64, code []byte) (string, bool) {
	if s.opaque(addr) {
		return "", false
	}
	if _, ok := s.typeAt(addr); ok {
		return "", false
	}
	n := s.extent(addr)
	if p, ok := s.im.word(addr); ok && n >= 16 && s.im.pointer(addr, p) {
		return s.stringAt(addr)
	}
	for range 4 {
		if len(code) == 0 {
			break
		}
		st := s.dec(code, 0, 0)
		if l := uint64(st.imm); st.ims && st.imm > 1 && l <= s.reach(addr) && l >= n { //nolint:gosec // positive
			n = l
			break
		}
		code = code[st.n:]
	}
	return quotable(s.im.bytes(addr, min(n, maxQuoted)))
}

// stringAt reads the string that a header (pointer, length) describes.
func (s *side) stringAt(addr uint64) (string, bool) {
	p, ok1 := s.im.word(addr)
	l, ok2 := s.im.word(addr + 8)
	if !ok1 || !ok2 || !s.im.pointer(addr, p) || s.opaque(p) || l == 0 || l > s.reach(p) {
		return "", false
	}
	return quotable(s.im.bytes(p, min(l, maxQuoted)))
}

func quotable(b []byte) (string, bool) {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	// A cut may have split the last rune.
	for i := 0; i < 3 && len(b) > 0 && !utf8.Valid(b); i++ {
		b = b[:len(b)-1]
	}
	if len(b) == 0 || !utf8.Valid(b) {
		return "", false
	}
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\t' && c != '\r' {
			return "", false
		}
	}
	return string(b), true
}

// constant names other data: a type, a variable, a number.
func (s *side) constant(addr uint64) string {
	if t, ok := s.typeAt(addr); ok {
		return "type " + t.name
	}
	if s.opaque(addr) {
		if sym, ok := s.im.symbolAt(addr); ok {
			return "variable " + sym.name
		}
		return ""
	}
	if v, ok := s.im.word(addr); ok && s.extent(addr) == 8 && !s.im.pointer(addr, v) {
		return fmt.Sprintf("%#x", v)
	}
	return ""
}
