package profile

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

//go:embed profile.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a profile. It describes the
// form; Parse also holds the parts against each other.
func Schema() []byte { return slices.Clone(schema) }

// QuoteMismatch is the code of a clause whose digest is not the one beside it.
const QuoteMismatch strictyaml.Code = "quote-mismatch"

// Parse reads and checks a profile. Name is the file's name, for messages. The
// error is a *strictyaml.Error.
func Parse(name string, data []byte) (*Profile, error) {
	p := new(Profile)
	positions, err := strictyaml.Decode(name, data, p)
	if err != nil {
		return nil, err
	}
	p.positions = positions
	v := &validator{p: p}
	for _, section := range []func(){v.header, v.authority, v.events, v.clocks, v.responses, v.concerns, v.decisions} {
		if section(); v.err != nil {
			return nil, v.err
		}
	}
	return p, nil
}

// Concern finds a concern by its id.
func (p *Profile) Concern(id string) (Concern, bool) {
	return find(p.Concerns, func(c Concern) bool { return c.ID == id })
}

// Event finds an event by its id.
func (p *Profile) Event(id string) (Event, bool) {
	return find(p.Events, func(e Event) bool { return e.ID == id })
}

func find[T any](list []T, match func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, match); i >= 0 {
		return list[i], true
	}
	var none T
	return none, false
}

var concernID = regexp.MustCompile(`^[A-Z]{1,4}[0-9]{1,3}$`)

// validator keeps the first thing that is wrong with a profile.
type validator struct {
	p   *Profile
	err error
}

func (v *validator) fail(code strictyaml.Code, path, hint, format string, args ...any) {
	if v.err == nil {
		v.err = v.p.positions.Errorf(code, path, hint, format, args...)
	}
}

func (v *validator) refuse(path, hint, format string, args ...any) {
	v.fail(strictyaml.InvalidValue, path, hint, format, args...)
}

// name checks an id, and that it stands once.
func (v *validator) name(path, id string, seen map[string]bool) {
	if p := strictyaml.CheckName(id); p != nil {
		v.refuse(path, p.Hint, "%s", p.Message)
	}
	v.once(path, id, seen)
}

func (v *validator) once(path, id string, seen map[string]bool) {
	if seen[id] {
		v.refuse(path, "each stands once", "%s stands twice", strictyaml.Quote(id))
	}
	seen[id] = true
}

func (v *validator) header() {
	if p := strictyaml.CheckName(v.p.ID); p != nil {
		v.refuse("id", p.Hint, "%s", p.Message)
	}
}

func (v *validator) authority() {
	a := v.p.Authority
	if u, err := url.Parse(a.URL); a.URL != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil) {
		v.refuse("authority.url", "write https://host/path", "%s is not a web address", strictyaml.Quote(a.URL))
	}
	sum := sha256.Sum256([]byte(a.Quote))
	want := "sha256:" + hex.EncodeToString(sum[:])
	switch {
	case a.Quote == "" && a.QuoteDigest != "":
		v.fail(strictyaml.Missing, "authority", `add "quote"`, "a digest of a clause that is not there")
	case a.Quote != "" && a.QuoteDigest == "":
		v.fail(strictyaml.Missing, "authority", `add "quoteDigest: `+want+`" once the clause was read against its source`, "a clause without its digest")
	case a.Quote != "" && a.QuoteDigest != want:
		v.fail(QuoteMismatch, "authority.quoteDigest", "read the clause against its source again", "the clause has digest %s", want)
	case a.Quote == "" && a.Confidence == Quoted:
		v.refuse("authority.confidence", `quote the clause, or write "summarised"`, "nothing is quoted")
	}
}

func (v *validator) events() {
	seen := map[string]bool{}
	for i, e := range v.p.Events {
		v.name(strictyaml.Field(strictyaml.Index("events", i), "id"), e.ID, seen)
	}
}

func (v *validator) clocks() {
	for i, c := range v.p.Clocks {
		at := strictyaml.Index("clocks", i)
		if p := strictyaml.CheckName(c.ID); p != nil {
			v.refuse(strictyaml.Field(at, "id"), p.Hint, "%s", p.Message)
		}
		if _, ok := v.p.Event(c.From); !ok {
			v.refuse(strictyaml.Field(at, "from"), "name one of the events", "there is no event called %s", strictyaml.Quote(c.From))
		}
		v.count(at, c)
		if !c.InForce.From.IsZero() && !c.InForce.To.IsZero() && c.InForce.To.Before(c.InForce.From) {
			v.refuse(strictyaml.Field(at, "inForce"), "", "the period ends before it begins")
		}
		for j, other := range v.p.Clocks[:i] {
			if other.ID == c.ID && (other.From != c.From || other.Kind != c.Kind) {
				v.refuse(at, "give it an id of its own", "clock %s runs otherwise in clocks[%d]", strictyaml.Quote(c.ID), j)
			}
			if other.ID == c.ID && other.InForce.overlaps(c.InForce) {
				v.refuse(strictyaml.Field(at, "inForce"), "two wordings of one clock are never in force on one day", "the period overlaps that of clocks[%d]", j)
			}
		}
	}
}

// maxCount bounds a clock's number; nothing that anybody waits for is longer.
const maxCount = 10000

// count checks what is counted, and in which calendar.
func (v *validator) count(at string, c Clock) {
	if c.N < 0 || c.N > maxCount || (c.N == 0 && c.Kind == Recurring) {
		v.refuse(strictyaml.Field(at, "n"), "", "%d cannot be counted", c.N)
	}
	rolls := c.Roll == RollNext || c.Roll == RollPrevious
	if c.Calendar == "" && (c.Unit == BusinessDay || rolls) {
		v.fail(strictyaml.Missing, at, `add "calendar: us-federal", or "weekdays"`, "a clock that knows days off needs a calendar")
	}
	if c.Calendar != "" && c.Unit != BusinessDay && !rolls {
		v.refuse(strictyaml.Field(at, "calendar"), "leave it out", "the calendar bears on nothing here")
	}
}

func (v *validator) hasClock(path, id string) {
	if id != "" && !slices.ContainsFunc(v.p.Clocks, func(c Clock) bool { return c.ID == id }) {
		v.refuse(path, "name one of the clocks", "there is no clock called %s", strictyaml.Quote(id))
	}
}

func (v *validator) responses() {
	names, roles, items := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, p := range v.p.Parties {
		v.name(strictyaml.Field(strictyaml.Index("parties", i), "role"), p.Role, roles)
	}
	for i, r := range v.p.Submissions {
		at := strictyaml.Index("submissions", i)
		v.name(strictyaml.Field(at, "name"), r.Name, names)
		if !roles[r.By] {
			v.refuse(strictyaml.Field(at, "by"), "name the role of a party", "there is no party called %s", strictyaml.Quote(r.By))
		}
		v.hasClock(strictyaml.Field(at, "clock"), r.Clock)
		for j, item := range r.Items {
			v.name(strictyaml.Field(strictyaml.Index(strictyaml.Field(at, "items"), j), "id"), item.ID, items)
		}
	}
}

func (v *validator) concerns() {
	seen := map[string]bool{}
	for i, c := range v.p.Concerns {
		at := strictyaml.Index("concerns", i)
		if !concernID.MatchString(c.ID) {
			v.refuse(strictyaml.Field(at, "id"), "such as C8", "%s is not the id of a concern", strictyaml.Quote(c.ID))
		}
		v.once(strictyaml.Field(at, "id"), c.ID, seen)
		if !c.Technical && len(c.Checks) > 0 {
			v.refuse(strictyaml.Field(at, "checks"), "a concern on which checks bear is technical", "checks of a concern that no check can answer")
		}
		if len(c.Checks) == 0 && len(c.Limits) == 0 {
			v.fail(strictyaml.Missing, at, `add "limits": why no check answers it`, "a concern without checks has to say why")
		}
		kinds := map[string]bool{}
		for j, b := range c.Checks {
			v.once(strictyaml.Field(strictyaml.Index(strictyaml.Field(at, "checks"), j), "kind"), string(b.Kind), kinds)
		}
	}
}

func (v *validator) decisions() {
	for i, d := range v.p.Decisions {
		at := strictyaml.Index("decisions", i)
		v.hasClock(strictyaml.Field(at, "clock"), d.Clock)
		seen := map[string]bool{}
		for j, val := range d.Values {
			here := strictyaml.Index(strictyaml.Field(at, "values"), j)
			v.name(strictyaml.Field(here, "name"), val.Name, seen)
			for k, id := range val.Starts {
				if _, ok := v.p.Event(id); !ok {
					v.refuse(strictyaml.Index(strictyaml.Field(here, "starts"), k), "name one of the events", "there is no event called %s", strictyaml.Quote(id))
				}
			}
		}
	}
}
