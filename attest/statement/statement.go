package statement

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// PayloadType is the DSSE payload type of a statement.
const PayloadType = "application/vnd.in-toto+json"

// The _type of a statement. SLSA provenance v0.2 and the older attestations of
// the npm registry carry the one before v1; it has the same fields and is held
// to the same strictness. New writes v1 alone.
const (
	TypeV1  = "https://in-toto.io/Statement/v1"
	TypeV01 = "https://in-toto.io/Statement/v0.1"
)

// IsPayloadType reports the payload types that statements travel under:
// PayloadType, and the type of the statement itself, which the older envelopes
// of oss-rebuild have in its place.
func IsPayloadType(payloadType string) bool {
	return payloadType == PayloadType || payloadType == TypeV1
}

// The limits of a statement.
const (
	MaxBytes         = 64 << 20 // readers of foreign bundles cap them far below
	MaxSubjects      = 1024
	MaxDigests       = 32 // of one subject
	maxPredicateType = 512
)

// A Subject is one thing that a statement speaks of.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"` // algorithm to lower-case hexadecimal
}

// A Statement is what its signer says. Names, predicate type and predicate are
// the signer's own words.
type Statement struct {
	Type          string // TypeV1 or TypeV01
	PredicateType string
	Subjects      []Subject
	Predicate     json.RawMessage // an object, or nil where the statement has none
}

// document is the JSON of a statement.
type document struct {
	Type          string          `json:"_type"`
	Subjects      []resource      `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate,omitempty"`
}

// resource is a subject with every field that in-toto gives one.
type resource struct {
	Name             string                     `json:"name"`
	URI              string                     `json:"uri,omitempty"`
	Digest           map[string]string          `json:"digest"`
	Content          []byte                     `json:"content,omitempty"`
	DownloadLocation string                     `json:"downloadLocation,omitempty"`
	MediaType        string                     `json:"mediaType,omitempty"`
	Annotations      map[string]json.RawMessage `json:"annotations,omitempty"`
}

// Parse reads an in-toto statement, v1 or v0.1. The error is an *Error.
func Parse(payload []byte) (*Statement, error) {
	var doc document
	if err := strictjson.Unmarshal(payload, &doc, strictjson.Limits{Bytes: MaxBytes}); err != nil {
		return nil, &Error{Code: BadJSON, Message: err.Error(), Err: err}
	}
	if err := doc.check(); err != nil {
		return nil, err
	}
	s := &Statement{Type: doc.Type, PredicateType: doc.PredicateType, Predicate: doc.Predicate}
	for _, r := range doc.Subjects {
		s.Subjects = append(s.Subjects, Subject{Name: r.Name, Digest: r.Digest})
	}
	return s, nil
}

func (d *document) check() error {
	switch d.Type {
	case TypeV1, TypeV01:
	case "":
		return refuse(BadType, "_type is missing")
	default:
		return refuse(BadType, "_type is %.80q, not %s", d.Type, TypeV1)
	}
	if err := checkPredicateType(d.PredicateType); err != nil {
		return err
	}
	if len(d.Predicate) > 0 && d.Predicate[0] != '{' {
		return refuse(BadPredicate, "predicate is not an object")
	}
	if n := len(d.Subjects); n < 1 || n > MaxSubjects {
		return refuse(BadSubject, "%d subjects; a statement has 1 to %d", n, MaxSubjects)
	}
	for i, s := range d.Subjects {
		if n := len(s.Digest); n < 1 || n > MaxDigests {
			return refuse(BadSubject, "subject %d (%.80q) has %d digests; a subject has 1 to %d", i, s.Name, n, MaxDigests)
		}
		if err := checkDigests(s.Digest); err != nil {
			return refuse(err.Code, "subject %d (%.80q): %s", i, s.Name, err.Message)
		}
	}
	return nil
}

// checkPredicateType wants an absolute URI in plain ASCII: two types that look
// alike must be alike.
func checkPredicateType(t string) error {
	if t == "" {
		return refuse(BadPredicateType, "predicateType is missing")
	}
	plain := len(t) <= maxPredicateType && strings.IndexFunc(t, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
	u, err := url.Parse(t)
	if !plain || err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" {
		return refuse(BadPredicateType, "predicateType %.80q is not an absolute URI", t)
	}
	return nil
}
