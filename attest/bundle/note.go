package bundle

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNoteSignatures is where reading a checkpoint's signatures ends, as in
// golang.org/x/mod/sumdb/note.
const maxNoteSignatures = 100

// checkpoint is a signed note (C2SP signed-note) about a tree (tlog-checkpoint).
type checkpoint struct {
	text   string // what is signed
	origin string
	size   uint64
	root   [sha256.Size]byte
	sigs   []noteSignature
}

type noteSignature struct {
	name string
	hint uint32
	sig  []byte
}

// v1 reports an origin with a tree id, "host - 123", which logs of Rekor v1 have.
func (c *checkpoint) v1() bool {
	i := strings.LastIndex(c.origin, " - ")
	if i < 0 {
		return false
	}
	id := c.origin[i+3:]
	return id != "" && strings.Trim(id, "0123456789") == ""
}

// readCheckpoint reads a note; ok is false for what is no checkpoint.
func readCheckpoint(note string) (c checkpoint, ok bool) {
	for _, r := range note {
		if r < ' ' && r != '\n' || r == utf8.RuneError {
			return c, false
		}
	}
	i := strings.LastIndex(note, "\n\n")
	if i < 0 || !strings.HasSuffix(note, "\n") {
		return c, false
	}
	c.text = note[:i+1]
	lines := strings.Split(c.text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return c, false
	}
	var err error
	c.origin = lines[0]
	if c.size, err = strconv.ParseUint(lines[1], 10, 64); err != nil || strconv.FormatUint(c.size, 10) != lines[1] {
		return c, false
	}
	hash, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(hash) != sha256.Size {
		return c, false
	}
	c.root = [sha256.Size]byte(hash)
	return c, c.readSignatures(note[i+2:])
}

// readSignatures reads lines of "— name base64(hint and signature)".
func (c *checkpoint) readSignatures(text string) bool {
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		body, ok := strings.CutPrefix(line, "— ")
		if !ok || len(c.sigs) == maxNoteSignatures {
			return false
		}
		name, b64, ok := strings.Cut(body, " ")
		sig, err := base64.StdEncoding.Strict().DecodeString(b64)
		if !ok || err != nil || len(sig) < 5 || b64 == "" || !noteName(name) {
			return false
		}
		c.sigs = append(c.sigs, noteSignature{name, binary.BigEndian.Uint32(sig), sig[4:]})
	}
	return len(c.sigs) > 0
}

func noteName(name string) bool {
	return name != "" && utf8.ValidString(name) && strings.IndexFunc(name, unicode.IsSpace) < 0 && !strings.Contains(name, "+")
}

// signedV1 verifies a checkpoint of Rekor v1: all its signatures are the log's,
// whatever name stands beside them.
func (c *checkpoint) signedV1(k *logKey) bool {
	for _, s := range c.sigs {
		if s.hint != k.hintV1 || !verifyText(k.key, []byte(c.text), s.sig) {
			return false
		}
	}
	return true
}

// signedV2 verifies a checkpoint of Rekor v2: the log's signature, by name and
// hint, is among those of witnesses, which nobody here knows.
func (c *checkpoint) signedV2(k *logKey) bool {
	found := false
	for _, s := range c.sigs {
		if s.name != k.origin || s.hint != k.hintV2 {
			continue
		}
		if !verifyNote(k.key, []byte(c.text), s.sig) {
			return false
		}
		found = true
	}
	return found
}
