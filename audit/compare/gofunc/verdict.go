package gofunc

import "slices"

// Class is how a function, or a piece of data, of the shipped file stands to
// the one of the same name in the rebuilt file.
type Class string

// The classes.
const (
	// Same is byte for byte the same.
	Same Class = "same"
	// Relocated differs in bytes, and every operand that differs refers to the
	// same thing at another address.
	Relocated Class = "relocated"
	// Changed differs in an instruction or in what an operand refers to.
	Changed Class = "changed"
	// Added is in the rebuilt file only.
	Added Class = "added"
	// Removed is in the shipped file only.
	Removed Class = "removed"
)

// Kind is what a Range of a file holds.
type Kind string

// The kinds.
const (
	Code Kind = "code"
	// Padding lies between functions and is never executed.
	Padding Kind = "padding"
	// Foreign is executable and belongs to no Go function: C code, stubs.
	Foreign Kind = "foreign"
	// Variable is initialised writable data.
	Variable Kind = "variable"
	// Constant is read-only data: strings, tables, type descriptors.
	Constant Kind = "constant"
	// Table is written by the linker from everything else: pclntab,
	// moduledata, the table of functions by address.
	Table Kind = "table"
)

// Verdict is the comparison of a shipped program with a rebuilt one. It depends
// on their bytes only.
type Verdict struct {
	Shipped Side   `json:"shipped"`
	Rebuilt Side   `json:"rebuilt"`
	Counts  Counts `json:"counts"`
	// Functions are those that are not Same or Relocated, sorted by name, file
	// and line.
	Functions []Function `json:"functions"`
	// Data are variables, constants and types whose content differs, sorted by
	// name and address in the shipped file.
	Data []Data `json:"data"`
	// ShippedRanges and RebuiltRanges account for the bytes of the files that
	// were looked at, sorted by offset, without overlap.
	ShippedRanges []Range `json:"-"`
	RebuiltRanges []Range `json:"-"`
}

// Equal reports whether no function, no variable and no code outside of
// functions differs. What the linker derives (kind Table) may.
func (v *Verdict) Equal() bool {
	if v.Counts.Changed+v.Counts.Added+v.Counts.Removed > 0 || v.Shipped.ForeignDiffers {
		return false
	}
	return !slices.ContainsFunc(v.Data, func(d Data) bool { return d.Kind != Table })
}

// Side is what was read from one of the two files.
type Side struct {
	Format    string `json:"format"` // elf, pe, macho
	Arch      string `json:"arch"`   // amd64, arm64
	Functions int    `json:"functions"`
	// Symbols is whether the file has a symbol table; without one, variables
	// have no names.
	Symbols bool `json:"symbols"`
	// OutsideFunctions counts executable bytes that belong to no function.
	OutsideFunctions int64 `json:"outsideFunctions"`
	// ForeignDiffers is whether those bytes differ between the two files.
	ForeignDiffers bool `json:"foreignDiffers,omitempty"`
}

// Counts counts functions by class.
type Counts struct {
	Same      int `json:"same"`
	Relocated int `json:"relocated"`
	Changed   int `json:"changed"`
	Added     int `json:"added"`
	Removed   int `json:"removed"`
}

// Function is a function that differs.
type Function struct {
	Name  string `json:"name"`
	File  string `json:"file,omitempty"` // as the compiler recorded it
	Line  int    `json:"line,omitempty"` // of the declaration
	Class Class  `json:"class"`
	// ShippedSize and RebuiltSize are in bytes, without padding.
	ShippedSize int `json:"shippedSize"`
	RebuiltSize int `json:"rebuiltSize"`
	// Summary says what differs; empty lists mean that nothing was recognised,
	// not that nothing differs.
	Summary Summary `json:"summary"`
	// ThroughInlined are changed functions whose code the compiler copied into
	// this one, from the inline tables of both files, sorted.
	ThroughInlined []string `json:"throughInlined,omitempty"`
	// OnlyInlined is whether every instruction that differs stands in such a
	// copy.
	OnlyInlined bool `json:"onlyInlined,omitempty"`
}

// Summary lists what only one of the two versions of a function refers to. Each
// list is sorted and cut after 20 entries; strings are cut after 120 bytes.
type Summary struct {
	// Reason is the first difference in words.
	Reason           string   `json:"reason,omitempty"`
	ShippedCalls     []string `json:"shippedCalls,omitempty"`
	RebuiltCalls     []string `json:"rebuiltCalls,omitempty"`
	ShippedStrings   []string `json:"shippedStrings,omitempty"`
	RebuiltStrings   []string `json:"rebuiltStrings,omitempty"`
	ShippedConstants []string `json:"shippedConstants,omitempty"`
	RebuiltConstants []string `json:"rebuiltConstants,omitempty"`
}

// Data is a piece of data that differs.
type Data struct {
	// Name is the symbol's or the type's name; without a symbol table it is
	// empty and UsedBy names the functions that refer to it.
	Name   string   `json:"name,omitempty"`
	UsedBy []string `json:"usedBy,omitempty"` // sorted, at most 8
	Kind   Kind     `json:"kind"`
	Class  Class    `json:"class"`
	// ShippedOffset and RebuiltOffset are offsets in the files, -1 where absent.
	ShippedOffset int64  `json:"shippedOffset"`
	RebuiltOffset int64  `json:"rebuiltOffset"`
	Shipped       string `json:"shipped,omitempty"` // content in words, cut after 120 bytes
	Rebuilt       string `json:"rebuilt,omitempty"`
}

// Range is a run of bytes of a file and what the comparison found about it.
type Range struct {
	Offset int64 // in the file
	Length int64 // bytes
	Kind   Kind
	Class  Class
	// Name is the function's or the symbol's; empty where there is none.
	Name string
}
