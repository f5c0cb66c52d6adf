package envelope

// Kind is what an Item is.
type Kind string

// The kinds of an Item.
const (
	Bundle Kind = "sigstore-bundle"
	DSSE   Kind = "dsse"
	Link   Kind = "in-toto-link"
)

// The limits that hold where a caller sets none, and those that no caller can
// change.
const (
	DefaultBytes     = 64 << 20
	DefaultItemBytes = 32 << 20
	DefaultItems     = 4096
	DefaultDepth     = 64
	MaxSignatures    = 32 // of one DSSE envelope or link
)

// Limits bounds what Open reads. The zero value holds the defaults.
type Limits struct {
	Bytes     int // size of the file, in bytes
	ItemBytes int // size of one item inside it, in bytes
	Items     int // how many there may be
	Depth     int // nesting of arrays and objects, the wrapper's included
}

func (l Limits) withDefaults() Limits {
	for _, d := range [...]struct {
		limit *int
		value int
	}{{&l.Bytes, DefaultBytes}, {&l.ItemBytes, DefaultItemBytes}, {&l.Items, DefaultItems}, {&l.Depth, DefaultDepth}} {
		if *d.limit <= 0 {
			*d.limit = d.value
		}
	}
	return l
}

// Item is one attestation of a file, read and not believed.
type Item struct {
	Kind  Kind
	Place string // where in the file: "" for the file itself, or such as "line 3" or "attestations[1]"
	// Raw is the item's own JSON, byte for byte as the file has it, white space
	// around it left off. For a Bundle it is all there is.
	Raw []byte

	// What follows is of a DSSE or a Link.

	PayloadType string      // of a DSSE
	Payload     []byte      // what a DSSE carries; of a Link, its canonical JSON
	Signatures  []Signature // at least one
	Link        *LinkBody   // of a Link
}

// Signature is one signature of an Item.
type Signature struct {
	// KeyID is a hint of the signer's, to find a key by. It is not signed and
	// proves nothing.
	KeyID string
	Sig   []byte
}

// LinkBody is what an in-toto link says: that a step turned materials into
// products. Names and command are the signer's own words.
type LinkBody struct {
	Name      string
	Command   []string
	Materials map[string]map[string]string // name to digests, algorithm to lower-case hexadecimal
	Products  map[string]map[string]string
}

// Signed is the bytes that a signature of the item is over: the pre-authentication
// encoding of a DSSE envelope (DSSE v1.0.2, protocol.md), or the canonical JSON
// of a link. It is nil for a Bundle.
func (it Item) Signed() []byte {
	switch it.Kind {
	case DSSE:
		return pae(it.PayloadType, it.Payload)
	case Link:
		return it.Payload
	}
	return nil
}
