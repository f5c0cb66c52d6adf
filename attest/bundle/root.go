package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/proffer-audit/proffer/attest/trust"
)

// Root is whom the reviewer believes: certificate authorities, certificate logs,
// transparency logs and timestamp authorities, with the chains among them
// verified once. It does not change and may be used by many at a time.
type Root struct {
	id       string
	paths    []*path // from every issuer of leaf certificates to its root
	ctLogs   map[[sha256.Size]byte]*logKey
	logs     map[string]*logKey // by log id, as bytes
	stampers []*stamper
}

// window is a span of time, both ends within it; a zero end is open.
type window struct{ start, end time.Time }

func (w window) holds(t time.Time) bool {
	return !t.Before(w.start) && (w.end.IsZero() || !t.After(w.end))
}

// and is the time that two windows have in common.
func (w window) and(o window) window {
	if o.start.After(w.start) {
		w.start = o.start
	}
	if w.end.IsZero() || !o.end.IsZero() && o.end.Before(w.end) {
		w.end = o.end
	}
	return w
}

func (w window) empty() bool { return !w.end.IsZero() && w.end.Before(w.start) }

// logKey is a log: its key, under the names that checkpoints give it.
type logKey struct {
	id     string // by the key's digest
	key    crypto.PublicKey
	window window
	origin string // the name of a Rekor v2 log: the host of its URL
	hintV1 uint32 // of a signature in a Rekor v1 checkpoint
	hintV2 uint32 // of one in a Rekor v2 checkpoint, as C2SP signed-note has it
}

// NewRoot reads a trusted_root.json. The caller has checked the bytes against
// the digest that the reviewer trusts. The error is an *Error with BadRoot.
func NewRoot(data []byte) (*Root, error) {
	tr, err := trust.ParseRoot(data)
	if err != nil {
		return nil, refuseFor(BadRoot, err, "trusted root")
	}
	r := &Root{id: idOf(sha256.Sum256(data)), ctLogs: map[[sha256.Size]byte]*logKey{}, logs: map[string]*logKey{}}
	for _, l := range tr.RekorLogs() {
		k, err := readLog(l)
		if err != nil {
			return nil, err
		}
		r.logs[string(l.ID)] = k
	}
	for _, l := range tr.CTLogs() {
		k, err := readLog(l)
		if err != nil {
			return nil, err
		}
		if len(l.ID) != sha256.Size {
			return nil, refuse(BadRoot, "certificate log %.200q has an id of %d bytes, not 32", l.BaseURL, len(l.ID))
		}
		r.ctLogs[[sha256.Size]byte(l.ID)] = k
	}
	for _, ca := range tr.FulcioCertificateAuthorities() {
		if err := r.addAuthority(ca); err != nil {
			return nil, err
		}
	}
	for _, a := range tr.TimestampingAuthorities() {
		if err := r.addStamper(a); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// ID is "sha256:" and the SHA-256 of the trusted_root.json.
func (r *Root) ID() string { return r.id }

func readLog(l *root.TransparencyLog) (*logKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(l.PublicKey)
	if err != nil {
		return nil, refuseBy(BadRoot, err, "key of log %.200q cannot be used", l.BaseURL)
	}
	sum := sha256.Sum256(spki)
	k := &logKey{
		id: idOf(sum), key: l.PublicKey, window: window{l.ValidityPeriodStart, l.ValidityPeriodEnd},
		hintV1: binary.BigEndian.Uint32(sum[:]),
	}
	if u, err := url.Parse(l.BaseURL); err == nil {
		k.origin = u.Hostname()
	}
	switch key := l.PublicKey.(type) {
	case *ecdsa.PublicKey:
		k.hintV2 = k.hintV1
	case ed25519.PublicKey:
		k.hintV2 = noteHint(k.origin, append([]byte{1}, key...))
	case *rsa.PublicKey:
		k.hintV2 = noteHint(k.origin, append([]byte("\xffPKIX-RSA-PKCS#1v1.5"), spki...))
	default:
		return nil, refuse(BadRoot, "log %.200q has a key of type %T", l.BaseURL, key)
	}
	return k, nil
}

// noteHint is the key id of C2SP signed-note.
func noteHint(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

func (r *Root) addAuthority(ca root.CertificateAuthority) error {
	f, ok := ca.(*root.FulcioCertificateAuthority)
	if !ok {
		return refuse(BadRoot, "certificate authority of type %T", ca)
	}
	paths := pathsTo(f.Root, f.Intermediates, x509.ExtKeyUsageCodeSigning)
	if len(paths) == 0 {
		return refuse(BadRoot, "certificate authority %.200q has no chain that was ever valid", f.URI)
	}
	for _, p := range paths {
		p.window = p.window.and(window{f.ValidityPeriodStart, f.ValidityPeriodEnd})
		if !p.window.empty() {
			r.paths = append(r.paths, p)
		}
	}
	return nil
}

func (r *Root) addStamper(a root.TimestampingAuthority) error {
	t, ok := a.(*root.SigstoreTimestampingAuthority)
	if !ok || t.Root == nil {
		return refuse(BadRoot, "timestamp authority without a root certificate")
	}
	r.stampers = append(r.stampers, newStamper(t))
	return nil
}

// path is a chain of authorities: from the issuer of a leaf to a root, and the
// time at which all of them are valid.
type path struct {
	certs  []*x509.Certificate // issuer first, root last
	rootID string              // of the root certificate
	keySum [sha256.Size]byte   // of the issuer's SubjectPublicKeyInfo
	window window
	anchor *x509.CertPool
	middle *x509.CertPool
	// constrained: with name constraints above the issuer, which apply to the
	// leaf, so that the whole chain is verified every time.
	constrained bool
}

// pathsTo finds the chains that end in a root, each verified once, with the
// usage that they are for.
func pathsTo(rootCert *x509.Certificate, middles []*x509.Certificate, usage x509.ExtKeyUsage) []*path {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(rootCert)
	for _, m := range middles {
		between.AddCert(m)
	}
	all := append(slices.Clone(middles), rootCert)
	known := map[string]bool{}
	var paths []*path
	for _, issuer := range all {
		// A chain that is valid at all is valid when the youngest of it began.
		for _, at := range all {
			chains, err := issuer.Verify(x509.VerifyOptions{
				Roots: roots, Intermediates: between, CurrentTime: at.NotBefore, KeyUsages: []x509.ExtKeyUsage{usage},
			})
			if err != nil {
				continue
			}
			for _, chain := range chains {
				if key := chainKey(chain); !known[key] && issues(chain) {
					known[key] = true
					paths = append(paths, newPath(chain))
				}
			}
		}
	}
	return paths
}

func chainKey(chain []*x509.Certificate) string {
	var b strings.Builder
	for _, c := range chain {
		sum := sha256.Sum256(c.Raw)
		b.Write(sum[:])
	}
	return b.String()
}

// issues reports that every certificate of a chain may issue the one before it,
// with a leaf below the first.
func issues(chain []*x509.Certificate) bool {
	for below, c := range chain {
		// An old root may be version 1, which has no constraints to state.
		if c.Version >= 3 && !(c.BasicConstraintsValid && c.IsCA) {
			return false
		}
		if c.BasicConstraintsValid && c.MaxPathLen >= 0 && below > c.MaxPathLen {
			return false
		}
	}
	return true
}

// newPath makes the issuer the trust anchor of what is below it, so that its own
// chain is not verified again.
func newPath(chain []*x509.Certificate) *path {
	p := &path{
		certs: chain, rootID: idOf(sha256.Sum256(chain[len(chain)-1].Raw)), keySum: sha256.Sum256(chain[0].RawSubjectPublicKeyInfo),
		anchor: x509.NewCertPool(), middle: x509.NewCertPool(),
	}
	for i, c := range chain {
		w := window{c.NotBefore, c.NotAfter}
		if i == 0 {
			p.window = w
		}
		p.window = p.window.and(w)
		p.constrained = p.constrained || i > 0 && hasNameConstraints(c)
	}
	if !p.constrained {
		p.anchor.AddCert(chain[0])
		return p
	}
	p.anchor.AddCert(chain[len(chain)-1])
	for _, c := range chain[:len(chain)-1] {
		p.middle.AddCert(c)
	}
	return p
}

// hasNameConstraints looks for id-ce-nameConstraints (RFC 5280, 4.2.1.10).
func hasNameConstraints(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal([]int{2, 5, 29, 30}) {
			return true
		}
	}
	return false
}

// sameIssuer reports that what one path's issuer issued, the other's did too.
func (p *path) sameIssuer(o *path) bool {
	return p.certs[0].Equal(o.certs[0]) && !p.constrained && !o.constrained
}

// issued verifies that the path's issuer issued a certificate for a usage, at a
// time when both were valid. It says nothing of any other time.
func (p *path) issued(leaf *x509.Certificate, usage x509.ExtKeyUsage) error {
	at := p.window.and(window{leaf.NotBefore, leaf.NotAfter}).start
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: p.anchor, Intermediates: p.middle, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	return err
}
