package bundle

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// Identity is whom a certificate of a sigstore authority names, and what it says
// of the build that signed (OIDs 1.3.6.1.4.1.57264.1.*). All of it is the
// authority's word; absent extensions are empty.
type Identity struct {
	SAN    string // subject alternative name: URI, e-mail address or other name
	Issuer string // of the token (1.1 and 1.8)

	GitHubWorkflowTrigger    string // 1.2, deprecated
	GitHubWorkflowSHA        string // 1.3, deprecated
	GitHubWorkflowName       string // 1.4, deprecated
	GitHubWorkflowRepository string // 1.5, deprecated
	GitHubWorkflowRef        string // 1.6, deprecated

	BuildSignerURI                      string // 1.9
	BuildSignerDigest                   string // 1.10
	RunnerEnvironment                   string // 1.11
	SourceRepositoryURI                 string // 1.12
	SourceRepositoryDigest              string // 1.13
	SourceRepositoryRef                 string // 1.14
	SourceRepositoryIdentifier          string // 1.15
	SourceRepositoryOwnerURI            string // 1.16
	SourceRepositoryOwnerIdentifier     string // 1.17
	BuildConfigURI                      string // 1.18
	BuildConfigDigest                   string // 1.19
	BuildTrigger                        string // 1.20
	RunInvocationURI                    string // 1.21
	SourceRepositoryVisibilityAtSigning string // 1.22
}

// field gives the place of an extension by the last number of its OID, and
// whether its value is a DER string (all from 1.8) or bare text.
func (i *Identity) field(n int, issuers *[2]string) (at *string, der bool) {
	der = n >= 8
	fields := [...]*string{
		1: &issuers[0], 2: &i.GitHubWorkflowTrigger, 3: &i.GitHubWorkflowSHA, 4: &i.GitHubWorkflowName,
		5: &i.GitHubWorkflowRepository, 6: &i.GitHubWorkflowRef, 7: nil, 8: &issuers[1],
		9: &i.BuildSignerURI, 10: &i.BuildSignerDigest, 11: &i.RunnerEnvironment,
		12: &i.SourceRepositoryURI, 13: &i.SourceRepositoryDigest, 14: &i.SourceRepositoryRef,
		15: &i.SourceRepositoryIdentifier, 16: &i.SourceRepositoryOwnerURI, 17: &i.SourceRepositoryOwnerIdentifier,
		18: &i.BuildConfigURI, 19: &i.BuildConfigDigest, 20: &i.BuildTrigger, 21: &i.RunInvocationURI,
		22: &i.SourceRepositoryVisibilityAtSigning,
	}
	if n < 1 || n >= len(fields) {
		return nil, false
	}
	return fields[n], der
}

// readIdentity reads the names of a certificate: exactly one subject, and one
// issuer under both of its numbers.
func readIdentity(leaf *x509.Certificate) (Identity, error) {
	var id Identity
	var issuers [2]string
	for _, e := range leaf.Extensions {
		if len(e.Id) != 9 || !slices.Equal(e.Id[:8], fulcioOID()) {
			continue
		}
		at, der := id.field(e.Id[8], &issuers)
		if at == nil {
			continue
		}
		if !der {
			*at = string(e.Value)
		} else if rest, err := asn1.Unmarshal(e.Value, at); err != nil || len(rest) > 0 {
			return Identity{}, refuse(BadCertificate, "extension %s is not one DER string", e.Id)
		}
	}
	if issuers[0] != "" && issuers[1] != "" && issuers[0] != issuers[1] {
		return Identity{}, refuse(BadCertificate, "certificate names two issuers, %.200q and %.200q", issuers[0], issuers[1])
	}
	if id.Issuer = issuers[1]; id.Issuer == "" {
		id.Issuer = issuers[0]
	}
	names := subjects(leaf)
	if len(names) != 1 || names[0] == "" {
		return Identity{}, refuse(BadCertificate, "certificate with %d subject names, not exactly one", len(names))
	}
	id.SAN = names[0]
	return id, nil
}

func fulcioOID() []int { return []int{1, 3, 6, 1, 4, 1, 57264, 1} }

// subjects lists the subject alternative names. A host or address signs nothing:
// it counts as a name that is empty.
func subjects(leaf *x509.Certificate) []string {
	var names []string
	for _, u := range leaf.URIs {
		names = append(names, u.String())
	}
	names = append(names, leaf.EmailAddresses...)
	if len(leaf.DNSNames)+len(leaf.IPAddresses) > 0 {
		names = append(names, "")
	}
	if len(names) == 0 {
		if other, err := cryptoutils.UnmarshalOtherNameSAN(leaf.Extensions); err == nil {
			names = append(names, other)
		}
	}
	return names
}
