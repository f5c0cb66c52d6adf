package mint

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"strings"
)

// Identity is who a certificate is for, and who vouches for it.
type Identity struct {
	URI, Email, Other string // subject alternative name; one of them
	Issuer            string // extension 1.8, and 1.1 unless OnlyV2
	OnlyV2            bool
	CI                CI
}

// CI is what Fulcio writes of a build job into a certificate, each with the last
// number of its object identifier below 1.3.6.1.4.1.57264.1. Empty ones are left
// out.
type CI struct {
	WorkflowTrigger            string // 2
	WorkflowSHA                string // 3
	WorkflowName               string // 4
	WorkflowRepository         string // 5
	WorkflowRef                string // 6
	BuildSignerURI             string // 9
	BuildSignerDigest          string // 10
	RunnerEnvironment          string // 11
	SourceRepositoryURI        string // 12
	SourceRepositoryDigest     string // 13
	SourceRepositoryRef        string // 14
	SourceRepositoryID         string // 15
	SourceRepositoryOwnerURI   string // 16
	SourceRepositoryOwnerID    string // 17
	BuildConfigURI             string // 18
	BuildConfigDigest          string // 19
	BuildTrigger               string // 20
	RunInvocationURI           string // 21
	SourceRepositoryVisibility string // 22
}

// The issuer and runners of GitHub Actions.
const (
	GitHubIssuer = "https://token.actions.githubusercontent.com"
	GitHubHosted = "github-hosted"
	SelfHosted   = "self-hosted"
)

// Email is a person's identity.
func Email(address, issuer string) Identity { return Identity{Email: address, Issuer: issuer} }

// GitHub is the identity of a workflow, such as release.yml of acme/agent at
// refs/tags/v1.2.3, with every extension that Fulcio writes for it. Commit is in
// hexadecimal.
func GitHub(repository, workflow, ref, commit string) Identity {
	home := "https://github.com/" + repository
	owner, _, _ := strings.Cut(repository, "/")
	file := home + "/.github/workflows/" + workflow + "@" + ref
	return Identity{URI: file, Issuer: GitHubIssuer, CI: CI{
		WorkflowTrigger: "push", WorkflowSHA: commit, WorkflowName: strings.TrimSuffix(workflow, ".yml"),
		WorkflowRepository: repository, WorkflowRef: ref,
		BuildSignerURI: file, BuildSignerDigest: commit, RunnerEnvironment: GitHubHosted,
		SourceRepositoryURI: home, SourceRepositoryDigest: commit, SourceRepositoryRef: ref,
		SourceRepositoryID: "1001", SourceRepositoryOwnerURI: "https://github.com/" + owner, SourceRepositoryOwnerID: "2002",
		BuildConfigURI: file, BuildConfigDigest: commit, BuildTrigger: "push",
		RunInvocationURI: home + "/actions/runs/1/attempts/1", SourceRepositoryVisibility: "public",
	}}
}

// Name is the subject alternative name.
func (id Identity) Name() string { return id.URI + id.Email + id.Other }

// fulcio is an object identifier of Fulcio's.
func fulcio(last ...int) asn1.ObjectIdentifier {
	return append(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1}, last...)
}

// extensions are those of Fulcio, in the order of their numbers. The first six
// are raw texts, the later ones are DER strings.
func (id Identity) extensions() []pkix.Extension {
	var out []pkix.Extension
	add := func(n int, value string) {
		if value == "" {
			return
		}
		raw := []byte(value)
		if n > 6 {
			raw = must(asn1.MarshalWithParams(value, "utf8"))
		}
		out = append(out, pkix.Extension{Id: fulcio(n), Value: raw})
	}
	if !id.OnlyV2 {
		add(1, id.Issuer)
	}
	c := id.CI
	for i, v := range []string{c.WorkflowTrigger, c.WorkflowSHA, c.WorkflowName, c.WorkflowRepository, c.WorkflowRef} {
		add(2+i, v)
	}
	add(8, id.Issuer)
	for i, v := range []string{
		c.BuildSignerURI, c.BuildSignerDigest, c.RunnerEnvironment, c.SourceRepositoryURI, c.SourceRepositoryDigest,
		c.SourceRepositoryRef, c.SourceRepositoryID, c.SourceRepositoryOwnerURI, c.SourceRepositoryOwnerID, c.BuildConfigURI,
		c.BuildConfigDigest, c.BuildTrigger, c.RunInvocationURI, c.SourceRepositoryVisibility,
	} {
		add(9+i, v)
	}
	return out
}

// altName is the critical extension with the subject alternative name.
func (id Identity) altName() pkix.Extension {
	var name asn1.RawValue
	switch {
	case id.URI != "":
		if _, err := url.Parse(id.URI); err != nil {
			panic("mint: " + err.Error())
		}
		name = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(id.URI)}
	case id.Email != "":
		name = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte(id.Email)}
	case id.Other != "":
		value := must(asn1.MarshalWithParams(id.Other, "utf8"))
		inner := append(must(asn1.Marshal(fulcio(7))), wrap(0, value)...)
		name = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}
	default:
		panic("mint: an identity without a name")
	}
	value := must(asn1.Marshal([]asn1.RawValue{name}))
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: value}
}

// wrap puts DER into an explicit tag.
func wrap(tag int, der []byte) []byte {
	return must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: der}))
}
