package sections

import "fmt"

// Limits bound what reading files may cost. A zero field means its default.
// They hold for a whole comparison: both files, and all that is in them.
type Limits struct {
	Output  int64 // bytes unpacked, in all; default 4 GiB
	PerFile int64 // bytes of one member; default 512 MiB
	Members int   // members, in all; default 1,000,000
	Depth   int   // containers in containers; default 8
}

const (
	defaultOutput  = 4 << 30
	defaultPerFile = 512 << 20
	defaultMembers = 1_000_000
	defaultDepth   = 8
)

// LimitError says that a file is larger than the caller allows.
type LimitError struct {
	Code  string // output | per-file | members | depth
	Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("compare: over the limit of %d for %s", e.Limit, e.Code)
}

// Budget counts what has been used of the limits.
type Budget struct {
	lim     Limits
	output  int64
	members int
}

// NewBudget starts a count.
func NewBudget(l Limits) *Budget {
	if l.Output == 0 {
		l.Output = defaultOutput
	}
	if l.PerFile == 0 {
		l.PerFile = defaultPerFile
	}
	if l.Members == 0 {
		l.Members = defaultMembers
	}
	if l.Depth == 0 {
		l.Depth = defaultDepth
	}
	return &Budget{lim: l}
}

// Depth is how many containers may be in one another.
func (b *Budget) Depth() int { return b.lim.Depth }

// room is how many bytes may be unpacked next.
func (b *Budget) room() int64 { return min(b.lim.PerFile, b.lim.Output-b.output) }

// spend books n unpacked bytes.
func (b *Budget) spend(n int64) error {
	if n > b.lim.PerFile {
		return &LimitError{"per-file", b.lim.PerFile}
	}
	if b.output += n; b.output > b.lim.Output {
		return &LimitError{"output", b.lim.Output}
	}
	return nil
}

func (b *Budget) member() error {
	if b.members++; b.members > b.lim.Members {
		return &LimitError{"members", int64(b.lim.Members)}
	}
	return nil
}
