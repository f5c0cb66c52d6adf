package claim

import (
	"errors"
	"fmt"
)

// ComparisonV1 is the predicate of our comparison of a shipped file with what
// was built again, of ComparisonType.
type ComparisonV1 struct {
	Target         Resource           `json:"target"`              // the shipped file
	Candidate      *Resource          `json:"candidate,omitempty"` // what was built; nil if nothing was
	Level          string             `json:"level"`               // one of reports.Level's words
	Normalisations []Normalisation    `json:"normalisations"`      // in the order they were applied
	Grafts         []Graft            `json:"grafts,omitempty"`
	Accounting     *Accounting        `json:"accounting,omitempty"`
	Functions      *ComparedFunctions `json:"functions,omitempty"`
	Causes         []Cause            `json:"causes,omitempty"` // proven ones alone
	Variations     []Variation        `json:"variations"`       // worlds that it was built in beside the first
	Environment    any                `json:"environment"`      // an object of what the rebuilder set
	Recipe         map[string]string  `json:"recipe"`           // digest of the recipe's canonical JSON
}

// Graft is a signature of the vendor's that was put onto the rebuilt file.
type Graft struct {
	Kind  string `json:"kind"`
	Bytes int64  `json:"bytes"` // taken from the shipped file
}

// Cause is an input of the build that makes the difference: a build with it gave
// the shipped bytes.
type Cause struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

// Variation is one further build, in another world.
type Variation struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"` // same, differs, not-made
}

// Normalisation is one treatment that the comparison applied to both sides.
type Normalisation struct {
	ID               string `json:"id"`
	Version          int    `json:"version"`
	Reason           string `json:"reason"`
	BytesHidden      int64  `json:"bytesHidden"`
	SecurityRelevant bool   `json:"securityRelevant"`
}

// Accounting is where the differing bytes are, by class; the classes add up to
// DifferingBytes.
type Accounting struct {
	DifferingBytes int64            `json:"differingBytes"`
	ByClass        map[string]int64 `json:"byClass"`
}

// ComparedFunctions is the verdict on the functions of a binary.
type ComparedFunctions struct {
	Same          int      `json:"same"`
	RelocatedOnly int      `json:"relocatedOnly"`
	Changed       []string `json:"changed"` // names, sorted
}

// NewComparison checks a comparison before it is signed: every list there, and
// bytes that add up.
func NewComparison(c ComparisonV1) (ComparisonV1, error) {
	if c.Level == "" || len(c.Target.Digest) == 0 || len(c.Recipe) == 0 {
		return c, errors.New("a comparison needs level, target and recipe")
	}
	if c.Normalisations == nil {
		c.Normalisations = []Normalisation{}
	}
	if c.Variations == nil {
		c.Variations = []Variation{}
	}
	if c.Environment == nil {
		c.Environment = map[string]any{}
	}
	if a := c.Accounting; a != nil {
		sum := int64(0)
		for _, n := range a.ByClass {
			sum += n
		}
		if sum != a.DifferingBytes {
			return c, fmt.Errorf("a comparison accounts for %d of %d differing bytes; what has no class is unexplained", sum, a.DifferingBytes)
		}
	}
	return c, nil
}
