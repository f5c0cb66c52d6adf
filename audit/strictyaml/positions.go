package strictyaml

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// A Position is a place in a document; lines and columns count from 1, columns
// in characters.
type Position struct{ Line, Column int }

// Positions remembers where each value of a decoded document stands, so that a
// later refusal can point at it. A nil *Positions knows no places.
type Positions struct {
	file string
	at   map[string]Position
}

// Of gives the place of the value at a path such as artifacts[0].digest, or of
// the nearest value around it when the document has none there.
func (p *Positions) Of(path string) Position {
	if p == nil {
		return Position{}
	}
	for {
		if pos, ok := p.at[path]; ok {
			return pos
		}
		if path == "" {
			return Position{}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// Errorf refuses the value at a path. The message begins with the path.
func (p *Positions) Errorf(code Code, path, hint, format string, args ...any) *Error {
	pos := p.Of(path)
	e := &Error{Code: code, Line: pos.Line, Column: pos.Column, Path: path}
	if p != nil {
		e.File = p.file
	}
	e.Message = safetext.Sprintf(format, args...).String()
	if path != "" {
		e.Message = show(path) + ": " + e.Message
	}
	e.Hint = safetext.Of(hint).String()
	return e
}

// Refuse turns what is wrong with the value at a path into an Error with code
// InvalidValue, and nil into nil.
func (p *Positions) Refuse(path string, problem *Problem) error {
	if problem == nil {
		return nil
	}
	return p.Errorf(InvalidValue, path, problem.Hint, "%s", problem.Message)
}

// Field is the path of a struct's field.
func Field(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Index is the path of a list's element.
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Key is the path of a map's element; a key that is not a plain word is quoted.
func Key(path, key string) string {
	if plainKey.MatchString(key) {
		return Field(path, key)
	}
	return path + "[" + strconv.Quote(key) + "]"
}
