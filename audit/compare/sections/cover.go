package sections

import (
	"encoding/binary"
	"fmt"
	"slices"
)

type binaryOrder = binary.ByteOrder

// cover collects the regions of a file and closes what lies between them.
type cover struct {
	layout *Layout
	size   int64
	path   string // of the member being mapped
}

func newCover(f Format, data []byte) *cover {
	return &cover{layout: &Layout{Format: f, data: data, order: binary.LittleEndian}, size: int64(len(data))}
}

func (c *cover) add(from, to int64, role Role, key string) *Region {
	return c.put(Region{From: from, To: to, Role: role, Key: key})
}

func (c *cover) put(r Region) *Region {
	if r.Path == "" {
		r.Path = c.path
	}
	c.layout.Regions = append(c.layout.Regions, r)
	return &c.layout.Regions[len(c.layout.Regions)-1]
}

func (c *cover) note(format string, args ...any) {
	c.layout.Notes = append(c.layout.Notes, fmt.Sprintf(format, args...))
}

// member books a member and returns what goes into Region.Member.
func (c *cover) member(m Member) int {
	c.layout.Members = append(c.layout.Members, m)
	return len(c.layout.Members)
}

// between says what bytes of no region are; it may split them.
type between func(from, to int64, after string) []Region

// plainGap is the between of containers: a gap is named by what it follows.
func (c *cover) plainGap(from, to int64, after string) []Region {
	switch {
	case from == 0:
		return []Region{{From: from, To: to, Role: Prefix, Key: "before the first record"}}
	case to == c.size:
		return []Region{{From: from, To: to, Role: Trailing, Key: "after the last record"}}
	}
	return []Region{{From: from, To: to, Role: Gap, Key: "gap after " + after}}
}

// close sorts the regions, cuts overlaps off and fills the gaps, so that the
// regions tile the file.
func (c *cover) close(fill between) *Layout {
	l := c.layout
	slices.SortStableFunc(l.Regions, func(a, b Region) int {
		switch {
		case a.From != b.From:
			return cmpInt(a.From, b.From)
		default:
			return cmpInt(a.To, b.To)
		}
	})
	tiled := make([]Region, 0, len(l.Regions)+8)
	at, after := int64(0), ""
	for _, r := range l.Regions {
		r.From, r.To = clamp(r.From, c.size), clamp(r.To, c.size)
		if r.To <= r.From {
			continue
		}
		if r.From < at {
			c.note("%s overlaps %s", r.Key, after)
			if r.To <= at {
				continue
			}
			r = Region{From: at, To: r.To, Role: Overlap, Key: "overlap of " + r.Key}
		}
		if r.From > at {
			tiled = append(tiled, fill(at, r.From, after)...)
		}
		tiled = append(tiled, r)
		at, after = r.To, r.Key
	}
	if at < c.size {
		tiled = append(tiled, fill(at, c.size, after)...)
	}
	l.Regions = tiled
	return l
}

func clamp(n, size int64) int64 { return min(max(n, 0), size) }

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Bytes are the bytes of a region.
func (l *Layout) Bytes(r Region) []byte { return l.data[r.From:r.To] }

// zeros reports whether there is nothing but zeros.
func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
