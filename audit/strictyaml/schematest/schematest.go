// Package schematest holds a hand-written JSON Schema to the Go type that reads
// the same documents: the same keys, required alike, with the same words.
package schematest

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// Agrees fails the test where the schema and the struct type differ: a key of
// one that the other lacks, another required list, other words, an object that
// lets unknown keys pass.
func Agrees(t testing.TB, schema []byte, typ reflect.Type) {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatalf("the schema is not JSON: %v", err)
	}
	for _, d := range Differences(root, typ) {
		t.Error(d)
	}
}

// Differences lists what Agrees complains about.
func Differences(root map[string]any, typ reflect.Type) []string {
	c := &comparison{root: root}
	c.value("", root, typ, nil, nil)
	return c.out
}

// Validates fails the test unless the schema accepts the YAML document.
func Validates(t testing.TB, schema, document []byte) {
	t.Helper()
	if err := Validate(t, schema, document); err != nil {
		t.Errorf("the schema refuses the document: %v", err)
	}
}

// Validate holds a YAML document against a schema. Dates stay texts.
func Validate(t testing.TB, schema, document []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatalf("the schema is not JSON: %v", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("the schema does not compile: %v", err)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(document, &n); err != nil {
		t.Fatalf("the document is not YAML: %v", err)
	}
	return compiled.Validate(plain(t, n.Content[0]))
}

func plain(t testing.TB, n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, plain(t, c))
		}
		return out
	}
	switch n.Tag {
	case "!!int":
		return json.Number(n.Value)
	case "!!bool":
		return n.Value == "true"
	}
	return n.Value
}

type comparison struct {
	root map[string]any
	out  []string
}

func (c *comparison) add(path, format string, args ...any) {
	c.out = append(c.out, strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...))
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

func (c *comparison) value(path string, schema map[string]any, typ reflect.Type, enum, keys []string) {
	schema = c.resolve(path, schema)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	isText := reflect.PointerTo(typ).Implements(textType) || typ == reflect.TypeFor[time.Duration]()
	switch {
	case isText || typ.Kind() == reflect.String:
		c.is(path, schema, "string")
		c.words(path, schema["enum"], enum)
	case typ.Kind() == reflect.Bool:
		c.is(path, schema, "boolean")
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int64:
		c.is(path, schema, "integer")
	case typ.Kind() == reflect.Slice:
		c.is(path, schema, "array")
		items, _ := schema["items"].(map[string]any)
		c.value(path+"[]", items, typ.Elem(), enum, nil)
	case typ.Kind() == reflect.Map:
		c.is(path, schema, "object")
		c.mapping(path, schema, typ, enum, keys)
	case typ.Kind() == reflect.Struct:
		c.is(path, schema, "object")
		c.structure(path, schema, typ)
	default:
		c.add(path, "a Go type that documents do not have: %s", typ)
	}
}

func (c *comparison) is(path string, schema map[string]any, want string) {
	if schema["type"] != want {
		c.add(path, "the schema says type %v, the Go type reads a %s", schema["type"], want)
	}
}

// resolve follows references inside the schema.
func (c *comparison) resolve(path string, schema map[string]any) map[string]any {
	for range 10 {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		defs, _ := c.root["$defs"].(map[string]any)
		schema, ok = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		if !ok {
			c.add(path, "the reference %s leads nowhere", ref)
			return nil
		}
	}
	c.add(path, "references in a circle")
	return nil
}

func (c *comparison) mapping(path string, schema map[string]any, typ reflect.Type, enum, keys []string) {
	values, _ := schema["additionalProperties"].(map[string]any)
	if values == nil {
		c.add(path, "the schema does not say what the values of the map are")
		return
	}
	names, _ := schema["propertyNames"].(map[string]any)
	c.words(path+" (keys)", names["enum"], keys)
	c.value(path+".*", values, typ.Elem(), enum, nil)
}

func (c *comparison) structure(path string, schema map[string]any, typ reflect.Type) {
	if schema["additionalProperties"] != false {
		c.add(path, "the schema lets unknown keys pass")
	}
	properties, _ := schema["properties"].(map[string]any)
	known := map[string]bool{}
	var required []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		known[name] = true
		if option == "required" {
			required = append(required, name)
		}
		child, ok := properties[name].(map[string]any)
		if !ok {
			c.add(path+"."+name, "in the Go type, not in the schema")
			continue
		}
		c.value(path+"."+name, child, f.Type, list(f.Tag.Get("enum")), list(f.Tag.Get("keys")))
	}
	for name := range properties {
		if !known[name] {
			c.add(path+"."+name, "in the schema, not in the Go type")
		}
	}
	c.words(path+" (required)", schema["required"], required)
}

// words compares a list of the schema with the Go side's, in any order.
func (c *comparison) words(path string, inSchema any, want []string) {
	var got []string
	items, _ := inSchema.([]any)
	for _, v := range items {
		got = append(got, fmt.Sprint(v))
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		c.add(path, "the schema lists %q, the Go type %q", got, want)
	}
}

func list(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}
