package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// canonicalLink writes the signed part of a link in the canonical JSON that
// in-toto signs (OLPC's): keys in the order of their bytes, no white space, only
// quotation mark and backslash escaped, whole numbers only. It is not RFC 8785.
// The bytes must have passed strictjson.
//
// A writer that escapes control characters, as one implementation does, signs
// other bytes for text that has them; such a link does not verify.
func canonicalLink(signed []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(signed))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("canonical JSON of the link: %w", err)
	}
	var b bytes.Buffer
	if err := writeCanonical(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeCanonical(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprintf(b, "%t", v)
	case string:
		writeText(b, v)
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return fmt.Errorf("canonical JSON of the link: number %.40s is not whole", v)
		}
		b.WriteString(v.String())
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeCanonical(b, e); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, key)
			b.WriteByte(':')
			if err := writeCanonical(b, v[key]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	}
	return nil
}

func writeText(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s))
	b.WriteByte('"')
}
