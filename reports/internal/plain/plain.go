// Package plain makes a copy of a value in which every string has gone through
// safetext, whatever its field's type. Renderings start with it: a report that
// somebody else wrote may carry anything in the fields that ours fill with
// identifiers and digests.
package plain

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Copy is a deep copy of a JSON-shaped value with safe strings, map keys too.
func Copy[T any](v T) (T, error) {
	var out T
	raw, err := json.Marshal(v)
	if err != nil {
		return out, fmt.Errorf("copy for rendering: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return out, fmt.Errorf("copy for rendering: %w", err)
	}
	if raw, err = json.Marshal(safe(tree)); err != nil {
		return out, fmt.Errorf("copy for rendering: %w", err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("copy for rendering: %w", err)
	}
	return out, nil
}

func safe(v any) any {
	switch v := v.(type) {
	case string:
		return safetext.Of(v).String()
	case []any:
		for i := range v {
			v[i] = safe(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[safetext.Of(k).String()] = safe(e)
		}
		return out
	}
	return v
}
