package schematest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

type doc struct {
	Name string         `yaml:"name,required" enum:"a,b"`
	Days []int          `yaml:"days"`
	By   map[string]int `yaml:"by" keys:"x,y"`
	On   bool           `yaml:"on"`
	In   *struct {
		Deep string `yaml:"deep"`
	} `yaml:"in"`
}

const agreed = `{
"type": "object", "additionalProperties": false, "required": ["name"],
"properties": {
  "name": {"type": "string", "enum": ["b", "a"]},
  "days": {"type": "array", "items": {"type": "integer"}},
  "by": {"type": "object", "propertyNames": {"enum": ["x", "y"]}, "additionalProperties": {"type": "integer"}},
  "on": {"type": "boolean"},
  "in": {"$ref": "#/$defs/in"}
},
"$defs": {"in": {"type": "object", "additionalProperties": false, "properties": {"deep": {"type": "string"}}}}
}`

func TestDifferences(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"agreed", "", "", ""},
		{"a key only in the schema", `"on":`, `"more": {}, "on":`, "more: in the schema"},
		{"a key only in the type", `"on": {"type": "boolean"},`, "", "on: in the Go type"},
		{"another type", `"boolean"`, `"string"`, "on: the schema says type string"},
		{"another type of an element", `"items": {"type": "integer"}`, `"items": {"type": "string"}`, "days[]: the schema says"},
		{"no type of the values", `, "additionalProperties": {"type": "integer"}`, "", "by: the schema does not say"},
		{"other words", `["b", "a"]`, `["b"]`, "name: the schema lists"},
		{"other keys", `["x", "y"]`, `["x", "z"]`, "by (keys)"},
		{"not required", `"required": ["name"],`, "", "(required)"},
		{"an open object", `{"type": "object", "additionalProperties": false, "properties": {"deep"`, `{"type": "object", "properties": {"deep"`, "in: the schema lets"},
		{"a lost reference", `$defs/in"}`, `$defs/out"}`, "leads nowhere"},
		{"a circle", `"in": {"type": "object", "additionalProperties": false, "properties": {"deep": {"type": "string"}}}`, `"in": {"$ref": "#/$defs/in"}`, "circle"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := agreed
			if tt.old != "" {
				if text = strings.Replace(agreed, tt.old, tt.new, 1); text == agreed {
					t.Fatal("nothing replaced")
				}
			}
			var schema map[string]any
			if err := json.Unmarshal([]byte(text), &schema); err != nil {
				t.Fatal(err)
			}
			got := Differences(schema, reflect.TypeFor[doc]())
			if tt.want == "" && len(got) > 0 {
				t.Errorf("differences: %q", got)
			}
			if tt.want != "" && (len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	if err := Validate(t, []byte(agreed), []byte("name: a\ndays: [1]\nby: {x: 2}\non: true\nin: {deep: 2026-01-01}\n")); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"name: c\n", "days: []\n", "name: a\nmore: b\n", "name: a\nby: {z: 1}\n", "name: a\nin: {deep: 1}\n"} {
		if Validate(t, []byte(agreed), []byte(bad)) == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
}
