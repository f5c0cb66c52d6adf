package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

const (
	proofVersion = 1
	maxProof     = 64 << 20 // bytes
)

// A proofDoc is what a checksum database served, as far as it is needed to
// prove some modules: one signed tree head, the record of each module, and the
// tiles between them. Fields stand in the order of their keys, and the document
// has one spelling only.
type proofDoc struct {
	Head    string            `json:"head"`    // signed note
	Log     string            `json:"log"`     // name of the database
	Lookups map[string]string `json:"lookups"` // escaped path@version: the answer as served
	Tiles   map[string][]byte `json:"tiles"`   // tile path: hashes
	Version int               `json:"version"`
}

func newProofDoc(log string) *proofDoc {
	return &proofDoc{Log: log, Lookups: map[string]string{}, Tiles: map[string][]byte{}, Version: proofVersion}
}

// lookupKey names a module as a lookup does. Its escapes keep apart what differs
// by case only.
func lookupKey(m module.Version) (string, error) {
	p, err := module.EscapePath(m.Path)
	if err != nil {
		return "", refuse(BadPURL, m.Path, "not a module path").because(err)
	}
	v, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", refuse(BadPURL, m.Path+"@"+m.Version, "not a module version").because(err)
	}
	return p + "@" + v, nil
}

// advance makes the head of a record the document's, if it is newer.
func (d *proofDoc) advance(record, key string) {
	_, _, msg, err := tlog.ParseRecord([]byte(record))
	if err != nil {
		return
	}
	next, _, err := openHead(string(msg), key)
	if err != nil {
		return
	}
	if now, _, err := openHead(d.Head, key); err != nil || next.N > now.N {
		d.Head = string(msg)
	}
}

// openHead reads a tree head that key has signed, and gives it in its one
// spelling: the text and that one signature. Signatures by others, and other
// base64 for the same signature, are bytes that no key answers for.
func openHead(msg, key string) (tree tlog.Tree, spelled string, err error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, "", err
	}
	n, err := note.Open([]byte(msg), note.VerifierList(v))
	if err != nil {
		return tlog.Tree{}, "", err
	}
	if tree, err = tlog.ParseTree([]byte(n.Text)); err != nil {
		return tlog.Tree{}, "", err
	}
	sig, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return tlog.Tree{}, "", err
	}
	spelled = n.Text + "\n\u2014 " + n.Sigs[0].Name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
	return tree, spelled, nil
}

// spellLookup gives the answer to a lookup in its one spelling.
func spellLookup(answer, key string) (string, error) {
	id, text, msg, err := tlog.ParseRecord([]byte(answer))
	if err != nil {
		return "", err
	}
	record, err := tlog.FormatRecord(id, text)
	if err != nil {
		return "", err
	}
	_, head, err := openHead(string(msg), key)
	if err != nil {
		return "", err
	}
	return string(record) + head, nil
}

// spelled refuses a document with a head or record in another spelling.
func (d *proofDoc) spelled(key string) error {
	_, head, err := openHead(d.Head, key)
	if err != nil {
		return refuse(ProofInvalid, "", "the tree head is not signed by the log").because(err)
	}
	if head != d.Head {
		return refuse(ProofMalformed, "", "the tree head is not in its one spelling")
	}
	for name, answer := range d.Lookups {
		again, err := spellLookup(answer, key)
		if err != nil {
			return refuse(ProofInvalid, name, "the record does not verify").because(err)
		}
		if again != answer {
			return refuse(ProofMalformed, name, "the record is not in its one spelling")
		}
	}
	return nil
}

// marshal writes the document in its one spelling.
func (d *proofDoc) marshal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("write a proof: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// parseProof reads a proof strictly. The error has code ProofMalformed.
func parseProof(data []byte) (*proofDoc, error) {
	bad := refuse(ProofMalformed, "", "the proof does not read")
	var d proofDoc
	if err := strictjson.Unmarshal(data, &d, strictjson.Limits{Bytes: maxProof, Depth: 3}); err != nil {
		return nil, bad.because(err)
	}
	if d.Version != proofVersion {
		return nil, refuse(ProofMalformed, "", "the proof has version %d, this program reads %d", d.Version, proofVersion)
	}
	again, err := d.marshal()
	if err != nil {
		return nil, bad.because(err)
	}
	if !bytes.Equal(again, data) {
		return nil, refuse(ProofMalformed, "", "the proof is not in its one spelling")
	}
	return &d, nil
}

// A published is what the database says about one module version.
type published struct{ h1, goModH1 string }

// verify proves modules from the document alone, by the database's own client,
// and refuses a document that holds anything more.
func (d *proofDoc) verify(mods []module.Version, key string) (map[module.Version]published, error) {
	if err := d.spelled(key); err != nil {
		return nil, err
	}
	ops := &replay{doc: d, key: key, used: map[string]bool{}}
	proven, err := ops.prove(mods)
	if err != nil {
		return nil, err
	}
	for name := range d.Lookups {
		if !ops.used["/lookup/"+name] {
			return nil, refuse(ProofMalformed, "", "the proof holds a record that it does not need: %s", name)
		}
	}
	for name := range d.Tiles {
		if !ops.used["/"+name] {
			return nil, refuse(ProofMalformed, "", "the proof holds a tile that it does not need: %s", name)
		}
	}
	return proven, nil
}

// prune drops what verify would object to as more than is needed.
func (d *proofDoc) prune(mods []module.Version, key string) {
	ops := &replay{doc: d, key: key, used: map[string]bool{}}
	if _, err := ops.prove(mods); err != nil {
		return // verify will say so
	}
	for name := range d.Tiles {
		if !ops.used["/"+name] {
			delete(d.Tiles, name)
		}
	}
}

// replay is the database's client's view of a world that consists of a proof.
type replay struct {
	doc *proofDoc
	key string

	mu      sync.Mutex
	used    map[string]bool
	missing string
	forked  bool
}

func (r *replay) prove(mods []module.Version) (map[module.Version]published, error) {
	client := sumdb.NewClient(r)
	proven := make(map[module.Version]published, len(mods))
	for _, m := range mods {
		p, err := r.one(client, m)
		if err != nil {
			return nil, err
		}
		proven[m] = p
	}
	return proven, nil
}

func (r *replay) one(client *sumdb.Client, m module.Version) (published, error) {
	var p published
	for _, part := range []struct {
		suffix string
		to     *string
	}{{"", &p.h1}, {"/go.mod", &p.goModH1}} {
		lines, err := client.Lookup(m.Path, m.Version+part.suffix)
		if err != nil {
			return published{}, r.fault(m, err)
		}
		if *part.to, err = oneHash(m, part.suffix, lines); err != nil {
			return published{}, err
		}
	}
	return p, nil
}

// fault gives an error of the client its code.
func (r *replay) fault(m module.Version, err error) error {
	where := m.Path + "@" + m.Version
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.forked:
		return refuse(ProofInvalid, where, "the log shows two histories").because(sumdb.ErrSecurity)
	case r.missing != "":
		return refuse(ProofMissing, where, "the proof lacks %s", r.missing)
	}
	return refuse(ProofInvalid, where, "the proof does not verify").because(err)
}

// oneHash takes the hash from the one line that a record has for a module.
func oneHash(m module.Version, suffix string, lines []string) (string, error) {
	where := m.Path + "@" + m.Version + suffix
	if len(lines) != 1 {
		return "", refuse(ProofMissing, where, "the record has %d lines for it", len(lines))
	}
	fields := strings.Fields(lines[0])
	if len(fields) != 3 {
		return "", refuse(ProofInvalid, where, "the record's line does not read")
	}
	if p, err := ParsePin(fields[2]); err != nil || p.Algorithm != H1 {
		return "", refuse(ProofInvalid, where, "the record's hash is no h1:")
	}
	return fields[2], nil
}

// ReadRemote gives what the proof holds, and remembers that it was needed.
func (r *replay) ReadRemote(path string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key, ok := strings.CutPrefix(path, "/lookup/"); ok {
		if text, ok := r.doc.Lookups[key]; ok {
			r.used[path] = true
			return []byte(text), nil
		}
	} else if data, ok := r.doc.Tiles[strings.TrimPrefix(path, "/")]; ok {
		r.used[path] = true
		return data, nil
	}
	if r.missing == "" {
		r.missing = path
	}
	return nil, errNotInProof
}

// ReadConfig gives the key that the caller trusts and the head of the proof.
func (r *replay) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(r.key), nil
	}
	return []byte(r.doc.Head), nil
}

// WriteConfig refuses: a record with a newer head than the proof's own would
// make the head depend on the order of reading.
func (*replay) WriteConfig(string, []byte, []byte) error { return errNewerHead }

// ReadCache has nothing: everything is in the proof.
func (*replay) ReadCache(string) ([]byte, error) { return nil, errNotInProof }

// WriteCache keeps nothing.
func (*replay) WriteCache(string, []byte) {}

// Log says nothing: what matters comes as errors.
func (*replay) Log(string) {}

// SecurityError notes that the log contradicts itself.
func (r *replay) SecurityError(string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forked = true
}

var (
	errNotInProof = errors.New("not in the proof")
	errNewerHead  = errors.New("a record has a newer tree head than the proof")
)
