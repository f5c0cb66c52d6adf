package signtest

import (
	"crypto/rsa"
	"crypto/sha256"
	"slices"
)

// Message says what a CMS message holds, and what it should not hold.
type Message struct {
	ContentType []byte // OID
	Content     []byte // an element; what is signed is its value. Signed when Detached
	Detached    bool
	Signed      [][]byte // further authenticated attributes
	Unsigned    func(value []byte) [][]byte
	Certs       [][]byte // further certificates
	Lists       []byte   // a revocation list
	Behind      []byte   // elements behind the signers
	Algorithms  [][]byte // further digest algorithms
	Parameters  []byte   // of the digest algorithm, NULL by default
	Tamper      bool     // spoils the signature value
	Open        bool     // writes the outermost lengths in the open form of BER
}

// CMS writes a message. With Detached, Content is what is signed, as it is.
func (s *Signer) CMS(m Message) ([]byte, error) {
	parameters := m.Parameters
	if parameters == nil {
		parameters = Null()
	}
	sha := Seq(OID(2, 16, 840, 1, 101, 3, 4, 2, 1), parameters)
	content, encapsulated := m.Content, Seq(m.ContentType)
	if !m.Detached {
		content = body(m.Content)
		encapsulated = Seq(m.ContentType, DER(0xa0, m.Content))
	}
	sum := sha256.Sum256(content)
	attributes := slices.Concat([][]byte{
		Attribute(OID(1, 2, 840, 113549, 1, 9, 3), m.ContentType),
		Attribute(OID(1, 2, 840, 113549, 1, 9, 4), Octets(sum[:])),
	}, m.Signed)
	value, err := s.Sign(Set(attributes...))
	if err != nil {
		return nil, err
	}
	if m.Tamper {
		value[len(value)-1] ^= 1
	}
	algorithm := Seq(OID(1, 2, 840, 10045, 4, 3, 2))
	if _, ok := s.Key.(*rsa.PrivateKey); ok {
		algorithm = Seq(OID(1, 2, 840, 113549, 1, 1, 1), Null())
	}
	serial := DER(0x02, s.Cert.SerialNumber.Bytes())
	info := [][]byte{Integer(1), Seq(s.Cert.RawIssuer, serial), sha, DER(0xa0, attributes...), algorithm, Octets(value)}
	if m.Unsigned != nil {
		info = append(info, DER(0xa1, m.Unsigned(value)...))
	}
	certs := slices.Concat([][]byte{s.Cert.Raw, s.CA.Raw}, m.Certs)
	var lists []byte
	if m.Lists != nil {
		lists = DER(0xa1, m.Lists)
	}
	signed := slices.Concat(Integer(1), Set(append([][]byte{sha}, m.Algorithms...)...), encapsulated, DER(0xa0, certs...), lists, Set(Seq(info...)), m.Behind)
	kind := OID(1, 2, 840, 113549, 1, 7, 2)
	if m.Open {
		end := []byte{0, 0}
		return slices.Concat([]byte{0x30, 0x80}, kind, []byte{0xa0, 0x80, 0x30, 0x80}, signed, end, end, end), nil
	}
	return Seq(kind, DER(0xa0, Seq(signed))), nil
}

// Timestamp is a token of RFC 3161 over a value, with further elements.
func (s *Signer) Timestamp(value []byte, more ...[]byte) ([]byte, error) {
	sum := sha256.Sum256(value)
	sha := Seq(OID(2, 16, 840, 1, 101, 3, 4, 2, 1), Null())
	info := Seq(Integer(1), OID(1, 3, 6, 1, 4, 1, 55555, 2), Seq(sha, Octets(sum[:])), Integer(7), DER(0x18, []byte("20260101000000Z")), slices.Concat(more...))
	return s.CMS(Message{ContentType: OID(1, 2, 840, 113549, 1, 9, 16, 1, 4), Content: Octets(info)})
}

// body is the value of an element.
func body(element []byte) []byte {
	if element[1] < 0x80 {
		return element[2:]
	}
	return element[2+int(element[1]&0x7f):]
}
