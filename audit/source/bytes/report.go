package bytes

import "github.com/proffer-audit/proffer/audit/source/rules"

// A Report is what the byte passes found. Paths are slash-separated and relative
// to the root; lists are sorted by file and line.
type Report struct {
	Files       int          `json:"files"`
	Bytes       int64        `json:"bytes"`
	Languages   []Language   `json:"languages"`
	Marks       []Mark       `json:"marks"`
	Identifiers []Identifier `json:"identifiers"`
	Blobs       []Blob       `json:"blobs"`
	Archives    []Blob       `json:"archives"`
	Hosts       []Host       `json:"hosts"`
	Unread      []Unread     `json:"unread"`
}

// A Language counts the files in one language; "binary" and "other text" are the
// names for what has none.
type Language struct {
	Name  string `json:"name"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// A Mark is one kind of hidden character in one file.
type Mark struct {
	Kind   string      `json:"kind"` // bidi, invisible or blank
	File   string      `json:"file"`
	Place  rules.Place `json:"place"`
	Line   int         `json:"line"`   // of the first
	Column int         `json:"column"` // in bytes, from 1
	Where  string      `json:"where"`  // of the first: code, string, comment or text
	Runes  []string    `json:"runes"`  // which ones, as U+XXXX, sorted
	Count  int         `json:"count"`
}

// An Identifier is a name with letters that look like others.
type Identifier struct {
	File    string      `json:"file"`
	Place   rules.Place `json:"place"`
	Line    int         `json:"line"`
	Name    string      `json:"name"`
	Reads   string      `json:"reads"`   // what it looks like
	Scripts []string    `json:"scripts"` // of its letters
	Twin    bool        `json:"twin"`    // the name it looks like is used in the same file
	Count   int         `json:"count"`
}

// A Blob is a file, or a part of one, that nobody can read.
type Blob struct {
	File    string      `json:"file"`
	Place   rules.Place `json:"place"`
	Kind    string      `json:"kind"` // executable, disguised, mislabelled, random, encoded, encoded-executable; for an archive: archive
	Type    string      `json:"type,omitempty"`
	Line    int         `json:"line,omitempty"` // of an encoded one
	Size    int64       `json:"size"`
	Entropy float64     `json:"entropy,omitempty"` // bits per byte, two decimals
}

// A Host is one host that the tree names.
type Host struct {
	Name  string `json:"name"`
	Class string `json:"class,omitempty"` // namespace, reserved, loopback or number
	// Built counts the occurrences in string literals of the Go files that the
	// analysed build compiles, and of files in other languages; Loud those in
	// other code; Quiet those in comments, documents and tests.
	Built int       `json:"built"`
	Loud  int       `json:"loud"`
	Quiet int       `json:"quiet"`
	First []Mention `json:"first"` // the first ones, built before loud before quiet, at most FirstMentions
}

// FirstMentions bounds Host.First.
const FirstMentions = 5

// A Mention is one occurrence of a host.
type Mention struct {
	File  string      `json:"file"`
	Line  int         `json:"line"`
	Place rules.Place `json:"place"`
	Where string      `json:"where"` // string, comment or text
	Text  string      `json:"text"`  // the URL or address, at most MaxMention bytes
}

// MaxMention bounds Mention.Text, in bytes.
const MaxMention = 160

// Unread is a path that was not read, or not to its end.
type Unread struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// A File is one file of the tree as later passes need it.
type File struct {
	Path     string
	Size     int64
	Language string
	Place    rules.Place
	Imports  []string // of a Go file, sorted
	Package  string   // of a Go file; empty if it does not parse that far
}
