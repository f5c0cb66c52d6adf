package decision

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/profile"
)

// PredicateType is the type of a decision's statement.
const PredicateType = "https://github.com/proffer-audit/proffer/predicates/decision/v1"

// MaxBundle caps the bundle of a decision, in bytes.
const MaxBundle = 1 << 20

// The bounds of a decision's texts.
const (
	maxTexts = 64
	maxText  = 4096 // bytes
)

// subjectName is what a decision calls the dossier.
const subjectName = "dossier"

// A Decision is what one who decides says.
type Decision struct {
	Profile    string   `json:"profile"`
	Value      string   `json:"value"`
	Reasons    []string `json:"reasons"`
	Conditions []string `json:"conditions"`
	// Previous is the digest of the bundle of the decision before this one, ""
	// for the first.
	Previous evidence.Digest `json:"previous,omitempty"`
}

// Fits checks that the process knows the value, and that nothing is missing.
func (d Decision) Fits(p *profile.Profile) error {
	if d.Profile != p.ID {
		return refuse(BadDecision, "the decision is under profile %.80q, not %.80q", d.Profile, p.ID)
	}
	var known []string
	for _, q := range p.Decisions {
		for _, v := range q.Values {
			known = append(known, v.Name)
		}
	}
	if !slices.Contains(known, d.Value) {
		return refuse(UnknownValue, "the process %.80q knows no decision %.80q", p.ID, d.Value).hint("it knows: " + strings.Join(known, ", "))
	}
	return d.check()
}

func (d Decision) check() error {
	switch {
	case d.Profile == "" || d.Value == "":
		return refuse(BadDecision, "a decision needs a profile and a value")
	case len(d.Reasons) == 0:
		return refuse(BadDecision, "a decision needs a reason").hint("give one with --reason")
	case len(d.Reasons) > maxTexts || len(d.Conditions) > maxTexts:
		return refuse(BadDecision, "more than %d reasons or conditions", maxTexts)
	}
	for _, t := range slices.Concat([]string{d.Profile, d.Value}, d.Reasons, d.Conditions) {
		bad := strings.ContainsFunc(t, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' })
		if strings.TrimSpace(t) == "" || len(t) > maxText || bad {
			return refuse(BadDecision, "a text of a decision is empty, longer than %d bytes, or holds characters that do not show", maxText)
		}
	}
	if d.Previous != "" {
		if _, err := evidence.ParseDigest(string(d.Previous)); err != nil {
			return refuse(BadDecision, "the digest of the decision before is none")
		}
	}
	return nil
}

// Statement is the statement of a decision on a dossier, to be signed.
func Statement(d Decision, dossier evidence.Digest) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if d.Conditions == nil {
		d.Conditions = []string{}
	}
	return statement.New(PredicateType, []statement.Subject{{Name: subjectName, Digest: map[string]string{"sha256": dossier.Hex()}}}, d)
}

// A Link is a decision that was read from its bundle.
type Link struct {
	Decision Decision
	Digest   evidence.Digest // of the bundle's bytes
	Dossier  evidence.Digest
	bundle   *bundle.Bundle
}

// Read reads the bundle of a decision. Nothing about who signed it is checked:
// see Chain.
func Read(raw []byte) (*Link, error) {
	b, err := bundle.Read(raw, MaxBundle)
	if err != nil {
		return nil, refuse(NotADecision, "this is not the bundle of a decision").because(err)
	}
	kind, payload, ok := b.Envelope()
	if !ok || kind != statement.PayloadType {
		return nil, refuse(NotADecision, "the bundle holds no statement")
	}
	st, err := statement.Parse(payload)
	if err != nil {
		return nil, refuse(NotADecision, "the bundle holds no statement that can be read").because(err)
	}
	if st.PredicateType != PredicateType {
		return nil, refuse(NotADecision, "the statement is a %.200q, not a decision", st.PredicateType)
	}
	l := &Link{Digest: evidence.Of(raw), bundle: b}
	if err := strictjson.Unmarshal(st.Predicate, &l.Decision, strictjson.Limits{Bytes: MaxBundle}); err != nil {
		return nil, refuse(BadDecision, "read the decision").because(err)
	}
	if len(st.Subjects) != 1 || len(st.Subjects[0].Digest) != 1 || st.Subjects[0].Digest["sha256"] == "" {
		return nil, refuse(BadDecision, "a decision is about one dossier, by its sha256 digest")
	}
	if l.Dossier, err = evidence.ParseDigest("sha256:" + st.Subjects[0].Digest["sha256"]); err != nil {
		return nil, refuse(BadDecision, "a decision is about one dossier, by its sha256 digest")
	}
	return l, l.canonical(raw, payload)
}

// canonical holds a decision to the one way in which it is written.
func (l *Link) canonical(raw, payload []byte) error {
	again, err := Statement(l.Decision, l.Dossier)
	if err != nil {
		return err
	}
	if string(again) != string(payload) || !statement.IsCanonical(raw) {
		return refuse(BadDecision, "the decision is not in its canonical form")
	}
	return nil
}

// Code is the stable word for why decisions were refused.
type Code string

// The codes of an Error.
const (
	NotADecision Code = "not-a-decision" // another file
	BadDecision  Code = "bad-decision"   // lacks something, or has two readings
	UnknownValue Code = "unknown-value"  // the process knows no such decision
	OtherDossier Code = "other-dossier"  // about another dossier
	BadSigner    Code = "bad-signer"     // nobody who may decide signed it, or the signature is broken
	NoStart      Code = "chain-no-start" // every decision follows another
	TwoStarts    Code = "chain-two-starts"
	Fork         Code = "chain-fork"      // two decisions follow one
	Gap          Code = "chain-gap"       // the decision before is not there
	Twice        Code = "chain-duplicate" // one decision is there twice
	Repeated     Code = "signer-repeated" // one party approves twice in a chain
	OtherProcess Code = "chain-other-profile"
)

// Error says why decisions were refused.
type Error struct {
	Code   Code
	What   string
	Advice string
	Err    error
}

// Error says what is wrong.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

// Unwrap gives what lies beneath.
func (e *Error) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *Error) Hint() string { return e.Advice }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(format, args...)}
}

func (e *Error) hint(text string) *Error {
	e.Advice = text
	return e
}

func (e *Error) because(err error) *Error {
	e.Err = err
	return e
}
