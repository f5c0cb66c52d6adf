package reports

import "github.com/proffer-audit/proffer/reports/safetext"

// Comparison is how a rebuilt file stands to the shipped one: the part of the
// account that a reader needs. Classes add up to DifferingBytes.
type Comparison struct {
	Answer         safetext.Text     `json:"answer"` // in one sentence
	ShippedSize    int64             `json:"shippedSize"`
	RebuiltSize    int64             `json:"rebuiltSize"`
	DifferingBytes int64             `json:"differingBytes"`
	Accounted      int64             `json:"accounted"` // differing bytes that have a class
	Classes        []ByteClass       `json:"classes"`   // most bytes first
	Functions      *FunctionCounts   `json:"functions,omitempty"`
	Changed        []ChangedFunction `json:"changed"` // by name, the first of them
	Causes         []BuildCause      `json:"causes"`
	Normalisations []Normalised      `json:"normalisations"`
	Members        []safetext.Text   `json:"members"` // that differ, the first of them
	More           int               `json:"more,omitempty"`
}

// ByteClass is one kind of difference.
type ByteClass struct {
	Class            string          `json:"class"`
	Bytes            int64           `json:"bytes"`
	Evidence         []safetext.Text `json:"evidence"`
	SecurityRelevant bool            `json:"securityRelevant"`
}

// FunctionCounts counts the functions of a program.
type FunctionCounts struct {
	Total     int `json:"total"`
	Same      int `json:"same"`
	Relocated int `json:"relocated"`
	Changed   int `json:"changed"`
}

// ChangedFunction is a function that is not the same in both files.
type ChangedFunction struct {
	Name        safetext.Text `json:"name"`
	Status      string        `json:"status"` // changed, added, removed
	Place       Location      `json:"place"`
	ShippedSize int64         `json:"shippedSize"`
	RebuiltSize int64         `json:"rebuiltSize"`
	Why         safetext.Text `json:"why,omitzero"`
}

// BuildCause is an input of the build that a difference comes from; Proven says
// that a build with it gave the shipped bytes.
type BuildCause struct {
	Kind   string        `json:"kind"`
	Detail safetext.Text `json:"detail"`
	Proven bool          `json:"proven"`
}

// Normalised is a declared normaliser that was applied.
type Normalised struct {
	ID          string        `json:"id"`
	Version     int           `json:"version"`
	Reason      safetext.Text `json:"reason"`
	BytesHidden int64         `json:"bytesHidden"`
}
