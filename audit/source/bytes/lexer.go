package bytes

// A span is a piece of a file: code, string or comment. Spans follow one another
// without gaps.
type span struct {
	kind spanKind
	end  int // offset after its last byte
}

type spanKind uint8

const (
	inCode spanKind = iota
	inString
	inComment
	inText // of a language without strings
)

// String is the kind's name in a report.
func (k spanKind) String() string {
	return [...]string{"code", "string", "comment", "text"}[k]
}

// syntax is how a family of languages writes strings and comments.
type syntax struct {
	line     []string // begin a comment to the end of the line
	open     string   // begins a comment of several lines
	close    string
	quotes   string // each begins and ends a string on one line
	raw      string // each begins and ends a string of any length
	triple   bool   // three quotes begin and end a string of any length
	noEscape bool   // a backslash in a string means itself
}

// syntaxOf is the syntax behind a lexer's name in the rules; nil has no strings.
func syntaxOf(lexer string) *syntax {
	switch lexer {
	case "go", "c":
		return &syntax{line: []string{"//"}, open: "/*", close: "*/", quotes: `"'`, raw: "`"}
	case "hash":
		return &syntax{line: []string{"#"}, quotes: `"'`, triple: true}
	case "dash":
		return &syntax{line: []string{"--"}, quotes: `"'`}
	case "lisp":
		return &syntax{line: []string{";"}, quotes: `"`}
	case "quote":
		return &syntax{line: []string{"//", "#"}, quotes: `"'`}
	case "markup":
		return &syntax{open: "<!--", close: "-->", quotes: `"'`, noEscape: true}
	}
	return nil
}

// lex cuts content into spans. It never fails: a string that is not closed ends
// with its line, so that a misreading does not swallow the rest of the file.
func lex(content []byte, s *syntax) []span {
	if s == nil {
		return []span{{inText, len(content)}}
	}
	var spans []span
	code := 0
	for i := 0; i < len(content); {
		kind, end := s.at(content, i)
		if end == i {
			i++
			continue
		}
		if i > code {
			spans = append(spans, span{inCode, i})
		}
		spans = append(spans, span{kind, end})
		i, code = end, end
	}
	if code < len(content) {
		spans = append(spans, span{inCode, len(content)})
	}
	return spans
}

// at is the string or comment that begins at i, and where it ends; end is i if
// none does.
func (s *syntax) at(content []byte, i int) (kind spanKind, end int) {
	c := content[i]
	for _, mark := range s.line {
		if c == mark[0] && has(content, i, mark) {
			return inComment, lineEnd(content, i)
		}
	}
	if s.open != "" && c == s.open[0] && has(content, i, s.open) {
		return inComment, after(content, i+len(s.open), s.close)
	}
	for j := range len(s.raw) {
		if c == s.raw[j] {
			return inString, after(content, i+1, s.raw[j:j+1])
		}
	}
	for j := range len(s.quotes) {
		if c != s.quotes[j] {
			continue
		}
		if three := string([]byte{c, c, c}); s.triple && has(content, i, three) {
			return inString, after(content, i+3, three)
		}
		return inString, s.closing(content, i)
	}
	return inCode, i
}

func has(content []byte, i int, mark string) bool {
	return len(content)-i >= len(mark) && string(content[i:i+len(mark)]) == mark
}

// after is the offset behind the next mark, or the end of content.
func after(content []byte, i int, mark string) int {
	for ; i < len(content); i++ {
		if content[i] == mark[0] && has(content, i, mark) {
			return i + len(mark)
		}
	}
	return len(content)
}

func lineEnd(content []byte, i int) int {
	for i < len(content) && content[i] != '\n' {
		i++
	}
	return i
}

// closing is the offset behind the quote that ends the string which begins at i,
// or the end of its line.
func (s *syntax) closing(content []byte, i int) int {
	quote := content[i]
	for i++; i < len(content); i++ {
		switch c := content[i]; {
		case c == quote:
			return i + 1
		case c == '\n':
			return i
		case c == '\\' && !s.noEscape && i+1 < len(content):
			if i++; content[i] == '\r' && i+1 < len(content) && content[i+1] == '\n' {
				i++
			}
		}
	}
	return len(content)
}
