package stacktest

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	prototrust "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
)

// A Stack is a sigstore that is up.
type Stack struct {
	TrustedRoot   []byte // trusted_root.json
	SigningConfig []byte // signing_config.json v0.2
	People        string // issuer of e-mail identities
	Workflows     string // issuer of workflow identities
	Addresses     Addresses

	issuer *issuer
	ct     *ctLog
	server *httptest.Server // issuer and certificate log
	stop   []func() error
}

// Addresses are where the services are.
type Addresses struct {
	Authority, Log, Timestamp, Base string
	// Unlogged is a second authority that the root names, which logs no
	// certificate.
	Unlogged string
}

// parts is what a trust root is made of.
type parts struct {
	ca   []*x509.Certificate // intermediates first, root last
	ca2  []*x509.Certificate // of the authority that logs nothing
	tsa  []*x509.Certificate // leaf first, root last
	log  crypto.PublicKey
	id   []byte // of the log
	from time.Time
}

// begin starts the issuer and the certificate log.
func begin() (*Stack, error) {
	s := &Stack{}
	var err error
	if s.issuer, err = newIssuer(); err != nil {
		return nil, err
	}
	if s.ct, err = newCTLog(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	s.server = httptest.NewServer(mux)
	s.issuer.base, s.Addresses.Base = s.server.URL, s.server.URL
	s.issuer.handle(mux)
	s.ct.handle(mux)
	s.People, s.Workflows = s.server.URL+people, s.server.URL+workflows
	s.stop = append(s.stop, func() error { s.server.Close(); return nil })
	return s, nil
}

// Person is a token for an e-mail address.
func (s *Stack) Person(address string) string { return s.issuer.person(address) }

// Workflow is a token as a job of GitHub Actions has it, and the identity that a
// certificate for it names.
func (s *Stack) Workflow(repository, file, ref string) (token, identity string) {
	return s.issuer.workflow(repository, file, ref), "https://github.com/" + repository + "/.github/workflows/" + file + "@" + ref
}

// Stale is a token for an e-mail address that ran out an hour ago.
func (s *Stack) Stale(address string) string {
	return s.issuer.token(people, -time.Hour, map[string]any{"sub": address, "email": address, "email_verified": true})
}

// NamedIssuer is an issuer that exists by name alone: policies want https. Only
// the authority that New plays believes it.
const NamedIssuer = "https://issuer.example"

// Named is a token for an e-mail address from NamedIssuer.
func (s *Stack) Named(address string) string {
	return s.issuer.token(people, 10*time.Minute, map[string]any{"iss": NamedIssuer, "sub": address, "email": address, "email_verified": true})
}

// RequestURL is where a job of the test's GitHub Actions asks for its token.
func (s *Stack) RequestURL() string { return s.Workflows + "/request?api-version=2" }

// Close stops everything that was started.
func (s *Stack) Close() error {
	var first error
	for i := len(s.stop) - 1; i >= 0; i-- {
		if err := s.stop[i](); err != nil && first == nil {
			first = err
		}
	}
	s.stop = nil
	return first
}

// describe writes trust root and signing configuration.
func (s *Stack) describe(p parts) error {
	ctID, err := s.ct.id()
	if err != nil {
		return err
	}
	authority := func(chain []*x509.Certificate, at string) root.CertificateAuthority {
		last := len(chain) - 1
		return &root.FulcioCertificateAuthority{Root: chain[last], Intermediates: chain[:last], URI: at, ValidityPeriodStart: p.from}
	}
	end := len(p.tsa) - 1
	stamps := &root.SigstoreTimestampingAuthority{
		Root: p.tsa[end], Leaf: p.tsa[0], Intermediates: p.tsa[1:end], URI: s.Addresses.Timestamp, ValidityPeriodStart: p.from,
	}
	entry := func(url string, id []byte, key crypto.PublicKey) map[string]*root.TransparencyLog {
		return map[string]*root.TransparencyLog{url: {
			BaseURL: url, ID: id, HashFunc: crypto.SHA256, PublicKey: key, SignatureHashFunc: crypto.SHA256, ValidityPeriodStart: p.from,
		}}
	}
	r, err := root.NewTrustedRoot(root.TrustedRootMediaType01, []root.CertificateAuthority{authority(p.ca, s.Addresses.Authority), authority(p.ca2, s.Addresses.Unlogged)},
		entry(s.Addresses.Base+"/test", ctID[:], s.ct.public()), []root.TimestampingAuthority{stamps}, entry(s.Addresses.Log, p.id, p.log))
	if err != nil {
		return err
	}
	if s.TrustedRoot, err = r.MarshalJSON(); err != nil {
		return err
	}
	at := func(url string, version int) []any {
		return []any{map[string]any{"url": url, "majorApiVersion": version, "operator": "test", "validFor": map[string]any{"start": p.from.UTC().Format(time.RFC3339)}}}
	}
	anyOf := map[string]string{"selector": prototrust.ServiceSelector_ANY.String()}
	s.SigningConfig, err = json.Marshal(map[string]any{
		"mediaType": root.SigningConfigMediaType02,
		"caUrls":    at(s.Addresses.Authority, 1), "oidcUrls": at(s.People, 1),
		"rekorTlogUrls": at(s.Addresses.Log, 2), "rekorTlogConfig": anyOf,
		"tsaUrls": at(s.Addresses.Timestamp, 1), "tsaConfig": anyOf,
	})
	return err
}

// logID is how a log is named whose checkpoints are signed with ECDSA: the
// SHA-256 of its SubjectPublicKeyInfo.
func logID(key crypto.PublicKey) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	sum := sha256.Sum256(spki)
	return sum[:], err
}
