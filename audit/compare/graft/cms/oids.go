package cms

import (
	"crypto"
	"strings"
)

// Object identifiers by the document that assigns them.
const (
	oidData            = "1.2.840.113549.1.7.1"      // RFC 5652, 4
	oidSignedData      = "1.2.840.113549.1.7.2"      // RFC 5652, 5.1
	oidTSTInfo         = "1.2.840.113549.1.9.16.1.4" // RFC 3161, 2.4.2
	oidContentType     = "1.2.840.113549.1.9.3"      // RFC 5652, 11.1
	oidMessageDigest   = "1.2.840.113549.1.9.4"      // RFC 5652, 11.2
	oidCounterSign     = "1.2.840.113549.1.9.6"      // RFC 5652, 11.4
	oidTimestampToken  = "1.2.840.113549.1.9.16.2.14"
	oidTimestampMS     = "1.3.6.1.4.1.311.3.3.1" // the same token, by Authenticode's own number
	oidNestedSignature = "1.3.6.1.4.1.311.2.4.1" // Authenticode, a second signature
	oidRSA             = "1.2.840.113549.1.1.1"
	oidRSAPSS          = "1.2.840.113549.1.1.10"
)

// DigestAlgorithm names an OID of RFC 5754 and its predecessors; ok is false for
// any other.
func DigestAlgorithm(oid string) (h crypto.Hash, name string, ok bool) {
	switch oid {
	case "1.2.840.113549.2.5":
		return crypto.MD5, "md5", true
	case "1.3.14.3.2.26":
		return crypto.SHA1, "sha1", true
	case "2.16.840.1.101.3.4.2.4":
		return crypto.SHA224, "sha224", true
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, "sha256", true
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, "sha384", true
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, "sha512", true
	}
	return 0, "", false
}

// authenticatedAttribute reports the attributes that signers of code write by
// themselves.
func authenticatedAttribute(oid string) bool {
	switch oid {
	case oidContentType, oidMessageDigest,
		"1.2.840.113549.1.9.5",       // signing time
		"1.2.840.113549.1.9.15",      // S/MIME capabilities
		"1.2.840.113549.1.9.52",      // RFC 6211, algorithm protection
		"1.2.840.113549.1.9.16.2.12", // RFC 2634, signing certificate
		"1.2.840.113549.1.9.16.2.47", // RFC 5035, signing certificate, version 2
		"1.3.6.1.4.1.311.2.1.11",     // Authenticode, statement type
		"1.3.6.1.4.1.311.2.1.12",     // Authenticode, program name and URL
		"1.2.840.113635.100.9.1",     // Apple, digests of the code directories
		"1.2.840.113635.100.9.2":     // Apple, the same, by algorithm
		return true
	}
	return false
}

// certificateExtension reports the extensions of RFC 5280 and those that
// authorities for code and time stamps add.
func certificateExtension(oid string) bool {
	for _, arc := range [...]string{
		"2.5.29.",                 // RFC 5280, 4.2.1
		"1.3.6.1.5.5.7.",          // RFC 5280, 4.2.2, and qualified certificates
		"1.3.6.1.4.1.311.",        // Microsoft
		"1.3.6.1.4.1.11129.2.4.",  // RFC 6962, certificate transparency
		"1.2.840.113635.100.6.",   // Apple
		"1.2.840.113533.7.65.",    // Entrust
		"2.16.840.1.113730.1.",    // Netscape
		"1.3.6.1.4.1.57264.1.",    // Fulcio
		"1.2.840.113549.1.9.15",   // S/MIME capabilities
		"1.2.840.113549.1.9.16.2", // RFC 5126
	} {
		if strings.HasPrefix(oid, arc) {
			return true
		}
	}
	return false
}
