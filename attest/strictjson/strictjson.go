package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// The limits that hold where a caller sets none.
const (
	DefaultBytes = 8 << 20
	DefaultDepth = 64
)

// MaxDepth is the deepest nesting that a caller can ask for: encoding/json
// itself stops at 10,000.
const MaxDepth = 1000

// Limits bounds what is read. The zero value holds the defaults.
type Limits struct {
	Bytes int // size of the document; 0 is DefaultBytes
	Depth int // nesting of arrays and objects; 0 is DefaultDepth, at most MaxDepth
	// AllowUnknown lets keys pass that no field of the struct has, for formats
	// that others extend. Case variants of a field stay refused.
	AllowUnknown bool
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = DefaultBytes
	}
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	l.Depth = min(l.Depth, MaxDepth)
	return l
}

// Check reads data as one JSON value and refuses what has no single reading.
// The error is an *Error.
func Check(data []byte, lim Limits) error {
	return scan(data, anything, lim.withDefaults())
}

// Unmarshal checks data and decodes it into a non-nil pointer, by the json tags
// of its type. A refused document leaves into untouched unless the refusal came
// from a type's own UnmarshalJSON. The error is an *Error for every document;
// any other error is a mistake of the caller.
func Unmarshal(data []byte, into any, lim Limits) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("strictjson: decode into %T: want a non-nil pointer", into)
	}
	lim = lim.withDefaults()
	if err := scan(data, shapeOf(v.Type().Elem()), lim); err != nil {
		return err
	}
	// Not a Decoder, which would keep a second copy of the document to refuse
	// unknown fields: the scan has refused them.
	if err := json.Unmarshal(data, into); err != nil {
		return decodeError(data, err)
	}
	return nil
}

// decodeError gives an error of encoding/json a place. What reaches it is a
// number that its field cannot hold, or the objection of an UnmarshalJSON.
func decodeError(data []byte, err error) *Error {
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		return errorAt(data, int(typed.Offset), WrongType, "field %.80q cannot hold a JSON %s", typed.Field, typed.Value)
	}
	return errorAt(data, 0, WrongType, "%.200s", err.Error())
}
