package profile

import "github.com/proffer-audit/proffer/audit/strictyaml"

// Date is a day without a time zone.
type Date = strictyaml.Date

// A Profile is one process, read and checked by Parse.
type Profile struct {
	APIVersion  string      `yaml:"apiVersion,required" enum:"proffer/v1"`
	Kind        string      `yaml:"kind,required" enum:"Profile"`
	ID          string      `yaml:"id,required"`
	Title       string      `yaml:"title,required"`
	Authority   Authority   `yaml:"authority,required"`
	Scope       Scope       `yaml:"scope"`
	Parties     []Party     `yaml:"parties"`
	Events      []Event     `yaml:"events"`
	Clocks      []Clock     `yaml:"clocks"`
	Submissions []Response  `yaml:"submissions"`
	Concerns    []Concern   `yaml:"concerns,required"`
	Decisions   []Decision  `yaml:"decisions"`
	Disputes    []Statement `yaml:"disputes"` // readings on which sources disagree

	positions *strictyaml.Positions
}

// An Authority is the text that the process rests on.
type Authority struct {
	Name     string `yaml:"name,required"`
	Citation string `yaml:"citation,required"`
	URL      string `yaml:"url"`
	// Quote is the clause, word for word, and QuoteDigest the sha256 of its
	// bytes. Both stand, or neither does.
	Quote       string     `yaml:"quote"`
	QuoteDigest string     `yaml:"quoteDigest"`
	Confidence  Confidence `yaml:"confidence,required" enum:"quoted,summarised,unverified"`
}

// Confidence says how a fact was taken over from its source.
type Confidence string

// The confidences, best first.
const (
	Quoted     Confidence = "quoted"     // word for word
	Summarised Confidence = "summarised" // read, and told in other words
	Unverified Confidence = "unverified" // from second hand or from memory
)

// A Scope says whom and what the process covers.
type Scope struct {
	Entities         []string `yaml:"entities"`
	Products         []string `yaml:"products"`
	IncludesEmbedded bool     `yaml:"includesEmbedded"` // code inside the products of others
	Exclusions       []string `yaml:"exclusions"`
}

// A Party is one who has duties or rights in the process.
type Party struct {
	Role   string   `yaml:"role,required"`
	Duties []string `yaml:"duties"`
	May    []string `yaml:"may"`
}

// An Event is something from which a clock runs. An event that is the same for
// everybody has its Date in the profile.
type Event struct {
	ID         string     `yaml:"id,required"`
	Text       string     `yaml:"text,required"`
	Date       Date       `yaml:"date"`
	Confidence Confidence `yaml:"confidence,required" enum:"quoted,summarised,unverified"`
	Citation   string     `yaml:"citation"`
}

// A Clock is a deadline. Clocks that were amended stand once for each wording,
// under one ID, with periods that do not overlap.
type Clock struct {
	ID       string     `yaml:"id,required"`
	Text     string     `yaml:"text,required"`
	From     string     `yaml:"from,required"` // id of an event
	N        int        `yaml:"n,required"`
	Unit     Unit       `yaml:"unit,required" enum:"calendar-day,business-day,hour,month"`
	Calendar CalendarID `yaml:"calendar" enum:"weekdays,us-federal"`
	// Roll says what becomes of a date on which nobody works; none when empty.
	Roll       Roll       `yaml:"roll" enum:"none,next,previous"`
	Kind       ClockKind  `yaml:"kind,required" enum:"receive-by,send-by,begin-at,recurring"`
	InForce    InForce    `yaml:"inForce"`
	Confidence Confidence `yaml:"confidence,required" enum:"quoted,summarised,unverified"`
	Citation   string     `yaml:"citation,required"`
}

// Unit is what a clock counts in.
type Unit string

// The units of a clock.
const (
	CalendarDay Unit = "calendar-day"
	BusinessDay Unit = "business-day"
	Hour        Unit = "hour"
	Month       Unit = "month"
)

// Roll moves a date that falls on a day off.
type Roll string

// The ways to roll.
const (
	RollNone     Roll = "none"
	RollNext     Roll = "next"
	RollPrevious Roll = "previous"
)

// ClockKind says what has to be done by the date.
type ClockKind string

// The kinds of a clock.
const (
	ReceiveBy ClockKind = "receive-by"
	SendBy    ClockKind = "send-by"
	BeginAt   ClockKind = "begin-at"
	Recurring ClockKind = "recurring" // again every N units
)

// InForce is the period in which a wording held, first and last day included; a
// side that is no day is open. What counts is the day of the clock's event.
type InForce struct {
	From Date `yaml:"from"`
	To   Date `yaml:"to"`
}

// A Response is what one party has to hand in.
type Response struct {
	Name            string `yaml:"name,required"`
	By              string `yaml:"by,required"` // role of a party
	To              string `yaml:"to,required"`
	Clock           string `yaml:"clock"` // id of the clock that it is due by
	Format          string `yaml:"format"`
	Confidentiality string `yaml:"confidentiality"`
	// Audited says that the report of an audit is (part of) this response, so
	// that its Items are looked for in it.
	Audited bool   `yaml:"audited"`
	Items   []Item `yaml:"items"`
}

// An Item is one thing that a response contains.
type Item struct {
	ID       string `yaml:"id,required"`
	Text     string `yaml:"text,required"`
	Required bool   `yaml:"required"`
	Field    Field  `yaml:"field" enum:"respondent.name,respondent.contact,respondent.basis,matter.number,matter.received,products,channels,claims,mitigations,exclusions,declaredVsObserved.endpoints,declaredVsObserved.capabilities,inputs.documents"`
}

// Field is the field of the report that answers an item; none when empty.
type Field string

// The fields that can answer an item: those that the vendor fills.
const (
	FieldName         Field = "respondent.name"
	FieldContact      Field = "respondent.contact"
	FieldBasis        Field = "respondent.basis"
	FieldNumber       Field = "matter.number"
	FieldReceived     Field = "matter.received"
	FieldProducts     Field = "products"
	FieldChannels     Field = "channels"
	FieldClaims       Field = "claims"
	FieldMitigations  Field = "mitigations"
	FieldExclusions   Field = "exclusions"
	FieldEndpoints    Field = "declaredVsObserved.endpoints"
	FieldCapabilities Field = "declaredVsObserved.capabilities"
	FieldDocuments    Field = "inputs.documents"
)

// Fields lists the fields that can answer an item.
func Fields() []Field {
	return []Field{
		FieldName, FieldContact, FieldBasis, FieldNumber, FieldReceived, FieldProducts, FieldChannels, FieldClaims,
		FieldMitigations, FieldExclusions, FieldEndpoints, FieldCapabilities, FieldDocuments,
	}
}

// A Concern is one worry of the authority.
type Concern struct {
	ID        string `yaml:"id,required"`
	Title     string `yaml:"title,required"` // a few words
	Statement string `yaml:"statement,required"`
	// Technical is false for a concern that no look at the product can answer.
	Technical  bool       `yaml:"technical,required"`
	Confidence Confidence `yaml:"confidence,required" enum:"quoted,summarised,unverified"`
	Checks     []Bearing  `yaml:"checks"`
	Documents  []string   `yaml:"documents"` // papers that belong beside the checks
	Limits     []string   `yaml:"limits"`    // printed word for word in every report
}

// A Bearing is a kind of check that bears on a concern.
type Bearing struct {
	Kind CheckKind `yaml:"kind,required" enum:"rebuild,source,advisories,inventory,provenance,declared,fetch,claims"`
	// Needed is true for a kind without which the concern cannot be supported.
	Needed bool `yaml:"needed"`
	// MinClass is the weakest evidence with which a check of the kind supports
	// the concern in full; empty for any.
	MinClass string `yaml:"minClass" enum:"E0,E1,E2,E3,E4"`
}

// CheckKind is what stands before the slash of a check's id.
type CheckKind string

// The kinds of checks.
const (
	KindRebuild    CheckKind = "rebuild"
	KindSource     CheckKind = "source"
	KindAdvisories CheckKind = "advisories"
	KindInventory  CheckKind = "inventory"
	KindProvenance CheckKind = "provenance"
	KindDeclared   CheckKind = "declared"
	KindFetch      CheckKind = "fetch"
	KindClaims     CheckKind = "claims"
)

// A Decision is what the authority decides at the end.
type Decision struct {
	Name       string     `yaml:"name,required"`
	Values     []Value    `yaml:"values,required"`
	Decider    string     `yaml:"decider,required"`
	Clock      string     `yaml:"clock"` // id of the clock that it is due by
	Review     string     `yaml:"review"`
	Confidence Confidence `yaml:"confidence,required" enum:"quoted,summarised,unverified"`
}

// A Value is one way to decide, and what follows from it.
type Value struct {
	Name    string   `yaml:"name,required"`
	Effects []string `yaml:"effects"`
	Starts  []string `yaml:"starts"` // ids of events
}

// A Statement is a sentence with its confidence.
type Statement struct {
	Text       string     `yaml:"text,required"`
	Confidence Confidence `yaml:"confidence,required" enum:"quoted,summarised,unverified"`
}
