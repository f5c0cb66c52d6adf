package statement

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// New writes a statement: canonical, subjects sorted by name and digests, so
// that the same content is the same bytes. What Parse would refuse is an error.
func New(predicateType string, subjects []Subject, predicate any) ([]byte, error) {
	raw, err := Canonical(predicate)
	if err != nil {
		return nil, fmt.Errorf("write predicate %s: %w", predicateType, err)
	}
	doc := document{Type: TypeV1, PredicateType: predicateType, Predicate: raw}
	for _, s := range sorted(subjects) {
		doc.Subjects = append(doc.Subjects, resource{Name: s.Name, Digest: s.Digest})
	}
	out, err := Canonical(doc)
	if err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	if _, err := Parse(out); err != nil {
		return nil, fmt.Errorf("write statement: %w", err)
	}
	return out, nil
}

func sorted(subjects []Subject) []Subject {
	return slices.SortedFunc(slices.Values(subjects), func(a, b Subject) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(spell(a.Digest), spell(b.Digest)))
	})
}

func spell(digests map[string]string) string {
	var b strings.Builder
	for _, alg := range slices.Sorted(maps.Keys(digests)) {
		fmt.Fprintf(&b, "%s:%s,", alg, digests[alg])
	}
	return b.String()
}

// Canonical encodes v as JSON in the canonical form of RFC 8785. Values that
// have no single reading, such as whole numbers beyond a double, are an error.
func Canonical(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return canonicalise(buf.Bytes())
}

// IsCanonical reports whether data is JSON with one reading, in the canonical
// form of RFC 8785.
func IsCanonical(data []byte) bool {
	again, err := canonicalise(data)
	return err == nil && bytes.Equal(again, data)
}

func canonicalise(data []byte) ([]byte, error) {
	if err := strictjson.Check(data, strictjson.Limits{Bytes: 2 * MaxBytes, Depth: strictjson.MaxDepth}); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	out, err := jcs.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return out, nil
}
