package envelope

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// opener holds the limits of one file and counts its items.
type opener struct {
	lim   Limits
	items []Item
}

// Open recognises a file and splits it into the attestations that it holds, in
// their order; there is at least one. The error is an *Error. The items refer
// to data: it must not change afterwards.
func Open(data []byte, lim Limits) ([]Item, error) {
	o := &opener{lim: lim.withDefaults()}
	if len(data) > o.lim.Bytes {
		return nil, refuse(TooLarge, "", "file has %d bytes, the limit is %d", len(data), o.lim.Bytes)
	}
	if err := o.file(data); err != nil {
		return nil, err
	}
	if len(o.items) == 0 {
		return nil, refuse(Empty, "", "file holds no attestation")
	}
	return o.items, nil
}

// file reads one JSON value, or else lines of them: what stands behind the
// first value tells the two apart.
func (o *opener) file(data []byte) error {
	f, err := o.formOf(data, "")
	var e *strictjson.Error
	switch {
	case err == nil:
		return o.value(f, bytes.Trim(data, jsonSpace))
	case errors.As(err, &e) && e.Code == strictjson.Trailing:
		return o.lines(data)
	}
	return err
}

// jsonSpace is the white space that JSON allows around a value.
const jsonSpace = " \t\r\n"

// lines reads one attestation from each line. A document of many has no place on
// a line.
func (o *opener) lines(data []byte) error {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		place := fmt.Sprintf("line %d", n)
		line = bytes.Trim(line, jsonSpace)
		if len(line) == 0 {
			return refuse(BlankLine, place, "line without a value")
		}
		if err := o.fits(line, place); err != nil {
			return err
		}
		if err := o.one(line, place); err != nil {
			return err
		}
	}
	return nil
}

// marks are the top-level keys that tell the files apart.
type marks struct {
	Material     mark `json:"verificationMaterial"`
	Payload      mark `json:"payload"`
	PayloadType  mark `json:"payloadType"`
	Signed       mark `json:"signed"`
	Attestations mark `json:"attestations"`
}

// mark is set by a key that is there, whatever its value; the value is not kept.
type mark bool

// UnmarshalJSON is called for null, too.
func (m *mark) UnmarshalJSON([]byte) error {
	*m = true
	return nil
}

// form is what a top-level object is.
type form int

const (
	formUnknown form = iota
	formBundle
	formDSSE
	formLink
	formDocument
)

// formOf holds a value to its one reading and tells what it is by its marks. It
// must have those of one form alone.
func (o *opener) formOf(value []byte, place string) (form, error) {
	var m marks
	if err := o.decode(value, &m, place, BadJSON); err != nil {
		return formUnknown, err
	}
	found := formUnknown
	for _, mark := range [...]struct {
		present mark
		form    form
	}{
		{m.Material, formBundle},
		{m.Payload || m.PayloadType, formDSSE},
		{m.Signed, formLink},
		{m.Attestations, formDocument},
	} {
		if !mark.present {
			continue
		}
		if found != formUnknown {
			return formUnknown, refuse(Ambiguous, place, "object has the keys of two kinds of file")
		}
		found = mark.form
	}
	if found == formUnknown {
		err := refuse(Unknown, place, "not an attestation file of a kind that is read")
		err.Hint = "give a sigstore bundle, a DSSE envelope, an in-toto link, an npm or GitHub attestations document, or lines of bundles or envelopes"
		return formUnknown, err
	}
	return found, nil
}

// value reads a file that is one JSON value.
func (o *opener) value(f form, value []byte) error {
	if f == formDocument {
		return o.document(value)
	}
	return o.item(f, value, "")
}

// one reads the attestation of a line.
func (o *opener) one(value []byte, place string) error {
	f, err := o.formOf(value, place)
	if err != nil {
		return err
	}
	if f == formDocument {
		return refuse(Ambiguous, place, "a document of many attestations on a line")
	}
	return o.item(f, value, place)
}

// item reads one attestation.
func (o *opener) item(f form, value []byte, place string) error {
	if err := o.fits(value, place); err != nil {
		return err
	}
	it, err := Item{Kind: Bundle, Place: place, Raw: value}, error(nil)
	switch f {
	case formDSSE:
		it, err = o.dsse(value, place)
	case formLink:
		it, err = o.link(value, place)
	}
	if err != nil {
		return err
	}
	return o.add(it)
}

func (o *opener) fits(value []byte, place string) error {
	if len(value) > o.lim.ItemBytes {
		return refuse(TooLarge, place, "attestation has %d bytes, the limit is %d", len(value), o.lim.ItemBytes)
	}
	return nil
}

// add counts, and holds the file to one kind.
func (o *opener) add(it Item) error {
	if len(o.items) == o.lim.Items {
		return refuse(TooMany, it.Place, "more than %d attestations", o.lim.Items)
	}
	if len(o.items) > 0 && o.items[0].Kind != it.Kind {
		return refuse(Ambiguous, it.Place, "a %s in a file that began with a %s", it.Kind, o.items[0].Kind)
	}
	o.items = append(o.items, it)
	return nil
}

// decode reads a value into a struct that need not name every key. Case
// variants of those that it names are refused.
func (o *opener) decode(value []byte, into any, place string, code Code) error {
	lim := strictjson.Limits{Bytes: o.lim.Bytes, Depth: o.lim.Depth, AllowUnknown: true}
	if err := strictjson.Unmarshal(value, into, lim); err != nil {
		return refuseFor(code, place, err)
	}
	return nil
}

// exactly is decode for values whose every key is known.
func (o *opener) exactly(value []byte, into any, place string, code Code) error {
	lim := strictjson.Limits{Bytes: o.lim.Bytes, Depth: o.lim.Depth}
	if err := strictjson.Unmarshal(value, into, lim); err != nil {
		return refuseFor(code, place, err)
	}
	return nil
}
