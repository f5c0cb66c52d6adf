package policy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// Bounds of the files that a policy names.
const (
	maxKey  = 64 << 10
	maxRoot = 8 << 20
)

// Resolve reads the files that the policy names, through load, and keeps their
// bytes: Root.Data and Principal.PEM. The path is relative to the policy, clean
// and inside its folder; digest is what the bytes must have, empty for a key,
// which is pinned by nothing but itself. The digest is checked here too. With
// the keys read, one key under two names is found to be one principal.
func (p *Policy) Resolve(load func(path, digest string) ([]byte, error)) error {
	for i, r := range p.Trust.Roots {
		at := strictyaml.Index("trust.roots", i)
		data, err := p.file(strictyaml.Field(at, "file"), r.File, r.Digest, maxRoot, load)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		if got := "sha256:" + hex.EncodeToString(sum[:]); got != r.Digest {
			return p.positions.Errorf(DigestMismatch, strictyaml.Field(at, "digest"), "ask who changed the file; then pin it anew", "the file has %s", got)
		}
		p.Trust.Roots[i].Data = data
	}
	roles := maps.Clone(p.Trust.Roles)
	for _, name := range sorted(roles) {
		r := roles[name]
		principals, err := p.keys(name, r, load)
		if err != nil {
			return err
		}
		r.Principals = principals
		roles[name] = r
	}
	p.Trust.Roles = roles
	v := &validator{p: p}
	v.roles()
	return v.err
}

func (p *Policy) keys(role string, r Role, load func(path, digest string) ([]byte, error)) ([]Principal, error) {
	out := slices.Clone(r.Principals)
	for i, q := range out {
		if q.Key == "" {
			continue
		}
		at := strictyaml.Field(strictyaml.Index("trust.roles."+role+".principals", i), "key")
		data, err := p.file(at, q.Key, "", maxKey, load)
		if err != nil {
			return nil, err
		}
		if _, err := publicKey(data); err != nil {
			return nil, p.positions.Errorf(BadKey, at, "give the PEM file of one public key", "%v", err)
		}
		out[i].PEM = data
	}
	return out, nil
}

func (p *Policy) file(at, path, digest string, limit int, load func(path, digest string) ([]byte, error)) ([]byte, error) {
	data, err := load(path, digest)
	switch {
	case err != nil:
		return nil, p.positions.Errorf(Unreadable, at, "put the file beside the policy", "%v", err)
	case len(data) == 0 || len(data) > limit:
		return nil, p.positions.Errorf(Unreadable, at, "", "the file has %d bytes; 1 to %d are read", len(data), limit)
	}
	return slices.Clone(data), nil
}

// publicKey reads the one public key of a PEM file, in its DER form.
func publicKey(data []byte) (der []byte, err error) {
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, errors.New("not a PEM file")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("the PEM file holds a %.40q, not a public key", block.Type)
	case len(bytes.TrimSpace(rest)) > 0 || !bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")):
		return nil, errors.New("the PEM file holds more than one key")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize < 256 {
			return nil, fmt.Errorf("an elliptic curve of %d bits is too weak", k.Curve.Params().BitSize)
		}
	case ed25519.PublicKey:
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, fmt.Errorf("an RSA key of %d bits is too weak", k.N.BitLen())
		}
	default:
		return nil, fmt.Errorf("a key of type %T cannot verify signatures", key)
	}
	return x509.MarshalPKIXPublicKey(key)
}

// spki is the digest of a key that publicKey accepts: what makes two entries
// one principal.
func spki(data []byte) string {
	der, err := publicKey(data)
	if err != nil {
		return "unusable " + string(data)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
