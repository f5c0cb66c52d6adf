package cms

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"

	"github.com/proffer-audit/proffer/reports/safetext"
)

const (
	maxNesting      = 4 // messages inside messages
	maxCertificates = 64
	maxCertificate  = 64 << 10 // bytes
	maxSigners      = 16
	maxChecks       = 256   // public-key operations for one message and all inside it
	maxRSA          = 16384 // bits
)

// Message is a SignedData taken apart.
type Message struct {
	ContentType string // OID in dotted form
	// Content is what the message carries, without the tag and length around
	// it; ContentOffset is where it starts. It is nil for a detached signature.
	Content       []byte
	ContentOffset int
	Signers       []Signer
	Nested        []*Message // second signatures of Authenticode, in their order
	Findings      []Finding
	// Size is how many bytes the message takes from the start of the data.
	Size int

	certificates []certificate
}

// Signer is one signature of a message.
type Signer struct {
	Subject     safetext.Text // of its certificate; empty when the message has none
	Certificate string        // SHA-256 of the certificate, hexadecimal
	Digest      string        // sha256 and so on; the OID of an unknown one
	// Valid says that the content has the digest that was signed and that the
	// signature value verifies with Certificate. It says nothing of trust.
	Valid bool
	// Timestamps counts the counter-signatures that stamp this signature.
	Timestamps int
}

// certificate is one of a message's set.
type certificate struct {
	at     element
	parsed *x509.Certificate
	used   bool // in the chain of a signer
}

type parser struct {
	reader

	base     int // of data in the outermost message
	nesting  int
	findings []Finding
	detached []byte
	message  *Message
	checks   *int                   // public-key operations left
	digests  map[crypto.Hash][]byte // of the signed content
}

// Parse reads the message at the start of data, which may be followed by other
// bytes: Message.Size says where it ends. content is what a detached signature
// signs, nil if the message carries its own. The error is a *FormatError.
func Parse(data, content []byte) (*Message, error) {
	checks := maxChecks
	return parse(data, content, 0, 0, &checks)
}

func parse(data, content []byte, base, nesting int, checks *int) (*Message, error) {
	if nesting > maxNesting {
		return nil, bad(0, "messages nested more than %d deep", maxNesting)
	}
	p := &parser{
		reader: reader{data: data, left: maxElements}, base: base, nesting: nesting,
		detached: content, message: &Message{}, checks: checks, digests: map[crypto.Hash][]byte{},
	}
	outer, err := p.read(0, len(data))
	if err != nil {
		return nil, err
	}
	if err := p.contentInfo(outer); err != nil {
		return nil, err
	}
	p.chains()
	p.forms()
	p.message.Findings, p.message.Size = p.findings, outer.end
	return p.message, nil
}

// contentInfo is RFC 5652, section 3.
func (p *parser) contentInfo(outer element) error {
	if outer.tag != tagSequence {
		return bad(outer.start, "tag %#x where a ContentInfo belongs", outer.tag)
	}
	parts, err := p.children(outer)
	if err != nil {
		return err
	}
	if len(parts) < 2 || parts[1].tag != tagContext0 {
		return bad(outer.start, "a ContentInfo without content")
	}
	if kind, err := p.oid(parts[0]); err != nil {
		return err
	} else if kind != oidSignedData {
		return bad(parts[0].start, "content type %s where signed data belongs", kind)
	}
	p.rest(parts, 2, "the ContentInfo")
	inner, err := p.children(parts[1])
	if err != nil {
		return err
	}
	if len(inner) == 0 || inner[0].tag != tagSequence {
		return bad(parts[1].start, "no SignedData")
	}
	p.rest(inner, 1, "the SignedData")
	return p.signedData(inner[0])
}

// rest flags what stands behind the last element that the schema has.
func (p *parser) rest(parts []element, known int, where string) {
	for _, e := range parts[min(known, len(parts)):] {
		p.flag(UnknownElement, e, "%d bytes with tag %#x in or behind %s: the format has no such element", e.end-e.start, e.tag, where)
	}
}

// signedData is RFC 5652, section 5.1.
func (p *parser) signedData(e element) error {
	parts, err := p.children(e)
	if err != nil {
		return err
	}
	if len(parts) < 4 || parts[0].tag != tagInteger || parts[1].tag != tagSet || parts[2].tag != tagSequence {
		return bad(e.start, "not a SignedData")
	}
	if parts[0].end-parts[0].body > 1 {
		p.flag(UnknownElement, parts[0], "a version number of %d bytes", parts[0].end-parts[0].body)
	}
	if err := p.digestAlgorithms(parts[1]); err != nil {
		return err
	}
	if err := p.encapsulated(parts[2]); err != nil {
		return err
	}
	next := 3
	if parts[next].tag == tagContext0 {
		if err := p.certificates(parts[next]); err != nil {
			return err
		}
		next++
	}
	if next < len(parts) && parts[next].tag == tagContext1 {
		if parts[next].bodyEnd > parts[next].body {
			p.flag(RevocationList, parts[next], "%d bytes of revocation lists, which no check of this signature reads", parts[next].bodyEnd-parts[next].body)
		}
		next++
	}
	if next >= len(parts) || parts[next].tag != tagSet {
		return bad(e.start, "a SignedData without a set of signers")
	}
	p.rest(parts, next+1, "the SignedData")
	return p.signers(parts[next])
}

// digestAlgorithms is a list that no verifier needs: each signer names its own.
func (p *parser) digestAlgorithms(e element) error {
	algorithms, err := p.children(e)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, a := range algorithms {
		oid, err := p.algorithm(a, false)
		if err != nil {
			return err
		}
		if _, _, known := DigestAlgorithm(oid); !known || seen[oid] {
			p.flag(UnknownElement, a, "%s, %d bytes, in the list of digest algorithms is none that is known, or there twice", oid, a.end-a.start)
		}
		seen[oid] = true
	}
	return nil
}

// encapsulated is RFC 5652, section 5.2, and RFC 2315, section 7, where the
// content is any value.
func (p *parser) encapsulated(e element) error {
	parts, err := p.children(e)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return bad(e.start, "no content type")
	}
	if p.message.ContentType, err = p.oid(parts[0]); err != nil {
		return err
	}
	if len(parts) == 1 || parts[1].tag != tagContext0 {
		p.rest(parts, 1, "the content")
		return nil
	}
	p.rest(parts, 2, "the content")
	inner, err := p.children(parts[1])
	if err != nil || len(inner) == 0 {
		return err
	}
	p.rest(inner, 1, "the content")
	p.message.ContentOffset = inner[0].body
	if inner[0].tag&^constructed == tagOctetString {
		p.message.Content, err = p.octets(inner[0])
	} else {
		p.message.Content = p.value(inner[0])
	}
	if p.detached != nil {
		p.flag(UnknownElement, parts[1], "%d bytes of content in a signature that is detached from its content", inner[0].bodyEnd-inner[0].body)
	}
	return err
}

// contentDigest is the digest of what the signers sign, computed once for each
// algorithm however many signers there are.
func (p *parser) contentDigest(h crypto.Hash) []byte {
	if d, ok := p.digests[h]; ok {
		return d
	}
	content := p.message.Content
	if p.detached != nil {
		content = p.detached
	}
	p.digests[h] = sum(h, content)
	return p.digests[h]
}

func sum(h crypto.Hash, data []byte) []byte {
	w := h.New()
	w.Write(data)
	return w.Sum(nil)
}

// algorithm is the AlgorithmIdentifier of RFC 5652, section 10.1. parameters
// says that the algorithm may have some: every other one has NULL or nothing.
func (p *parser) algorithm(e element, parameters bool) (string, error) {
	if e.tag != tagSequence {
		return "", bad(e.start, "not an algorithm identifier")
	}
	parts, err := p.children(e)
	if err != nil {
		return "", err
	}
	if len(parts) == 0 {
		return "", bad(e.start, "an algorithm identifier without one")
	}
	name, err := p.oid(parts[0])
	if err != nil || len(parts) == 1 {
		return name, err
	}
	p.rest(parts, 2, "an algorithm identifier")
	switch {
	case parts[1].tag == tagNull && parts[1].end == parts[1].body:
	case parameters && name == oidRSAPSS && parts[1].end-parts[1].start <= 128:
		err = p.tree(parts[1], 0)
	default:
		p.flag(AlgorithmParameters, parts[1], "%d bytes of parameters for algorithm %s, which has none", parts[1].end-parts[1].start, name)
	}
	return name, err
}

// forms reports lengths in a form that DER forbids, once per form: each is a
// difference that another reader may see in another way.
func (p *parser) forms() {
	if len(p.padded) > 0 {
		p.add(Finding{
			Code: NotDER, Offset: p.padded[0], Length: 2, SecurityRelevant: true,
			Message: say("%d lengths are written longer than they need be, the first at this offset", len(p.padded)),
		})
	}
	if len(p.indefinite) > 0 {
		p.add(Finding{
			Code: OpenLength, Offset: p.indefinite[0], Length: 2,
			Message: "elements of open length: BER, not DER, as Apple's signer writes it",
		})
	}
}

func fingerprint(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
