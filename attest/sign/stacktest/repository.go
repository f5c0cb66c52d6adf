package stacktest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Repository serves the stack's trust root and signing configuration by TUF,
// under one key. It gives the address and the root.json to trust it by.
func (s *Stack) Repository() (url string, root []byte, err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	files, err := publish(key, map[string][]byte{"trusted_root.json": s.TrustedRoot, "signing_config.v0.2.json": s.SigningConfig})
	if err != nil {
		return "", nil, err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data) // the client notices a broken answer
	}))
	s.stop = append(s.stop, func() error { server.Close(); return nil })
	return server.URL, files["1.root.json"], nil
}

// publish makes the files of a repository with one version of everything.
func publish(key ed25519.PrivateKey, targets map[string][]byte) (map[string][]byte, error) {
	public, err := metadata.KeyFromPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(24 * time.Hour)
	root, list := metadata.Root(until), metadata.Targets(until)
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := root.Signed.AddKey(public, role); err != nil {
			return nil, err
		}
	}
	files := map[string][]byte{}
	for name, data := range targets {
		info, err := metadata.TargetFile().FromBytes(name, data, "sha256")
		if err != nil {
			return nil, err
		}
		list.Signed.Targets[name] = info
		files["targets/"+info.Hashes["sha256"].String()+"."+name] = data
	}
	if files["1.root.json"], err = sealed(key, root); err != nil {
		return nil, err
	}
	if files["1.targets.json"], err = sealed(key, list); err != nil {
		return nil, err
	}
	if files["1.snapshot.json"], err = sealed(key, metadata.Snapshot(until)); err != nil {
		return nil, err
	}
	files["timestamp.json"], err = sealed(key, metadata.Timestamp(until))
	return files, err
}

// sealed signs a document and gives it as JSON.
func sealed[T metadata.Roles](key ed25519.PrivateKey, m *metadata.Metadata[T]) ([]byte, error) {
	s, err := signature.LoadSigner(key, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	if _, err := m.Sign(s); err != nil {
		return nil, err
	}
	return m.ToBytes(false)
}
