package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
)

// Read says what a statement says. A predicate of a type that is not known is
// Other, and Neutral; one that is known must have what its specification demands
// of it. The error is an *Error with Bad.
func Read(st *statement.Statement) (Claim, error) {
	c := Claim{Kind: Other, Verdict: Neutral, PredicateType: st.PredicateType, Subjects: st.Subjects}
	read := reader(st.PredicateType)
	if read == nil {
		return c, nil
	}
	if err := read(&c, st.Predicate); err != nil {
		var e *Error
		if errors.As(err, &e) {
			return Claim{}, err
		}
		return Claim{}, &Error{Code: Bad, Message: fmt.Sprintf("predicate %.200s: %v", st.PredicateType, err), Err: err}
	}
	return c, nil
}

// reader finds who reads predicates of a type; nil if nobody does.
func reader(predicateType string) func(*Claim, json.RawMessage) error {
	switch predicateType {
	case ProvenanceType:
		return (*Claim).readProvenance
	case ProvenanceV02Type:
		return (*Claim).readProvenanceV02
	case SummaryType:
		return (*Claim).readSummary
	case TestResultType:
		return (*Claim).readTestResult
	case PropertiesType, PropertiesV01Type:
		return (*Claim).readProperties
	case ReleaseType, ReleaseV01Type, PublishType:
		return (*Claim).readPublication
	case LinkType:
		return (*Claim).readLink
	case ComparisonType:
		return (*Claim).readComparison
	case ReportType:
		return (*Claim).readReport
	}
	if predicateType == CycloneDXType || strings.HasPrefix(predicateType, CycloneDXType+"/v") {
		return (*Claim).readBOM
	}
	return nil
}

// ReadLink says what a classic in-toto link says: that a step made its products
// from its materials. Products become the subjects, under the digests that the
// link gives them; a link without products says nothing.
func ReadLink(l *envelope.LinkBody) (Claim, error) {
	c := Claim{Kind: Link, Verdict: Neutral, PredicateType: LinkType, Step: l.Name}
	if len(l.Products) == 0 {
		return Claim{}, refuse(Bad, "link %.80q has no products", l.Name)
	}
	for _, name := range sortedKeys(l.Products) {
		c.Subjects = append(c.Subjects, statement.Subject{Name: name, Digest: l.Products[name]})
	}
	for _, name := range sortedKeys(l.Materials) {
		c.Sources = append(c.Sources, Resource{Name: name, Digest: l.Materials[name]})
	}
	return c, nil
}

// decode reads a predicate, or part of one, within the one reading. Predicates
// may be extended by others: unknown keys pass, case variants of known ones do
// not.
func decode(raw json.RawMessage, into any) error {
	return strictjson.Unmarshal(raw, into, strictjson.Limits{Bytes: statement.MaxBytes, AllowUnknown: true})
}

// capped refuses texts that are too long to be kept.
func capped(texts ...string) error {
	for _, t := range texts {
		if len(t) > MaxText {
			return fmt.Errorf("text of %d bytes, the limit is %d: %.40q…", len(t), MaxText, t)
		}
	}
	return nil
}

// cappedList refuses lists that are too long, and texts in them.
func cappedList(texts []string) error {
	if len(texts) > MaxList {
		return fmt.Errorf("list of %d entries, the limit is %d", len(texts), MaxList)
	}
	return capped(texts...)
}

// word reads what a predicate calls its outcome. Without a word it is refused;
// every word but the good ones is a no.
func (c *Claim) word(field, value string, good ...string) error {
	if value == "" {
		return fmt.Errorf("no word in %q", field)
	}
	c.Verdict, c.Said = No, fmt.Sprintf("%s: %.80q", field, value)
	if slices.Contains(good, value) {
		c.Verdict = Yes
	}
	return nil
}
