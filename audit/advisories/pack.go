package advisories

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// PackMediaType is the media type of a pack.
const PackMediaType = "application/vnd.proffer.osv-pack.v1.tar"

const (
	packFormat = "proffer-osv-pack/1"
	packIndex  = "index.json"
	packDir    = "records/"
	// noEcosystem is the folder of records whose archive names no ecosystem.
	noEcosystem = "_"
	// maxName is what a ustar header holds without its prefix field.
	maxName = 100
)

// MaxPack caps a pack, in bytes. The whole npm archive, the largest, is about
// 500 MiB as a pack.
const MaxPack = 2 << 30

// A Fault is something that keeps a database from being whole.
type Fault struct {
	Class Class `json:"class"`
	// Ecosystem is "" when the fault cannot be laid to one: it then counts
	// against all.
	Ecosystem string `json:"ecosystem"`
	Where     string `json:"where"` // record or archive, by its name in the source
	Detail    string `json:"detail"`
}

// An Archive is one zip that records came from.
type Archive struct {
	Ecosystem string          `json:"ecosystem"` // "" when its name gives none
	Name      string          `json:"name"`
	Digest    evidence.Digest `json:"digest"`
	Size      int64           `json:"size"` // bytes
}

// index is the first member of a pack.
type index struct {
	Format     string    `json:"format"`
	Label      string    `json:"label"`      // what the records are, such as "public OSV archive"
	Ecosystems []string  `json:"ecosystems"` // asked for; records of others were left out
	Archives   []Archive `json:"archives"`
	Faults     []Fault   `json:"faults"` // of archives and of records too large to carry
}

type member struct {
	name string // under packDir
	data []byte
}

// writePack writes the canonical form: the index, then the records sorted by
// name, no times, no owners.
func writePack(x index, members []member) ([]byte, error) {
	raw, err := json.Marshal(x)
	if err == nil {
		raw, err = jcs.Transform(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("write index of advisory pack: %w", err)
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := writeMember(w, packIndex, raw); err != nil {
		return nil, err
	}
	for _, m := range members {
		if err := writeMember(w, packDir+m.name, m.data); err != nil {
			return nil, err
		}
		if buf.Len() > MaxPack {
			return nil, fmt.Errorf("advisory pack grows above %d bytes\nhint: give a database with fewer records", MaxPack)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write advisory pack: %w", err)
	}
	return buf.Bytes(), nil
}

func writeMember(w *tar.Writer, name string, data []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o444, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(h); err != nil {
		return fmt.Errorf("write %.80q to advisory pack: %w", name, err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write %.80q to advisory pack: %w", name, err)
	}
	return nil
}

// A PackError says why bytes are no pack.
type PackError struct{ Detail string }

func (e *PackError) Error() string { return "advisory pack: " + e.Detail }

// readPack reads a pack strictly: what it returns would be written as the very
// same bytes. The error is a *PackError.
func readPack(data []byte) (index, []member, error) {
	var x index
	r := tar.NewReader(bytes.NewReader(data))
	first, err := nextMember(r)
	if err != nil {
		return x, nil, &PackError{"no index: " + err.Error()}
	}
	if first.name != packIndex {
		return x, nil, &PackError{fmt.Sprintf("starts with %.80q instead of %s", first.name, packIndex)}
	}
	if err := strictjson.Unmarshal(first.data, &x, strictjson.Limits{Bytes: 64 << 20}); err != nil {
		return x, nil, &PackError{"index: " + err.Error()}
	}
	if x.Format != packFormat {
		return x, nil, &PackError{fmt.Sprintf("format %.40q; this reader knows %s", x.Format, packFormat)}
	}
	var members []member
	for {
		m, err := nextMember(r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return x, nil, &PackError{err.Error()}
		}
		name, ok := strings.CutPrefix(m.name, packDir)
		if !ok {
			return x, nil, &PackError{fmt.Sprintf("unexpected member %.80q", m.name)}
		}
		members = append(members, member{name, m.data})
	}
	again, err := writePack(x, members)
	if err != nil || !bytes.Equal(again, data) || !sortedNames(members) {
		return x, nil, &PackError{"not in canonical form"}
	}
	return x, members, nil
}

func nextMember(r *tar.Reader) (member, error) {
	h, err := r.Next()
	if err != nil {
		return member{}, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return member{}, fmt.Errorf("read %.80q: %w", h.Name, err)
	}
	return member{h.Name, data}, nil
}

func sortedNames(members []member) bool {
	for i := 1; i < len(members); i++ {
		if members[i-1].name >= members[i].name {
			return false
		}
	}
	return true
}

// builder gathers records for a pack.
type builder struct {
	index   index
	members map[string][]byte
	total   int64
}

func newBuilder(ecosystems []string, label string) *builder {
	asked := slices.Compact(slices.Sorted(slices.Values(ecosystems)))
	if asked == nil {
		asked = []string{}
	}
	return &builder{
		index:   index{Format: packFormat, Label: label, Ecosystems: asked, Archives: []Archive{}, Faults: []Fault{}},
		members: map[string][]byte{},
	}
}

func (b *builder) fault(class Class, ecosystem, where, detail string) {
	b.index.Faults = append(b.index.Faults, Fault{class, ecosystem, where, detail})
}

// wants says whether an archive of this name is to be read: one of an ecosystem
// that was asked for, or one whose name says nothing.
func (b *builder) wants(ecosystem string) bool {
	return ecosystem == "" || slices.Contains(b.index.Ecosystems, baseEcosystem(ecosystem))
}

// record keeps one record if it bears on an ecosystem that was asked for, or if
// it cannot be told: a pack carries broken records so that a replay finds them
// broken too.
func (b *builder) record(name, ecosystem string, data []byte) {
	r, _, err := ParseRecord(data)
	var bad *RecordError
	if errors.As(err, &bad) && bad.Class == TooLarge {
		b.fault(TooLarge, ecosystem, name, bad.Detail)
		return
	}
	if err == nil && !slices.ContainsFunc(r.ecosystems(), b.wants) {
		return
	}
	if b.total += int64(len(data)); b.total > MaxPack {
		b.fault(TooLarge, ecosystem, name, fmt.Sprintf("the database is above %d bytes; what follows was not read", MaxPack))
		return
	}
	kept := memberName(name, ecosystem)
	if before, ok := b.members[kept]; ok && !bytes.Equal(before, data) {
		kept = hashedName(data)
	}
	b.members[kept] = data
}

// memberName keeps a record's name where a tar header can hold it plainly. Its
// folder is the ecosystem of the archive that it came in, "_" for none.
func memberName(name, ecosystem string) string {
	folder := ecosystem
	if folder == "" {
		folder = noEcosystem
	}
	kept := path.Join(folder, path.Base(name))
	if len(packDir)+len(kept) <= maxName && plainName(kept) && strings.Count(kept, "/") == 1 {
		return kept
	}
	return hashedName([]byte(ecosystem + "\x00" + name))
}

func hashedName(of []byte) string {
	sum := sha256.Sum256(of)
	return noEcosystem + "/" + hex.EncodeToString(sum[:16]) + ".json"
}

func plainName(s string) bool {
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || r == '\\' {
			return false
		}
	}
	return path.Clean(s) == s
}

func (b *builder) pack() ([]byte, error) {
	var members []member
	for name, data := range b.members {
		members = append(members, member{name, data})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	slices.SortFunc(b.index.Archives, func(a, c Archive) int { return strings.Compare(a.Name, c.Name) })
	slices.SortFunc(b.index.Faults, compareFaults)
	return writePack(b.index, members)
}
