package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/reports/safetext"
	"gopkg.in/yaml.v3"
)

// Bounds of a document's tree.
const (
	MaxDepth = 32      // the outermost mapping is at depth 1
	MaxNodes = 100_000 // keys and values together
)

// tree is a document as parsed, with its source for messages.
type tree struct {
	file  string
	root  *yaml.Node
	lines []string
	bangs map[Position]bool // where an exclamation mark stands
	nodes int
}

// parse reads the one document of data and refuses everything outside the subset.
func parse(file string, data []byte) (*tree, error) {
	bangs, refused := scan(file, data)
	if refused != nil {
		return nil, refused
	}
	t := &tree{file: file, lines: strings.Split(string(data), "\n"), bangs: bangs}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decodeNext(dec, &doc); errors.Is(err, io.EOF) {
		return nil, t.refuse(nil, Missing, "", "the document is empty")
	} else if err != nil {
		return nil, t.syntax(err)
	}
	var second yaml.Node
	if err := decodeNext(dec, &second); err == nil {
		return nil, t.refuse(&second, MultipleDocuments, "one file holds one document", "a second document begins")
	} else if !errors.Is(err, io.EOF) {
		return nil, t.syntax(err)
	}
	if len(doc.Content) != 1 {
		return nil, t.refuse(&doc, Missing, "", "the document is empty")
	}
	t.root = doc.Content[0]
	if err := t.check(t.root, 1); err != nil {
		return nil, err
	}
	return t, nil
}

// decodeNext reads one document. The parser reports some malformed inputs by a
// panic; foreign bytes must not end the program, so that is a syntax error too.
func decodeNext(dec *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", r)
		}
	}()
	return dec.Decode(into)
}

// syntax gives a parser's message its place. The parser names a line at most;
// the column is that of the line's first character.
func (t *tree) syntax(err error) *Error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	var n int
	if _, scanErr := fmt.Sscanf(message, "line %d: ", &n); scanErr == nil && n > 0 {
		line = min(n, len(t.lines))
		_, message, _ = strings.Cut(message, ": ")
	}
	text := t.lines[line-1]
	column := len(text) - len(strings.TrimLeft(text, " \t")) + 1
	e := &Error{
		Code: Syntax, File: t.file, Line: line, Column: column,
		Message: safetext.Of(message).String(),
	}
	if strings.Contains(message, "unknown anchor") {
		e.Code = Alias
	}
	if strings.HasPrefix(strings.TrimSpace(text), "\t") || strings.Contains(message, "cannot start any token") {
		e.Hint = "indent with spaces; put values with special characters in quotes"
	}
	return e
}

// check walks the whole tree once, before any of it is decoded, so that a
// refusal does not depend on what the destination happens to look at.
func (t *tree) check(n *yaml.Node, depth int) error {
	t.nodes++
	switch {
	case t.nodes > MaxNodes:
		return t.refuse(n, TooMany, "", "more than %d keys and values", MaxNodes)
	case depth > MaxDepth:
		return t.refuse(n, TooDeep, "", "nested more than %d deep", MaxDepth)
	case n.Kind == yaml.AliasNode:
		return t.refuse(n, Alias, "write the value out", "an alias, *%s", n.Value)
	case n.Anchor != "":
		return t.refuse(n, Anchor, "write the value out where it is needed", "an anchor, &%s", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0 || t.bangs[Position{n.Line, n.Column}]:
		// The tag "!" leaves no trace in the tree but where the node begins.
		return t.refuse(n, Tag, "types follow from the format; quote a text that looks like a number", "a tag, %s", n.Tag)
	case n.Kind == yaml.MappingNode:
		if err := t.checkKeys(n); err != nil {
			return err
		}
	case n.Kind == yaml.ScalarNode:
		if r := strings.IndexFunc(n.Value, hidden); r >= 0 {
			return t.refuse(n, ControlCharacter, "", "%s has a control character", Quote(n.Value))
		}
	}
	for _, child := range n.Content {
		if err := t.check(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// hidden tells the characters that an escape must not smuggle into a value.
func hidden(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' }

func (t *tree) checkKeys(n *yaml.Node) error {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.ScalarNode && key.Tag == "!!merge" {
			return t.refuse(key, Merge, "write the keys out", "a merge, <<")
		}
		if key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
			if key.Kind == yaml.AliasNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 {
				continue // refused by its own name when the walk comes to it
			}
			return t.refuse(key, WrongType, "quote it", "a key must be a string")
		}
		before, again := seen[fold(key.Value)]
		switch {
		case again && before.Value == key.Value:
			return t.refuse(key, DuplicateKey, "keep one of the two", "the key %s stands in line %d too", Quote(key.Value), before.Line)
		case again:
			return t.refuse(key, CaseVariantKey, "keep one of the two", "the key %s differs only in case from %s in line %d", Quote(key.Value), Quote(before.Value), before.Line)
		}
		seen[fold(key.Value)] = key
	}
	return nil
}

// refuse makes an Error at a node; a nil node stands for the document's begin.
func (t *tree) refuse(n *yaml.Node, code Code, hint, format string, args ...any) *Error {
	pos := Position{1, 1}
	if n != nil {
		pos = t.position(n)
	}
	return &Error{
		Code: code, File: t.file, Line: pos.Line, Column: pos.Column,
		Message: safetext.Sprintf(format, args...).String(), Hint: safetext.Of(hint).String(),
	}
}

// position is where a node begins. The parser puts what is left out after the
// end of the text into the line after the last; that is moved to the end.
func (t *tree) position(n *yaml.Node) Position {
	if n.Line > len(t.lines) {
		return Position{len(t.lines), utf8.RuneCountInString(t.lines[len(t.lines)-1]) + 1}
	}
	return Position{max(n.Line, 1), max(n.Column, 1)}
}
