package envelope

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"

	"github.com/proffer-audit/proffer/attest/statement"
)

// metablock is a classic in-toto document (in-toto specification v1.0, section
// 4.2), as rebuilderd serves it.
type metablock struct {
	Signatures []linkSignature `json:"signatures"`
	Signed     json.RawMessage `json:"signed"`
}

// linkSignature is one signature of it, in hexadecimal. Some writers leave an
// empty certificate beside it; it is never read.
type linkSignature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
	Cert  string `json:"cert"`
}

// linkBody is the part that is signed (section 4.4). Environment, byproducts
// and command may be null: rebuilderd leaves them empty.
type linkBody struct {
	Type        string                       `json:"_type"`
	Name        string                       `json:"name"`
	Materials   map[string]map[string]string `json:"materials"`
	Products    map[string]map[string]string `json:"products"`
	Byproducts  map[string]json.RawMessage   `json:"byproducts"`
	Environment map[string]json.RawMessage   `json:"environment"`
	Command     []string                     `json:"command"`
}

// The limits of a link.
const (
	maxArtifacts = 65536 // materials, and products
	maxName      = 4096  // bytes of a name
)

func (o *opener) link(value []byte, place string) (Item, error) {
	var m metablock
	if err := o.exactly(value, &m, place, BadLink); err != nil {
		return Item{}, err
	}
	var b linkBody
	if err := o.exactly(m.Signed, &b, place, BadLink); err != nil {
		return Item{}, err
	}
	if b.Type != "link" {
		return Item{}, refuse(BadLink, place, "signed._type is %.40q, not \"link\"", b.Type)
	}
	if len(b.Name) == 0 || len(b.Name) > maxName {
		return Item{}, refuse(BadLink, place, "name has %d bytes, it may have 1 to %d", len(b.Name), maxName)
	}
	if err := checkArtifacts(b.Materials, place, "materials"); err != nil {
		return Item{}, err
	}
	if err := checkArtifacts(b.Products, place, "products"); err != nil {
		return Item{}, err
	}
	canonical, err := canonicalLink(m.Signed)
	if err != nil {
		return Item{}, refuseFor(BadLink, place, err)
	}
	it := Item{
		Kind: Link, Place: place, Raw: value, Payload: canonical,
		Link: &LinkBody{Name: b.Name, Command: b.Command, Materials: b.Materials, Products: b.Products},
	}
	if err := countSignatures(len(m.Signatures), place, BadLink); err != nil {
		return Item{}, err
	}
	for i, s := range m.Signatures {
		sig, err := hex.DecodeString(s.Sig)
		if err != nil || len(sig) == 0 || len(s.KeyID) > maxKeyID {
			return Item{}, refuse(BadLink, place, "signature %d is missing, not hexadecimal, or has a key id of more than %d bytes", i, maxKeyID)
		}
		it.Signatures = append(it.Signatures, Signature{KeyID: s.KeyID, Sig: sig})
	}
	return it, nil
}

func checkArtifacts(artifacts map[string]map[string]string, place, what string) error {
	if len(artifacts) > maxArtifacts {
		return refuse(TooMany, place, "%d %s, the limit is %d", len(artifacts), what, maxArtifacts)
	}
	for _, name := range slices.Sorted(maps.Keys(artifacts)) {
		if len(name) == 0 || len(name) > maxName || len(artifacts[name]) == 0 || len(artifacts[name]) > statement.MaxDigests {
			return refuse(BadLink, place, "%s: %.80q has no name of 1 to %d bytes with 1 to %d digests", what, name, maxName, statement.MaxDigests)
		}
		if err := statement.CheckDigests(artifacts[name]); err != nil {
			return refuseFor(BadLink, place, err)
		}
	}
	return nil
}
