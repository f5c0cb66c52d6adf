package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// kind says what a shape demands of a value.
type kind int

const (
	kindAny    kind = iota // whatever JSON allows
	kindObject             // a struct: its fields are known
	kindMap
	kindList
	kindString
	kindBytes // a string that encoding/json reads as base64
	kindNumber
	kindBool
	kindPointer // elem, or null
)

// shape is what a Go type demands of the JSON that is decoded into it.
type shape struct {
	kind kind
	// nullable lets null pass. encoding/json drops null silently for most
	// types, so that it would read as "absent" here and as null elsewhere.
	nullable bool
	fields   map[string]*shape // by exact key, of a kindObject
	folded   map[string]string // folded key to exact key
	elem     *shape            // of a kindMap, kindList or kindPointer
	length   int               // of a Go array; -1 for any
}

var anything = &shape{kind: kindAny, nullable: true, length: -1}

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// shapeOf reads the shape of a type. Types that decode themselves have the
// shape of anything; null stays with them.
func shapeOf(t reflect.Type) *shape {
	return (&shaper{known: map[reflect.Type]*shape{}}).of(t)
}

// shaper remembers the types under way, because types may be recursive.
type shaper struct{ known map[reflect.Type]*shape }

func (b *shaper) of(t reflect.Type) *shape {
	if s, ok := b.known[t]; ok {
		return s
	}
	s := &shape{length: -1}
	b.known[t] = s
	switch {
	case reflect.PointerTo(t).Implements(jsonReader):
		*s = *anything
		return s
	case reflect.PointerTo(t).Implements(textReader):
		s.kind = kindString
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		s.kind = kindPointer
		s.elem = b.of(t.Elem())
	case reflect.Struct:
		s.kind = kindObject
		b.fill(s, t)
	case reflect.Map:
		s.kind, s.nullable = kindMap, true
		s.elem = b.of(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			s.kind, s.nullable = kindBytes, true
			break
		}
		s.kind, s.nullable = kindList, true
		s.elem = b.of(t.Elem())
	case reflect.Array:
		s.kind, s.length = kindList, t.Len()
		s.elem = b.of(t.Elem())
	case reflect.String:
		s.kind = kindString
	case reflect.Bool:
		s.kind = kindBool
	case reflect.Interface:
		*s = *anything
	default:
		s.kind = kindNumber
	}
	return s
}

// fill gathers the fields of a struct as encoding/json does: outer fields hide
// those of embedded structs, and two of one depth and name hide each other.
func (b *shaper) fill(s *shape, t reflect.Type) {
	s.fields, s.folded = map[string]*shape{}, map[string]string{}
	seen := map[reflect.Type]bool{t: true}
	for level := []reflect.Type{t}; len(level) > 0; {
		var next []reflect.Type
		found := map[string][]*shape{}
		for _, st := range level {
			for i := range st.NumField() {
				f := st.Field(i)
				if inner, ok := embedded(f); ok {
					if !seen[inner] {
						seen[inner] = true
						next = append(next, inner)
					}
					continue
				}
				if name, opts, ok := key(f); ok {
					found[name] = append(found[name], b.field(f, opts))
				}
			}
		}
		for name, shapes := range found {
			if _, hidden := s.fields[name]; hidden || len(shapes) > 1 {
				continue
			}
			s.fields[name] = shapes[0]
			s.folded[fold(name)] = name
		}
		level = next
	}
}

func (b *shaper) field(f reflect.StructField, options string) *shape {
	if strings.Contains(","+options+",", ",string,") {
		return anything
	}
	return b.of(f.Type)
}

// embedded gives the struct whose fields f promotes.
func embedded(f reflect.StructField) (reflect.Type, bool) {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !f.Anonymous || name != "" {
		return nil, false
	}
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct
}

// key is the JSON key of a field, if it has one.
func key(f reflect.StructField) (name, options string, ok bool) {
	tag := f.Tag.Get("json")
	if !f.IsExported() || tag == "-" {
		return "", "", false
	}
	name, options, _ = strings.Cut(tag, ",")
	if name == "" {
		name = f.Name
	}
	return name, options, true
}
