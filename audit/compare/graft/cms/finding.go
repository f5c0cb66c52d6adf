package cms

import (
	"fmt"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// The codes of findings.
const (
	NotDER                   = "cms-not-der"                   // a length written longer than it need be
	OpenLength               = "cms-open-length"               // an indefinite length: BER
	UnknownElement           = "cms-unknown-element"           // behind the last element of the schema
	AlgorithmParameters      = "cms-algorithm-parameters"      // parameters where there are none
	CertificateUnrelated     = "cms-certificate-unrelated"     // in no signer's chain
	CertificateDuplicate     = "cms-certificate-duplicate"     //
	CertificateUnreadable    = "cms-certificate-unreadable"    // not an X.509 certificate
	CertificateExtension     = "cms-certificate-extension"     // unknown or overlong: room in a chain that the signer made
	RevocationList           = "cms-revocation-list"           // a list that is not needed to check a signature
	AuthenticatedAttribute   = "cms-authenticated-attribute"   // unknown, doubled or overlong
	UnauthenticatedAttribute = "cms-unauthenticated-attribute" // covered by no signature, and not a timestamp or a second signature
	TimestampUnrelated       = "cms-timestamp-unrelated"       // stamps something else
	TimestampLong            = "cms-timestamp-long"
	SignatureInvalid         = "cms-signature-invalid"   // does not verify with the certificate beside it
	SignatureUnchecked       = "cms-signature-unchecked" // an algorithm that is not read here
	NoSigner                 = "cms-no-signer"
)

// Finding is something in a message that is not signature, or not in order.
type Finding struct {
	Code             string
	Offset, Length   int // bytes, from the start of the message
	Message          string
	SecurityRelevant bool
}

func (p *parser) flag(code string, e element, format string, args ...any) {
	p.add(Finding{Code: code, Offset: e.start, Length: e.end - e.start, Message: say(format, args...), SecurityRelevant: true})
}

func (p *parser) add(f Finding) {
	f.Offset += p.base
	p.findings = append(p.findings, f)
}

// say formats words of ours around values that may be the vendor's.
func say(format string, args ...any) string {
	return safetext.Of(fmt.Sprintf(format, args...)).String()
}
