package profile

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// node is what the schema says about one value.
type node struct {
	Ref                  string           `json:"$ref"`
	Type                 string           `json:"type"`
	Enum                 []string         `json:"enum"`
	Properties           map[string]*node `json:"properties"`
	Required             []string         `json:"required"`
	AdditionalProperties *bool            `json:"additionalProperties"`
	Items                *node            `json:"items"`
	Defs                 map[string]*node `json:"$defs"`
}

// The schema and the types that a profile is decoded into say the same.
func TestSchemaMatchesTypes(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	matches(t, root.Defs, &root, reflect.TypeFor[Profile](), strictyaml.FieldInfo{}, "")
}

func matches(t *testing.T, defs map[string]*node, n *node, typ reflect.Type, f strictyaml.FieldInfo, path string) {
	t.Helper()
	if name, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
		n = defs[name]
	}
	want := map[reflect.Kind]string{reflect.Struct: "object", reflect.Slice: "array", reflect.String: "string", reflect.Int: "integer", reflect.Bool: "boolean"}[typ.Kind()]
	if typ == reflect.TypeFor[Date]() {
		want = "string"
	}
	if n == nil || n.Type != want {
		t.Errorf("%s: the schema has %+v, the type is %s", path, n, typ)
		return
	}
	if typ.Kind() != reflect.Slice && !slices.Equal(n.Enum, f.Enum) {
		t.Errorf("%s: the schema allows %q, the type %q", path, n.Enum, f.Enum)
	}
	switch {
	case want == "array":
		matches(t, defs, n.Items, typ.Elem(), strictyaml.FieldInfo{Enum: f.Enum}, path+"[]")
	case want == "object":
		fields := strictyaml.Fields(typ)
		if n.AdditionalProperties == nil || *n.AdditionalProperties {
			t.Errorf("%s: the schema allows unknown keys", path)
		}
		if len(n.Properties) != len(fields) {
			t.Errorf("%s: the schema has %d keys, the type %d", path, len(n.Properties), len(fields))
		}
		for _, field := range fields {
			if field.Required != slices.Contains(n.Required, field.Name) {
				t.Errorf("%s.%s: required %v by the type, %v by the schema", path, field.Name, field.Required, n.Required)
			}
			p, ok := n.Properties[field.Name]
			if !ok {
				t.Errorf("%s.%s is not in the schema", path, field.Name)
				continue
			}
			matches(t, defs, p, typ.Field(field.Index).Type, field, path+"."+field.Name)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("profile.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("profile.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate reads YAML by another reader than Parse does, and holds it against
// the schema.
func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(dates(doc))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

// dates writes the timestamps that YAML reads from unquoted dates as dates.
func dates(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = dates(x)
		}
	case []any:
		for i, x := range v {
			v[i] = dates(x)
		}
	case interface{ Format(string) string }:
		return v.Format("2006-01-02")
	}
	return v
}

func TestSchemaAccepts(t *testing.T) {
	s := compile(t)
	texts := map[string]string{"sample": sample()}
	for _, name := range BuiltinNames() {
		data, _ := Builtin(name)
		texts[name] = string(data)
	}
	for name, text := range texts {
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compile(t)
	for _, change := range [][2]string{
		{"title: A process", "titel: A process"},
		{"id: sample\n", "id: sample\nwaivers: []\n"},
		{"id: sample\n", "id: Sample\n"},
		{"kind: Profile", "kind: Policy"},
		{"  quoteDigest: " + digest(clause) + "\n", ""},
		{"quoteDigest: sha256:", "quoteDigest: md5:"},
		{"https://", "http://"},
		{"n: 30", "n: -1"},
		{"n: 30", "n: three"},
		{"unit: calendar-day", "unit: day"},
		{"technical: true, ", ""},
		{"kind: source", "kind: luck"},
		{"id: C1", "id: c1"},
		{"minClass: E2", "minClass: E5"},
		{"field: respondent.name", "field: respondent.taste"},
		{"date: 2026-01-01", "date: tomorrow"},
		{"documents: [design]", "documents: design"},
	} {
		text := strings.Replace(sample(), change[0], change[1], 1)
		if text == sample() {
			t.Fatalf("the sample has no %q", change[0])
		}
		if validate(t, s, text) == nil {
			t.Errorf("the schema takes %q", change[1])
		}
		if _, err := Parse("sample.yaml", []byte(text)); err == nil {
			t.Errorf("Parse takes %q", change[1])
		}
	}
}

func TestSchemaIsACopy(t *testing.T) {
	Schema()[0] = 'x'
	if Schema()[0] != '{' {
		t.Error("a caller changed the schema")
	}
}

// The words that a field may be stand in its tag and in Fields: they agree.
func TestFieldsMatchTag(t *testing.T) {
	f, _ := reflect.TypeFor[Item]().FieldByName("Field")
	var words []string
	for _, w := range Fields() {
		words = append(words, string(w))
	}
	if tag := f.Tag.Get("enum"); tag != strings.Join(words, ",") {
		t.Errorf("the tag allows %s, Fields gives %s", tag, words)
	}
}
