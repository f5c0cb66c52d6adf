package bundle

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// cursor takes values out of a document that strictjson.Check has passed: it is
// JSON, no object has a key twice in any case, no number is ambiguous. What is
// left to see here is that each value is what its place wants. The first that is
// not ends the reading; it stays in err.
//
// encoding/json would do the same with reflection and several passes, at a
// multiple of the time that all the rest of reading takes.
type cursor struct {
	data []byte
	pos  int
	err  error
}

// openJSON checks a document and puts a cursor before its one value.
func openJSON(data []byte) (*cursor, error) {
	if err := strictjson.Check(data, strictjson.Limits{Bytes: max(len(data), 1)}); err != nil {
		return nil, err
	}
	c := &cursor{data: data}
	c.space()
	return c, nil
}

func (c *cursor) space() {
	for c.pos < len(c.data) {
		switch c.data[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// fail ends the reading.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("at byte %d: "+format, append([]any{c.pos}, args...)...)
	}
	c.pos = len(c.data)
}

// opens passes over a bracket, or fails.
func (c *cursor) opens(b byte, what string) bool {
	if c.pos < len(c.data) && c.data[c.pos] == b {
		c.pos++
		c.space()
		return true
	}
	c.fail("%s is due", what)
	return false
}

// more passes over what stands between two elements, or over the end.
func (c *cursor) more(end byte) bool {
	if c.pos >= len(c.data) {
		return false
	}
	if c.data[c.pos] == ',' {
		c.pos++
		c.space()
	}
	if c.data[c.pos] == end {
		c.pos++
		c.space()
		return false
	}
	return true
}

// null passes over a null, which protobuf writes for nothing.
func (c *cursor) null() bool {
	if c.pos < len(c.data) && c.data[c.pos] == 'n' {
		c.pos += len("null")
		c.space()
		return true
	}
	return false
}

// object reads an object; field reads the value of a key, or reports that it
// does not know it.
func (c *cursor) object(field func(key string) bool) {
	if !c.opens('{', "an object") {
		return
	}
	for c.more('}') {
		key := c.text()
		if c.pos < len(c.data) {
			c.pos++ // the colon
		}
		c.space()
		if c.err == nil && !field(key) {
			c.fail("key %.80q is not known here", key)
		}
	}
}

// list reads an array, element by element.
func (c *cursor) list(element func()) {
	if c.null() || !c.opens('[', "an array") {
		return
	}
	for c.more(']') {
		element()
	}
}

// quoted gives what stands between quotes, and whether it has escapes.
func (c *cursor) quoted() (raw []byte, escaped bool) {
	if c.pos >= len(c.data) || c.data[c.pos] != '"' {
		c.fail("a string is due")
		return nil, false
	}
	start := c.pos + 1
	for i := start; ; i++ {
		switch c.data[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			c.pos = i + 1
			c.space()
			return c.data[start:i], escaped
		}
	}
}

func (c *cursor) text() string {
	raw, escaped := c.quoted()
	if !escaped {
		return string(raw)
	}
	var s string
	if err := json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s); err != nil {
		c.fail("a string is due")
	}
	return s
}

// bytes reads base64 in its one strict spelling.
func (c *cursor) bytes() []byte {
	at := c.pos
	raw, escaped := c.quoted()
	if c.err != nil {
		return nil
	}
	if escaped {
		c.pos = at
		raw = []byte(c.text())
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(raw)))
	n, err := base64.StdEncoding.Strict().Decode(out, raw)
	if err != nil || len(raw) != base64.StdEncoding.EncodedLen(n) {
		c.fail("strict base64 is due")
		return nil
	}
	return out[:n]
}

// integer reads an int64, which protobuf writes as a string and reads as a
// number as well: decimal digits without a leading zero or plus.
func (c *cursor) integer() int64 {
	text := ""
	if c.pos < len(c.data) && c.data[c.pos] == '"' {
		text = c.text()
	} else {
		start := c.pos
		for c.pos < len(c.data) && (c.data[c.pos] == '-' || '0' <= c.data[c.pos] && c.data[c.pos] <= '9') {
			c.pos++
		}
		text = string(c.data[start:c.pos])
		c.space()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text {
		c.fail("a whole number of 64 bits is due")
	}
	return n
}
