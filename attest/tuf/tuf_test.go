package tuf_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/tuf"
	"github.com/proffer-audit/proffer/attest/wire"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A repository with three keys of which two must sign root and targets.
type repository struct {
	t       *testing.T
	keys    []ed25519.PrivateKey
	files   map[string][]byte
	targets map[string][]byte
	version int64
	expires time.Time
	signers int
	server  *httptest.Server
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{
		t: t, files: map[string][]byte{}, version: 1, expires: time.Now().Add(24 * time.Hour), signers: 2,
		targets: map[string][]byte{tuf.RootTarget: bundle.PublicGood(), tuf.ConfigTarget: []byte(`{"mediaType":"x"}`)},
	}
	for range 3 {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		check(t, err)
		r.keys = append(r.keys, key)
	}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		data, ok := r.files[strings.TrimPrefix(q.URL.Path, "/")]
		if !ok {
			http.NotFound(w, q)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(r.server.Close)
	r.publish()
	return r
}

// signed signs a document with the first keys and gives it as JSON.
func signed[T metadata.Roles](r *repository, m *metadata.Metadata[T]) []byte {
	r.t.Helper()
	m.ClearSignatures()
	for _, key := range r.keys[:r.signers] {
		s, err := signature.LoadSigner(key, crypto.Hash(0))
		check(r.t, err)
		_, err = m.Sign(s)
		check(r.t, err)
	}
	raw, err := m.ToBytes(false)
	check(r.t, err)
	return raw
}

// publish writes the repository's files anew.
func (r *repository) publish() {
	r.t.Helper()
	root := metadata.Root(time.Now().Add(24 * time.Hour))
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		for _, key := range r.keys {
			k, err := metadata.KeyFromPublicKey(key.Public())
			check(r.t, err)
			check(r.t, root.Signed.AddKey(k, role))
		}
		root.Signed.Roles[role].Threshold = 2
	}
	if r.files["1.root.json"] == nil {
		r.files["1.root.json"] = signed(r, root)
	}
	targets := metadata.Targets(r.expires)
	targets.Signed.Version = r.version
	for name, data := range r.targets {
		info, err := metadata.TargetFile().FromBytes(name, data, "sha256")
		check(r.t, err)
		targets.Signed.Targets[name] = info
		r.files["targets/"+info.Hashes["sha256"].String()+"."+name] = data
	}
	snapshot, timestamp := metadata.Snapshot(r.expires), metadata.Timestamp(r.expires)
	snapshot.Signed.Version, timestamp.Signed.Version = r.version, r.version
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(r.version)
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(r.version)
	r.files[fmt.Sprintf("%d.targets.json", r.version)] = signed(r, targets)
	r.files[fmt.Sprintf("%d.snapshot.json", r.version)] = signed(r, snapshot)
	r.files["timestamp.json"] = signed(r, timestamp)
}

func (r *repository) options() tuf.Options {
	return tuf.Options{URL: r.server.URL, Root: r.files["1.root.json"], Cache: r.t.TempDir(), Client: wire.New(wire.Options{AllowPrivate: true})}
}

func TestFetch(t *testing.T) {
	r := newRepository(t)
	opt := r.options()
	m, err := tuf.Fetch(t.Context(), opt)
	check(t, err)
	if !bytes.Equal(m.TrustedRoot, bundle.PublicGood()) || !json.Valid(m.SigningConfig) {
		t.Error("something else came")
	}
	r.version, r.targets = 2, map[string][]byte{tuf.RootTarget: bundle.Staging()}
	r.publish()
	m, err = tuf.Fetch(t.Context(), opt)
	check(t, err)
	if !bytes.Equal(m.TrustedRoot, bundle.Staging()) || m.SigningConfig != nil {
		t.Error("the newer version did not come")
	}
}

func TestFetchRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*repository, *tuf.Options)
		want   tuf.Code
	}{
		{"one signature of two", func(r *repository, _ *tuf.Options) { r.signers = 1; r.publish() }, tuf.Refused},
		{"run out", func(r *repository, _ *tuf.Options) { r.expires = time.Now().Add(-time.Hour); r.publish() }, tuf.Refused},
		{"tampered target", func(r *repository, _ *tuf.Options) {
			for name, data := range r.files {
				if strings.HasPrefix(name, "targets/") {
					r.files[name] = bytes.Replace(data, []byte("sigstore"), []byte("sigst0re"), 1)
				}
			}
		}, tuf.Refused},
		{"a longer target", func(r *repository, _ *tuf.Options) {
			for name, data := range r.files {
				if strings.HasPrefix(name, "targets/") {
					r.files[name] = append(data, ' ')
				}
			}
		}, tuf.Refused},
		{"another's keys", func(r *repository, o *tuf.Options) { o.Root = newRepository(r.t).files["1.root.json"] }, tuf.Refused},
		{"goes back", func(r *repository, o *tuf.Options) {
			r.version = 5
			r.publish()
			_, err := tuf.Fetch(r.t.Context(), *o)
			check(r.t, err)
			r.version = 4
			r.publish()
		}, tuf.Refused},
		{"no trust root", func(r *repository, _ *tuf.Options) { delete(r.targets, tuf.RootTarget); r.publish() }, tuf.Missing},
		{"a trust root that is none", func(r *repository, _ *tuf.Options) { r.targets[tuf.RootTarget] = []byte("{}"); r.publish() }, tuf.BadTarget},
		{"no metadata", func(r *repository, _ *tuf.Options) { delete(r.files, "timestamp.json") }, tuf.Unreachable},
		{"gone", func(r *repository, _ *tuf.Options) { r.server.Close() }, tuf.Unreachable},
		{"not allowed", func(_ *repository, o *tuf.Options) { o.Client = wire.New(wire.Options{}) }, tuf.Unreachable},
		{"a root that is none", func(_ *repository, o *tuf.Options) { o.Root = []byte("x") }, tuf.BadRoot},
		{"a root of another kind", func(_ *repository, o *tuf.Options) { o.Root = []byte("{}") }, tuf.Refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRepository(t)
			opt := r.options()
			tt.change(r, &opt)
			m, err := tuf.Fetch(t.Context(), opt)
			if tuf.CodeOf(err) != tt.want || m != nil && err != nil {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestInstances(t *testing.T) {
	for name, instance := range map[string]func() (string, []byte){"public-good": tuf.PublicGood, "staging": tuf.Staging} {
		if url, root := instance(); !strings.HasPrefix(url, "https://") || !json.Valid(root) {
			t.Errorf("%s: %s", name, url)
		}
	}
}
