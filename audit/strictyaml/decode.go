package strictyaml

import (
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// An Option changes how a document is decoded.
type Option func(*decoder)

// RefuseKeys gives keys, in any case, a code and a hint of their own where they
// stand as unknown keys: for words that a format leaves out on purpose.
func RefuseKeys(code Code, hint string, keys ...string) Option {
	return func(d *decoder) {
		for _, k := range keys {
			d.refused[fold(k)] = refusal{code, hint}
		}
	}
}

type refusal struct {
	code Code
	hint string
}

// Unmarshal reads the document data into the struct that into points to. Name
// is the file's name for messages. The error is an *Error.
func Unmarshal(name string, data []byte, into any, opts ...Option) error {
	_, err := Decode(name, data, into, opts...)
	return err
}

// Decode is Unmarshal, and tells where each value stands.
func Decode(name string, data []byte, into any, opts ...Option) (*Positions, error) {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		panic("strictyaml: the destination is not a pointer to a struct")
	}
	t, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	d := &decoder{
		tree:      t,
		refused:   map[string]refusal{},
		positions: &Positions{file: name, at: map[string]Position{}},
	}
	for _, opt := range opts {
		opt(d)
	}
	if err := d.value(t.root, v.Elem(), "", FieldInfo{}); err != nil {
		return nil, err
	}
	return d.positions, nil
}

type decoder struct {
	tree      *tree
	refused   map[string]refusal
	positions *Positions
}

// refuse makes an Error at a node; the message begins with the value's path.
func (d *decoder) refuse(n *yaml.Node, path string, code Code, hint, format string, args ...any) error {
	e := d.tree.refuse(n, code, hint, format, args...)
	e.Path = path
	if path != "" {
		e.Message = show(path) + ": " + e.Message
	}
	return e
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string, f FieldInfo) error {
	d.positions.at[path] = d.tree.position(n)
	if isScalarType(v.Type()) {
		return d.scalar(n, v, path, f)
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return d.refuse(n, path, WrongType, "leave the key out, or give it "+describe(v.Type()), "there is no value")
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(n, v.Elem(), path, f)
	case reflect.Struct:
		return d.structure(n, v, path)
	case reflect.Map:
		return d.mapping(n, v, path, f)
	case reflect.Slice:
		return d.list(n, v, path, f)
	}
	panic("strictyaml: cannot decode into " + v.Type().String())
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) error {
	if n.Kind != yaml.MappingNode {
		return d.refuse(n, path, WrongType, "", "%s where a mapping belongs", kindName(n))
	}
	fields := Fields(v.Type())
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(fields, func(f FieldInfo) bool { return f.Name == key.Value })
		if at < 0 {
			return d.unknown(key, fields, path)
		}
		f := fields[at]
		seen[f.Name] = true
		child := Field(path, f.Name)
		field := v.Field(f.Index)
		if err := d.value(val, field, child, f); err != nil {
			return err
		}
		if f.Required && empty(field) {
			return d.refuse(val, child, Missing, "", "must not be empty")
		}
	}
	for _, f := range fields {
		if f.Required && !seen[f.Name] {
			return d.refuse(n, path, Missing, `add "`+f.Name+`"`, "%s is missing", Quote(f.Name))
		}
	}
	return nil
}

// unknown refuses a key, by the best name that can be given to what is wrong.
func (d *decoder) unknown(key *yaml.Node, fields []FieldInfo, path string) error {
	child := Key(path, key.Value)
	folded := fold(key.Value)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
		if fold(f.Name) == folded {
			return d.refuse(key, child, CaseVariantKey, `write it as "`+f.Name+`"`, "the key %s differs only in case from %s", Quote(key.Value), Quote(f.Name))
		}
	}
	if r, ok := d.refused[folded]; ok {
		return d.refuse(key, child, r.code, r.hint, "the key %s does not belong here", Quote(key.Value))
	}
	return d.refuse(key, child, UnknownKey, suggest(key.Value, names), "the key %s is not known here", Quote(key.Value))
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string, f FieldInfo) error {
	if n.Kind != yaml.MappingNode {
		return d.refuse(n, path, WrongType, "", "%s where a mapping belongs", kindName(n))
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		child := Key(path, key.Value)
		if f.Keys != nil && !slices.Contains(f.Keys, key.Value) {
			return d.unknownWord(key, child, UnknownKey, f.Keys)
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(val, elem, child, FieldInfo{Enum: f.Enum}); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), elem)
	}
	v.Set(out)
	return nil
}

func (d *decoder) unknownWord(n *yaml.Node, path string, code Code, known []string) error {
	for _, k := range known {
		if code == UnknownKey && fold(k) == fold(n.Value) {
			code = CaseVariantKey
		}
	}
	return d.refuse(n, path, code, suggest(n.Value, known), "%s is not known here", Quote(n.Value))
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string, f FieldInfo) error {
	if n.Kind != yaml.SequenceNode {
		return d.refuse(n, path, WrongType, "write it as [a, b], or each on a line of its own after a dash", "%s where a list belongs", kindName(n))
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, val := range n.Content {
		if err := d.value(val, out.Index(i), Index(path, i), FieldInfo{Enum: f.Enum}); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

// empty tells a required value that says nothing. A number or a boolean always
// says something.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}
