package archive

import "fmt"

// Limits bound what reading one archive may cost. A zero field means its
// default.
type Limits struct {
	Entries int   // members, nested ones included; default 500,000
	Output  int64 // bytes of content in all; default 4 GiB
	PerFile int64 // bytes of one member; default 256 MiB
	Depth   int   // archives inside archives, for Nested; default 8
	Ratio   int   // output against input, once output passes 64 MiB; default 200
}

const (
	defaultEntries = 500_000
	defaultOutput  = 4 << 30
	defaultPerFile = 256 << 20
	defaultDepth   = 8
	defaultRatio   = 200
	ratioFloor     = 64 << 20 // bytes; below it any ratio is harmless
	maxLink        = 4096     // bytes of a symbolic link's target
)

func (l Limits) withDefaults() Limits {
	if l.Entries == 0 {
		l.Entries = defaultEntries
	}
	if l.Output == 0 {
		l.Output = defaultOutput
	}
	if l.PerFile == 0 {
		l.PerFile = defaultPerFile
	}
	if l.Depth == 0 {
		l.Depth = defaultDepth
	}
	if l.Ratio == 0 {
		l.Ratio = defaultRatio
	}
	return l
}

// LimitError says that an archive is larger than the caller allows.
type LimitError struct {
	Archive string
	Path    string // member at which it was noticed, "" for the whole
	Code    string // entries | output | per-file | depth | ratio
	Limit   int64
}

func (e *LimitError) Error() string {
	at := ""
	if e.Path != "" {
		at = fmt.Sprintf(" at %.200q", e.Path)
	}
	return fmt.Sprintf("archive %.200q%s: over the limit of %d for %s", e.Archive, at, e.Limit, e.Code)
}

// FormatError says that data is not what it claims to be.
type FormatError struct {
	Archive string
	Path    string // "" for the whole
	Code    string // stable word: zip-end, zip-directory, zip-local, method, encrypted, content, tar, gzip, tree
	Detail  string
}

func (e *FormatError) Error() string {
	at := ""
	if e.Path != "" {
		at = fmt.Sprintf(" at %.200q", e.Path)
	}
	return fmt.Sprintf("archive %.200q%s: malformed (%s): %s", e.Archive, at, e.Code, e.Detail)
}

// budget counts what a walk has put out, over all levels of nesting.
type budget struct {
	lim     Limits
	input   int64 // bytes of the outermost archive
	entries int
	output  int64 // content of members
	stream  int64 // bytes out of gzip, which may exceed the members'
}

func (b *budget) entry(archive string) error {
	b.entries++
	if b.entries > b.lim.Entries {
		return &LimitError{Archive: archive, Code: "entries", Limit: int64(b.lim.Entries)}
	}
	return nil
}

// room is how many bytes the next member may have.
func (b *budget) room() int64 { return min(b.lim.PerFile, b.lim.Output-b.output) }

// spent books n bytes of content for a member, or refuses them.
func (b *budget) spent(archive, path string, n int64) error {
	if n > b.lim.PerFile {
		return &LimitError{Archive: archive, Path: path, Code: "per-file", Limit: b.lim.PerFile}
	}
	b.output += n
	return b.check(archive, path, b.output)
}

// streamed books n bytes of a compressed stream.
func (b *budget) streamed(archive string, n int64) error {
	b.stream += n
	return b.check(archive, "", b.stream)
}

func (b *budget) check(archive, path string, total int64) error {
	if total > b.lim.Output {
		return &LimitError{Archive: archive, Path: path, Code: "output", Limit: b.lim.Output}
	}
	if total > ratioFloor && total/int64(b.lim.Ratio) > b.input {
		return &LimitError{Archive: archive, Path: path, Code: "ratio", Limit: int64(b.lim.Ratio)}
	}
	return nil
}
