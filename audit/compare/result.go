package compare

import (
	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Limits bound what reading two artifacts may cost. A zero field means its
// default.
type Limits = sections.Limits

// Result is the account of how two artifacts differ. It depends on their bytes
// and the limits only; Causes are added by whoever has proven them.
//
// DifferingBytes is what Bytes counts, so that any byte-wise comparison tool
// gives the same figure: positions that hold different bytes, and the bytes by
// which one is longer. The bytes of Classes add up to it, here and in every
// member: each position is given to the class of the region of the shipped file
// that it lies in, and, past the end of the shipped file, of the rebuilt one.
type Result struct {
	Level           reports.Level   `json:"level"`
	Format          sections.Format `json:"format"` // of the shipped artifact
	ShippedSize     int64           `json:"shippedSize"`
	RebuiltSize     int64           `json:"rebuiltSize"`
	FirstDifference int64           `json:"firstDifference"` // offset, -1 if none
	DifferingBytes  int64           `json:"differingBytes"`
	Accounted       int64           `json:"accounted"` // differing bytes of any class but Unexplained
	Classes         []Class         `json:"classes"`   // most bytes first
	// Functions is nil where no function map could be had.
	Functions      *Functions      `json:"functions,omitempty"`
	Causes         []Cause         `json:"causes"`
	Found          []Finding       `json:"findings"`
	Normalisations []Normalisation `json:"normalisations"`
	Grafts         []Graft         `json:"grafts,omitempty"`
	// Members are the members that differ, of a container; Equal counts those
	// that do not.
	Members []Member `json:"members,omitempty"`
	Equal   int      `json:"equalMembers,omitempty"`
	// Notes say what could not be looked into, and why.
	Notes []safetext.Text `json:"notes,omitempty"`
}

// Class is one kind of difference and the differing bytes given to it.
type Class struct {
	Class ClassName `json:"class"`
	Bytes int64     `json:"bytes"`
	// Evidence says what the class rests on: the first places, and a count.
	Evidence         []safetext.Text `json:"evidence"`
	SecurityRelevant bool            `json:"securityRelevant"`
}

// Functions is the verdict on the functions of a binary.
type Functions struct {
	Total     int        `json:"total"`     // of the shipped binary
	Same      int        `json:"same"`      // equal bytes
	Relocated int        `json:"relocated"` // equal but for where things are
	Changed   []Function `json:"changed"`   // sorted by name
}

// Function is one function that is not the same in both.
type Function struct {
	Name        safetext.Text `json:"name"`
	File        safetext.Text `json:"file,omitzero"`
	Line        int           `json:"line,omitempty"`
	Status      string        `json:"status"`      // changed | added | removed
	ShippedSize int64         `json:"shippedSize"` // bytes, 0 when it was removed
	RebuiltSize int64         `json:"rebuiltSize"`
	Why         safetext.Text `json:"why,omitzero"`
}

// Cause is an input of the build that a difference comes from. Proven says that
// a build with it gave the shipped bytes; without, it is only what points there.
type Cause struct {
	Kind     string        `json:"kind"` // stable word: flags, toolchain, path, stamp, …
	Detail   safetext.Text `json:"detail"`
	Proven   bool          `json:"proven"`
	Evidence safetext.Text `json:"evidence,omitzero"`
}

// Finding is a difference that stays after everything benign is taken away.
type Finding struct {
	Rule     string           `json:"rule"`
	Severity reports.Severity `json:"severity"`
	Class    ClassName        `json:"class"`
	Path     safetext.Text    `json:"path,omitzero"` // member, "!/" between an archive and its content
	Place    safetext.Text    `json:"place"`         // region in it
	Message  safetext.Text    `json:"message"`
}

// Normalisation is one declared normaliser that was applied.
type Normalisation struct {
	ID               string `json:"id"`
	Version          int    `json:"version"`
	Reason           string `json:"reason"`
	BytesHidden      int64  `json:"bytesHidden"`
	SecurityRelevant bool   `json:"securityRelevant"`
}

// Graft is a signature of the vendor's that was put onto the rebuilt file.
type Graft struct {
	Kind  string `json:"kind"`
	Bytes int64  `json:"bytes"` // taken from the shipped file
	Equal bool   `json:"equal"` // the files are then the same to the last bit
}

// Member is one member of a container that differs, or that only one holds.
type Member struct {
	Path   safetext.Text `json:"path"`
	In     string        `json:"in"` // both | shipped | rebuilt
	Result *Result       `json:"result,omitempty"`
}

// Clean reports whether the artifacts may pass where a level is demanded: the
// level is reached, every byte is accounted for, and no finding remains.
func (r Result) Clean(min reports.Level) bool {
	return r.Level.AtLeast(min) && r.Accounted == r.DifferingBytes && len(r.Found) == 0
}

// Unexplained counts the differing bytes without a class.
func (r Result) Unexplained() int64 { return r.DifferingBytes - r.Accounted }
