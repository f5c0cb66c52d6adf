package gofunc

import "strings"

// initTasks finds the list of what runs before main (runtime/symtab.go,
// moduledata.inittasks, since Go 1.21) and gives the functions in order. It is
// known by its content: a slice of pointers to records of a state, a count and
// as many functions.
func (s *side) initTasks() (names []string, addr uint64) {
	if s.md == nil {
		return nil, 0
	}
	const first, last = 47, 60 // words of moduledata where the slice was seen
	for w := uint64(first); w <= last; w++ {
		at := s.md.addr + 8*w
		p, ok1 := s.im.word(at)
		n, ok2 := s.im.word(at + 8)
		room, ok3 := s.im.word(at + 16)
		if !ok1 || !ok2 || !ok3 || n == 0 || n != room || n > 1<<16 {
			continue
		}
		if names, ok := s.taskList(p, n); ok {
			return names, p
		}
	}
	return nil, 0
}

func (s *side) taskList(p, n uint64) ([]string, bool) {
	var names []string
	for i := range n {
		task, ok := s.im.word(p + 8*i)
		count, ok2 := s.im.uint32(task + 4)
		if !ok || !ok2 || count == 0 || count > 1<<16 || len(names) > 1<<18 || !s.isWritable(task) {
			return nil, false
		}
		for k := range uint64(count) {
			pc, ok := s.im.word(task + 8 + 8*k)
			f := s.funcAt(pc)
			if !ok || f < 0 || s.funcs[f].entry != pc {
				return nil, false
			}
			names = append(names, s.funcs[f].name)
		}
	}
	return names, true
}

// initOrder compares what runs before main.
func (c *comparison) initOrder() (Data, bool) {
	x, from := c.a.initTasks()
	y, to := c.b.initTasks()
	a, b := strings.Join(x, " "), strings.Join(y, " ")
	if a == b {
		return Data{}, false
	}
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	return Data{
		Name: "go:main.inittasks", Kind: Constant, Class: Changed,
		ShippedOffset: c.a.im.offset(from), RebuiltOffset: c.b.im.offset(to),
		Shipped: listed(x[min(i, len(x)):]), Rebuilt: listed(y[min(i, len(y)):]),
	}, true
}

func listed(names []string) string {
	const few = 4
	s := strings.Join(names[:min(few, len(names))], ", ")
	if len(names) > few {
		s += ", …"
	}
	return s
}
