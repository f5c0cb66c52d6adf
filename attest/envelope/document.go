package envelope

import (
	"encoding/json"
	"fmt"

	"github.com/proffer-audit/proffer/attest/statement"
)

// document is what the npm registry and GitHub's API answer when asked for the
// attestations of a package or file.
type document struct {
	Attestations []listed `json:"attestations"`
}

// listed is one attestation of a document. The npm registry names its predicate
// type; GitHub names where a bundle is that it leaves out.
type listed struct {
	PredicateType *string         `json:"predicateType"`
	Bundle        json.RawMessage `json:"bundle"`
	BundleURL     string          `json:"bundle_url"`
}

func (o *opener) document(value []byte) error {
	var doc document
	if err := o.decode(value, &doc, "", BadDocument); err != nil {
		return err
	}
	for i, l := range doc.Attestations {
		place := fmt.Sprintf("attestations[%d]", i)
		if (l.PredicateType == nil) != (doc.Attestations[0].PredicateType == nil) {
			return refuse(Ambiguous, place, "some of the attestations have a predicateType and others have not")
		}
		if err := o.listed(l, place); err != nil {
			return err
		}
	}
	return nil
}

func (o *opener) listed(l listed, place string) error {
	if len(l.Bundle) == 0 || string(l.Bundle) == "null" {
		err := refuse(Elsewhere, place, "names an attestation and does not hold it")
		if l.BundleURL != "" {
			err.Hint = "download it with `gh attestation download` and give the file"
		}
		return err
	}
	if err := o.fits(l.Bundle, place); err != nil {
		return err
	}
	f, err := o.formOf(l.Bundle, place)
	if err != nil {
		return err
	}
	if f != formBundle {
		return refuse(BadDocument, place, "bundle is not a sigstore bundle")
	}
	if l.PredicateType != nil {
		if err := o.sameType(l, place); err != nil {
			return err
		}
	}
	return o.add(Item{Kind: Bundle, Place: place, Raw: l.Bundle})
}

// sameType holds the type that a document gives to the one that was signed: who
// sorts attestations by the label must not be told another story than who
// verifies them.
func (o *opener) sameType(l listed, place string) error {
	var b struct {
		Envelope *struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if err := o.decode(l.Bundle, &b, place, BadDocument); err != nil {
		return err
	}
	if b.Envelope == nil {
		return refuse(BadDocument, place, "bundle holds no DSSE envelope, so nothing of predicate type %.80q", *l.PredicateType)
	}
	st, err := statement.Parse(b.Envelope.Payload)
	if err != nil {
		return refuseFor(BadDocument, place, err)
	}
	if st.PredicateType != *l.PredicateType {
		return refuse(Mislabelled, place, "called %.80q, signed as %.80q", *l.PredicateType, st.PredicateType)
	}
	return nil
}
