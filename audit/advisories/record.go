package advisories

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// maxRecord caps one record, in bytes. The largest public ones, which enumerate
// versions, are about 2 MiB.
const maxRecord = 8 << 20

// newestMajor is the newest major version of the OSV schema that is understood.
const newestMajor = 1

// A Record is one OSV record, with the fields that matching needs. It lists
// every field of the schema, so that one that is not listed is newer than this
// reader.
type Record struct {
	SchemaVersion string          `json:"schema_version"`
	ID            string          `json:"id"`
	Modified      string          `json:"modified"`
	Published     string          `json:"published"`
	Withdrawn     string          `json:"withdrawn"`
	Aliases       []string        `json:"aliases"`
	Related       []string        `json:"related"`
	Upstream      []string        `json:"upstream"`
	Summary       string          `json:"summary"`
	Details       string          `json:"details"`
	Severity      []Severity      `json:"severity"`
	Affected      []Affected      `json:"affected"`
	References    json.RawMessage `json:"references"`
	Credits       json.RawMessage `json:"credits"`
	Specific      json.RawMessage `json:"database_specific"`

	modified time.Time // zero: the record gives none
}

// Affected is one package that a record is about.
type Affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
		PURL      string `json:"purl"`
	} `json:"package"`
	Severity  []Severity      `json:"severity"`
	Ranges    []Range         `json:"ranges"`
	Versions  []string        `json:"versions"`
	Ecosystem json.RawMessage `json:"ecosystem_specific"`
	Database  json.RawMessage `json:"database_specific"`
}

// Range is one set of affected versions.
type Range struct {
	Type     string          `json:"type"` // SEMVER, ECOSYSTEM or GIT
	Repo     string          `json:"repo"`
	Events   []Event         `json:"events"`
	Database json.RawMessage `json:"database_specific"`
}

// Event is one boundary of a range; one of its fields is set.
type Event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// Severity is one score of a record.
type Severity struct {
	Type   string          `json:"type"`
	Score  string          `json:"score"`
	Source json.RawMessage `json:"source"`
}

// Class says what is wrong with a record or an archive.
type Class string

// The classes of faults.
const (
	Unreadable   Class = "unreadable"     // not a record, by any reading
	Truncated    Class = "truncated"      // ends early, or its checksum differs
	NewerSchema  Class = "newer-schema"   // a major version that is not understood: not matched
	NewerFields  Class = "newer-fields"   // fields that are not understood: matched by the others
	TooLarge     Class = "too-large"      // above a limit: not read
	Duplicate    Class = "duplicate-id"   // one id with two contents: both are matched
	Absent       Class = "absent"         // an archive that could not be had
	Empty        Class = "empty"          // an archive without a record
	NotRegular   Class = "not-regular"    // a link or device among the records
	BadEcosystem Class = "cannot-compare" // an ecosystem whose versions cannot be compared
)

// A RecordError says why bytes are no usable record.
type RecordError struct {
	Class  Class
	Detail string
}

func (e *RecordError) Error() string { return string(e.Class) + ": " + e.Detail }

// ParseRecord reads one record strictly: duplicate or case-variant keys, wrong
// types and times that are no times are refused. Fields that the schema did not
// have when this was written do not refuse a record; newer names the first.
// An error is a *RecordError.
func ParseRecord(data []byte) (r *Record, newer string, err error) {
	if len(data) > maxRecord {
		return nil, "", &RecordError{TooLarge, fmt.Sprintf("%d bytes; at most %d are read", len(data), maxRecord)}
	}
	r = &Record{}
	limits := strictjson.Limits{Bytes: maxRecord}
	err = strictjson.Unmarshal(data, r, limits)
	var unknown *strictjson.Error
	if errors.As(err, &unknown) && unknown.Code == strictjson.UnknownField {
		newer = unknown.Error()
		r, limits.AllowUnknown = &Record{}, true
		err = strictjson.Unmarshal(data, r, limits)
	}
	if err != nil {
		return nil, "", &RecordError{Unreadable, err.Error()}
	}
	if class, detail := r.check(); class != "" {
		return nil, "", &RecordError{class, detail}
	}
	if newer == "" {
		newer = r.unknownKinds()
	}
	return r, newer, nil
}

// check refuses what would make a record match nothing, or what makes it
// unfit to be named. It also reads the time of the last change.
func (r *Record) check() (Class, string) {
	if major, _, _ := strings.Cut(r.SchemaVersion, "."); major != "" {
		n, err := strconv.Atoi(major)
		if err != nil {
			return Unreadable, fmt.Sprintf("schema_version %.40q is not a version", r.SchemaVersion)
		}
		if n > newestMajor {
			return NewerSchema, fmt.Sprintf("schema_version %.40q; this reader knows up to %d.x", r.SchemaVersion, newestMajor)
		}
	}
	if !goodID(r.ID) {
		return Unreadable, fmt.Sprintf("id %.80q is not an identifier", r.ID)
	}
	when, err := time.Parse(time.RFC3339, r.Modified)
	if err != nil {
		return Unreadable, fmt.Sprintf("modified %.40q is not a time", r.Modified)
	}
	// The Go vulnerability database writes the year 1 into its sources.
	if when.Year() > 1 {
		r.modified = when.UTC()
	}
	if _, err := time.Parse(time.RFC3339, r.Withdrawn); err != nil && r.Withdrawn != "" {
		return Unreadable, fmt.Sprintf("withdrawn %.40q is not a time", r.Withdrawn)
	}
	return r.checkAffected()
}

func (r *Record) checkAffected() (Class, string) {
	for i, a := range r.Affected {
		if (a.Package.Name == "") != (a.Package.Ecosystem == "") {
			return Unreadable, fmt.Sprintf("affected %d names half a package", i)
		}
		for _, g := range a.Ranges {
			for _, e := range g.Events {
				if e.fields() > 1 {
					return Unreadable, fmt.Sprintf("affected %d has an event that is two things", i)
				}
			}
		}
	}
	return "", ""
}

func (e Event) fields() int {
	n := 0
	for _, s := range []string{e.Introduced, e.Fixed, e.LastAffected, e.Limit} {
		if s != "" {
			n++
		}
	}
	return n
}

// unknownKinds names a range type or an event that is newer than this reader.
func (r *Record) unknownKinds() string {
	for i, a := range r.Affected {
		for _, g := range a.Ranges {
			switch g.Type {
			case "SEMVER", "ECOSYSTEM", "GIT":
			default:
				return fmt.Sprintf("affected %d has a range of type %.40q", i, g.Type)
			}
			for _, e := range g.Events {
				if e.fields() == 0 {
					return fmt.Sprintf("affected %d has an event of no known kind", i)
				}
			}
		}
	}
	return ""
}

func goodID(s string) bool {
	if s == "" || len(s) > 128 || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// ecosystems are the base names (before a colon) that the record is about.
func (r *Record) ecosystems() []string {
	var out []string
	for _, a := range r.Affected {
		if base := baseEcosystem(a.Package.Ecosystem); base != "" {
			out = append(out, base)
		}
	}
	return out
}

func baseEcosystem(s string) string {
	base, _, _ := strings.Cut(s, ":")
	return base
}
