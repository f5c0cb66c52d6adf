package signtest

import (
	"encoding/asn1"
	"slices"
)

// DER is one element of an encoding with its tag and length.
func DER(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 1<<8:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	case n < 1<<16:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// Seq is a SEQUENCE, Set a SET, Octets an OCTET STRING, Integer a small INTEGER.
func Seq(parts ...[]byte) []byte { return DER(0x30, parts...) }

// Set is a SET of parts in the order given.
func Set(parts ...[]byte) []byte { return DER(0x31, parts...) }

// Octets is an OCTET STRING.
func Octets(b []byte) []byte { return DER(0x04, b) }

// Integer is an INTEGER below 128.
func Integer(n byte) []byte { return DER(0x02, []byte{n}) }

// Null is NULL.
func Null() []byte { return []byte{5, 0} }

// OID is an OBJECT IDENTIFIER.
func OID(n ...int) []byte {
	b, err := asn1.Marshal(asn1.ObjectIdentifier(n))
	if err != nil {
		panic(err) // a number of the test's own that is none
	}
	return b
}

// Attribute is an attribute of a CMS signer.
func Attribute(oid []byte, values ...[]byte) []byte { return Seq(oid, Set(values...)) }
