package advisories

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// A DB is a pack that was read, and can be matched against.
type DB struct {
	digest   evidence.Digest
	index    index
	records  []*Record
	faults   []Fault
	coverage map[string]int // records by ecosystem
	newest   time.Time
	sample   int
	postings map[key][]posting
}

type key struct{ ecosystem, name string }

// posting is one affected entry of one record.
type posting struct {
	record   *Record
	affected *Affected
	renamed  bool // the record's name is not the normalised one
}

// LoadZip packs and opens one all.zip: see PackZip.
func LoadZip(data []byte, ecosystems []string, label string) (*DB, error) {
	pack, err := PackZip(data, ecosystems, label)
	if err != nil {
		return nil, err
	}
	return Open(pack)
}

// LoadDir packs and opens a directory: see PackDir.
func LoadDir(dir fs.FS, ecosystems []string, label string) (*DB, error) {
	pack, err := PackDir(dir, ecosystems, label)
	if err != nil {
		return nil, err
	}
	return Open(pack)
}

// Open reads a pack. The error is a *PackError; what is wrong with records and
// archives is no error, but stands in Faults.
func Open(pack []byte) (*DB, error) {
	x, members, err := readPack(pack)
	if err != nil {
		return nil, err
	}
	db := &DB{
		digest:   evidence.Of(pack),
		index:    x,
		faults:   slices.Clone(x.Faults),
		coverage: map[string]int{},
		postings: map[key][]posting{},
	}
	seen := map[string]evidence.Digest{}
	for _, m := range members {
		db.add(m, seen)
	}
	slices.SortFunc(db.faults, compareFaults)
	return db, nil
}

// add reads one record of the pack; seen holds the content of each id so far.
func (db *DB) add(m member, seen map[string]evidence.Digest) {
	ecosystem, _, _ := strings.Cut(m.name, "/")
	if ecosystem == noEcosystem {
		ecosystem = ""
	}
	r, newer, err := ParseRecord(m.data)
	if err != nil {
		fault := Fault{Unreadable, ecosystem, m.name, err.Error()}
		var bad *RecordError
		if errors.As(err, &bad) {
			fault.Class, fault.Detail = bad.Class, bad.Detail
		}
		db.faults = append(db.faults, fault)
		return
	}
	content := evidence.Of(m.data)
	if before, ok := seen[r.ID]; ok {
		if before == content {
			return
		}
		db.faults = append(db.faults, Fault{Duplicate, ecosystem, r.ID, "two records with this id differ"})
	}
	seen[r.ID] = content
	if newer != "" {
		db.faults = append(db.faults, Fault{NewerFields, ecosystem, r.ID, newer})
	}
	db.insert(r)
}

func (db *DB) insert(r *Record) {
	db.records = append(db.records, r)
	if r.modified.After(db.newest) {
		db.newest = r.modified
	}
	if strings.Contains(string(r.Specific), `"`+SampleMark+`"`) {
		db.sample++
	}
	ecosystems := r.ecosystems()
	slices.Sort(ecosystems)
	for _, e := range slices.Compact(ecosystems) {
		db.coverage[e]++
	}
	for i := range r.Affected {
		a := &r.Affected[i]
		base := baseEcosystem(a.Package.Ecosystem)
		if base == "" {
			continue // a record about a repository only
		}
		name := normalise(base, a.Package.Name)
		k := key{base, name}
		db.postings[k] = append(db.postings[k], posting{r, a, name != a.Package.Name})
	}
}

// SampleMark is the key in a record's database_specific that says it is part of
// a hand-made sample, and no survey of what is known.
const SampleMark = "proffer_sample"

// Digest names the pack: the records, and what was wrong with them.
func (db *DB) Digest() evidence.Digest { return db.digest }

// Count is how many records were read.
func (db *DB) Count() int { return len(db.records) }

// Newest is when the newest record was last changed; zero when none says.
func (db *DB) Newest() time.Time { return db.newest }

// newestBy is the newest change that is not after an instant, since one record
// dated into the future must not make a stale database look fresh. Without such
// a record it is the newest of all.
func (db *DB) newestBy(asOf time.Time) time.Time {
	var out time.Time
	for _, r := range db.records {
		if !r.modified.After(asOf) && r.modified.After(out) {
			out = r.modified
		}
	}
	if out.IsZero() {
		return db.newest
	}
	return out
}

// covers says whether the database was made for an ecosystem and holds records
// of it.
func (db *DB) covers(ecosystem string) bool {
	return db.coverage[ecosystem] > 0 && slices.Contains(db.index.Ecosystems, ecosystem)
}

// Ecosystems are those that at least one record is about, sorted.
func (db *DB) Ecosystems() []string {
	out := []string{}
	for e := range db.coverage {
		out = append(out, e)
	}
	slices.Sort(out)
	return out
}

// Asked are the ecosystems that the pack was made for, sorted.
func (db *DB) Asked() []string { return slices.Clone(db.index.Ecosystems) }

// Archives are the zips that the records came in.
func (db *DB) Archives() []Archive { return slices.Clone(db.index.Archives) }

// Faults are all that keeps the database from being whole, sorted.
func (db *DB) Faults() []Fault { return slices.Clone(db.faults) }

// Sample is how many records say that they are hand-made sample data.
func (db *DB) Sample() int { return db.sample }

// Label says what the database is, how much it holds and how new it is.
func (db *DB) Label() string {
	parts := []string{fmt.Sprintf("%s, %d records", db.index.Label, db.Count())}
	switch {
	case db.sample > 0 && db.sample == db.Count():
		parts = append(parts, "all of them hand-made sample data")
	case db.sample > 0:
		parts = append(parts, fmt.Sprintf("%d of them hand-made sample data", db.sample))
	}
	if !db.newest.IsZero() {
		parts = append(parts, "newest of "+db.newest.Format(time.DateOnly))
	}
	return strings.Join(parts, ", ")
}

func compareFaults(a, b Fault) int {
	return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Class, b.Class),
		cmp.Compare(a.Where, b.Where), cmp.Compare(a.Detail, b.Detail))
}
