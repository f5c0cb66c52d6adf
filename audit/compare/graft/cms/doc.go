// Package cms takes a CMS SignedData (RFC 5652, and PKCS#7 before it) apart and
// accounts for its bytes.
//
// Its noun is the Message. Authenticode, Mach-O code signatures and signed JARs
// carry one each, and each leaves room that no verifier looks at:
// unauthenticated attributes, certificates that belong to nobody, algorithm
// parameters, elements behind the last one of the schema. Whatever is not part
// of the signature is a Finding with its offset.
//
// Nothing is trusted here. A signature value is checked against the certificate
// that travels with it, because bytes that do not verify are room for a payload;
// who that certificate belongs to is reported and judged elsewhere. Validity
// times are not looked at: there is no clock.
package cms
