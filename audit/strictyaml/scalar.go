package strictyaml

import (
	"encoding"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

var (
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	durationType = reflect.TypeFor[time.Duration]()
)

// isScalarType tells the types that are read from one scalar.
func isScalarType(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		return false
	}
	if reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64:
		return true
	}
	return false
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string, f FieldInfo) error {
	if n.Kind != yaml.ScalarNode {
		return d.refuse(n, path, WrongType, "", "%s where %s belongs", kindName(n), describe(v.Type()))
	}
	if n.Tag == "!!null" {
		return d.refuse(n, path, WrongType, "leave the key out, or give it "+describe(v.Type()), "there is no value")
	}
	text, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case isText:
		return d.text(n, text, path)
	case v.Type() == durationType:
		return d.duration(n, v, path)
	case v.Kind() == reflect.String:
		return d.str(n, v, path, f)
	case v.Kind() == reflect.Bool:
		return d.boolean(n, v, path)
	}
	return d.integer(n, v, path)
}

func (d *decoder) str(n *yaml.Node, v reflect.Value, path string, f FieldInfo) error {
	if n.Tag != "!!str" {
		return d.refuse(n, path, WrongType, "quote it: "+Quote(n.Value), "%s where a string belongs", kindName(n))
	}
	if f.Enum != nil && !slices.Contains(f.Enum, n.Value) {
		return d.unknownWord(n, path, InvalidValue, f.Enum)
	}
	v.SetString(n.Value)
	return nil
}

// boolean takes the two words in lower case only: "yes", "on" and "True" are
// booleans to some readers of YAML and strings to others.
func (d *decoder) boolean(n *yaml.Node, v reflect.Value, path string) error {
	if n.Tag != "!!bool" || (n.Value != "true" && n.Value != "false") {
		return d.refuse(n, path, WrongType, "write true or false, without quotes", "%s where a boolean belongs", kindName(n))
	}
	v.SetBool(n.Value == "true")
	return nil
}

var decimal = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// integer takes decimal digits only: 010 and 1_000 mean different numbers to
// different readers of YAML.
func (d *decoder) integer(n *yaml.Node, v reflect.Value, path string) error {
	if n.Tag != "!!int" || !decimal.MatchString(n.Value) {
		return d.refuse(n, path, WrongType, "write decimal digits, without quotes and leading zeros", "%s where a whole number belongs", kindName(n))
	}
	i, err := strconv.ParseInt(n.Value, 10, v.Type().Bits())
	if err != nil {
		return d.refuse(n, path, InvalidValue, "", "the number %s is too large", Quote(n.Value))
	}
	v.SetInt(i)
	return nil
}

func (d *decoder) duration(n *yaml.Node, v reflect.Value, path string) error {
	const hint = `write a number and a unit, such as "90m" or "168h"`
	if n.Tag != "!!str" {
		return d.refuse(n, path, WrongType, hint, "%s where a duration belongs", kindName(n))
	}
	dur, err := time.ParseDuration(n.Value)
	if err != nil {
		return d.refuse(n, path, InvalidValue, hint, "%s is not a duration", Quote(n.Value))
	}
	v.SetInt(int64(dur))
	return nil
}

// text reads a type of its own. An unquoted date is a timestamp to YAML; its
// characters are what counts.
func (d *decoder) text(n *yaml.Node, into encoding.TextUnmarshaler, path string) error {
	if n.Tag != "!!str" && n.Tag != "!!timestamp" {
		return d.refuse(n, path, WrongType, "", "%s where a text belongs", kindName(n))
	}
	err := into.UnmarshalText([]byte(n.Value))
	if err == nil {
		return nil
	}
	var problem *Problem
	if errors.As(err, &problem) {
		return d.refuse(n, path, InvalidValue, problem.Hint, "%s", problem.Message)
	}
	if _, isTime := into.(*time.Time); isTime {
		return d.refuse(n, path, InvalidValue, "write it as 2026-11-21T00:00:00Z", "%s is not an instant", Quote(n.Value))
	}
	return d.refuse(n, path, InvalidValue, "", "%s: %v", Quote(n.Value), err)
}

// kindName says what stands in the document.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "the number " + Quote(n.Value)
	case "!!bool":
		return "the boolean " + Quote(n.Value)
	case "!!timestamp":
		return "the date " + Quote(n.Value)
	case "!!null":
		return "nothing"
	}
	return "the string " + Quote(n.Value)
}

// describe names what a type takes, for messages.
func describe(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return describe(t.Elem())
	case t == durationType:
		return "a duration"
	case reflect.PointerTo(t).Implements(textType):
		return "a text"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list, such as []"
	}
	return "a mapping"
}
