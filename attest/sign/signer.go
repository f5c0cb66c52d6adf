package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"

	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/wire"
)

// Options are what a Signer connects with.
type Options struct {
	Client   *wire.Client
	Services Services
	// Root is the trusted_root.json under which everything is verified before it
	// is handed out. A Signer that connects cannot do without.
	Root []byte
	Now  func() time.Time
}

// A Signer signs statements and files. Each result is a sigstore bundle v0.3 in
// canonical JSON.
type Signer struct {
	opt              Options
	key              *trust.Key
	leaf             *x509.Certificate // nil where a key signs
	identity, issuer string            // of leaf
}

// Bare is a Signer by key that connects to nothing.
func Bare(key *trust.Key) *Signer { return &Signer{key: key} }

// Witnessed is a Signer by key whose signatures are logged or timestamped: what
// a later reader needs to know when it was signed.
func Witnessed(key *trust.Key, opt Options) (*Signer, error) {
	if len(opt.Services.Logs)+len(opt.Services.Timestamps) == 0 {
		return nil, refuse(NoService, "the signing configuration names neither a log nor a timestamp authority")
	}
	s := &Signer{opt: opt, key: key}
	return s, s.checkRoot()
}

// Identity is a Signer as the one whom a token names. Its key is made here and
// is never written anywhere.
func Identity(ctx context.Context, token Token, opt Options) (*Signer, error) {
	if err := token.usable(opt.Now()); err != nil {
		return nil, err
	}
	switch {
	case opt.Services.Authority.URL == "":
		return nil, refuse(NoService, "the signing configuration names no certificate authority that can be used now").
			hint("name one with --signing-config or --fulcio-url")
	case len(opt.Services.Logs) == 0:
		return nil, refuse(NoService, "the signing configuration names no transparency log that can be used now").
			hint("name one with --signing-config or --rekor-url")
	case opt.Services.Logs[0].Version != 1 && len(opt.Services.Timestamps) == 0:
		return nil, refuse(NoService, "this transparency log gives no time, and no timestamp authority is named").
			hint("name one with --signing-config or --tsa-url")
	}
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &Signer{opt: opt}
	if s.key, err = trust.KeyOf(secret); err != nil {
		return nil, err
	}
	if err := s.checkRoot(); err != nil {
		return nil, err
	}
	if s.leaf, err = s.certify(ctx, token); err != nil {
		return nil, err
	}
	summary, err := certificate.SummarizeCertificate(s.leaf)
	if err != nil {
		return nil, refuse(BadAnswer, "the certificate is not one of a sigstore authority").because(err)
	}
	s.identity, s.issuer = summary.SubjectAlternativeName, summary.Issuer
	return s, nil
}

// checkRoot refuses to sign what could not be verified afterwards.
func (s *Signer) checkRoot() error {
	if len(s.opt.Root) == 0 {
		return refuse(NoRoot, "there is no trust root to verify the signature under").hint("name it with --trusted-root; trust init fetches it")
	}
	_, err := trust.ParseRoot(s.opt.Root)
	return err
}

// Key is the key that signs: of a Signer by identity, the one that lives as long
// as it does. What it signs alone is bound to the identity only for a reader who
// also has a bundle with the certificate.
func (s *Signer) Key() *trust.Key { return s.key }

// Named gives the identity and who vouches for it; both "" where a key signs.
func (s *Signer) Named() (identity, issuer string) { return s.identity, s.issuer }

// Connects tells a Signer that uses services.
func (s *Signer) Connects() bool { return s.opt.Client != nil }

// signMessage signs a message; digest is what the signature is over, nil where
// the key hashes by itself.
func (s *Signer) signMessage(message []byte) (sig, digest []byte, err error) {
	hash := trust.HashOf(s.key.Public().Key)
	signed := message
	if hash != 0 {
		digest = sum(hash, message)
		signed = digest
	}
	sig, err = s.key.Signer().Sign(rand.Reader, signed, hash)
	if err != nil {
		return nil, nil, &Error{Code: BadPlugin, What: "sign with the key", Err: err}
	}
	return sig, digest, nil
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// hint names the key as sigstore's own tools do.
func (s *Signer) hint() string {
	f := s.key.Public().Fingerprint()
	return base64.StdEncoding.EncodeToString(f[:])
}

func (s *Signer) spki() []byte {
	block, _ := pem.Decode(bytes.TrimSpace(s.key.PublicPEM()))
	return block.Bytes
}

// The retries of a request that a service may yet answer.
const (
	attempts   = 3
	firstPause = time.Second // doubled for each further attempt
)

// send makes a request, again where the service is busy or silent.
func (s *Signer) send(ctx context.Context, r wire.Request) (int, []byte, error) {
	pause := firstPause
	for n := 1; ; n++ {
		status, body, err := s.opt.Client.Do(ctx, r)
		if err == nil || n == attempts || !passing(err) {
			return status, body, err
		}
		select {
		case <-ctx.Done():
			return 0, nil, context.Cause(ctx)
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// passing tells a failure that may pass by itself.
func passing(err error) bool {
	e, ok := errors.AsType[*wire.Error](err)
	return ok && (e.Code == wire.Transport || e.Answer == http.StatusTooManyRequests || e.Answer >= 500)
}

// conflict tells the answer of a log that has this very entry: an earlier
// request went through, and its answer was lost.
func conflict(err error) bool {
	e, ok := errors.AsType[*wire.Error](err)
	return ok && e.Answer == http.StatusConflict
}
