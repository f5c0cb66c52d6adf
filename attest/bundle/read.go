package bundle

import (
	"bytes"
	"crypto/x509"
)

// MaxBundle is the size at which Read stops where a caller sets no limit, in
// bytes.
const MaxBundle = 8 << 20

// The lists of a bundle are as long as sigstore-go reads them.
const (
	maxEntries = 32
	maxStamps  = 32
	maxChain   = 16
)

// Bundle is a bundle that was read and not yet believed.
type Bundle struct {
	version     string // "0.1", "0.2" or "0.3"
	leaf        *x509.Certificate
	claim       Identity // of leaf, as it claims
	hint        string
	entries     []logEntry
	stamps      [][]byte
	sig         []byte
	envelope    bool
	payloadType string
	payload     []byte
	digestAlg   string // of a message: sha256, sha384 or sha512
	digest      []byte
}

// Read reads a bundle of at most limit bytes; 0 is MaxBundle. The error is an
// *Error with Unreadable, TooLarge, UnknownVersion, BadCertificate,
// InclusionMissing or BadEntry.
func Read(data []byte, limit int) (*Bundle, error) {
	if limit <= 0 {
		limit = MaxBundle
	}
	if len(data) > limit {
		return nil, refuse(TooLarge, "bundle has %d bytes, the limit is %d", len(data), limit)
	}
	c, err := openJSON(data)
	if err != nil {
		return nil, refuseFor(Unreadable, err, "bundle")
	}
	doc := c.document()
	if c.err != nil {
		return nil, refuseFor(Unreadable, c.err, "bundle")
	}
	version, ok := versions(doc.mediaType)
	if !ok {
		return nil, refuse(UnknownVersion, "media type %.80q is not that of a sigstore bundle v0.1 to v0.3", doc.mediaType)
	}
	if doc.material == nil {
		return nil, refuse(Unreadable, "bundle without verification material")
	}
	b := &Bundle{version: version}
	if err := b.readContent(&doc); err != nil {
		return nil, err
	}
	if err := b.readSigner(doc.material); err != nil {
		return nil, err
	}
	if err := b.readEntries(doc.material.entries); err != nil {
		return nil, err
	}
	return b, b.readStamps(doc.material.stamps)
}

// versions maps a media type to the version of its format.
func versions(mediaType string) (string, bool) {
	switch mediaType {
	case "application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle.v0.1+json":
		return "0.1", true
	case "application/vnd.dev.sigstore.bundle+json;version=0.2", "application/vnd.dev.sigstore.bundle.v0.2+json":
		return "0.2", true
	case "application/vnd.dev.sigstore.bundle+json;version=0.3", "application/vnd.dev.sigstore.bundle.v0.3+json":
		return "0.3", true
	}
	return "", false
}

func (b *Bundle) readContent(doc *document) error {
	switch {
	case doc.envelope != nil && doc.message != nil:
		return refuse(Unreadable, "bundle with both an envelope and a message signature")
	case doc.envelope != nil:
		env := doc.envelope
		if n := len(env.sigs); n != 1 {
			return refuse(Unreadable, "envelope has %d signatures, not exactly one", n)
		}
		b.envelope, b.payloadType, b.payload, b.sig = true, env.payloadType, env.payload, env.sigs[0]
		if b.payloadType == "" || len(b.payload) == 0 {
			return refuse(Unreadable, "envelope without payload type or payload")
		}
	case doc.message != nil:
		alg, size := protoHash(doc.message.algorithm)
		if size == 0 || len(doc.message.digest) != size {
			return refuse(Unreadable, "message digest is not a SHA-256, SHA-384 or SHA-512")
		}
		b.digestAlg, b.digest, b.sig = alg, doc.message.digest, doc.message.sig
	default:
		return refuse(Unreadable, "bundle with neither envelope nor message signature")
	}
	if len(b.sig) == 0 {
		return refuse(Unreadable, "bundle without a signature")
	}
	return nil
}

// protoHash gives the digest's name and size, in bytes, of a HashAlgorithm of
// sigstore's protobuf-specs.
func protoHash(name string) (string, int) {
	switch name {
	case "SHA2_256":
		return "sha256", 32
	case "SHA2_384":
		return "sha384", 48
	case "SHA2_512":
		return "sha512", 64
	}
	return "", 0
}

func (b *Bundle) readSigner(m *material) error {
	kinds := 0
	for _, there := range []bool{m.key != nil, m.chain != nil, m.certificate != nil} {
		if there {
			kinds++
		}
	}
	if kinds != 1 {
		return refuse(Unreadable, "%d of public key, certificate and chain, where one is due", kinds)
	}
	switch {
	case m.key != nil:
		b.hint = *m.key
		return nil
	case m.certificate != nil:
		return b.readLeaf(*m.certificate)
	case b.version == "0.3":
		return refuse(Unreadable, "a certificate chain in a bundle v0.3, which has one certificate")
	}
	if n := len(*m.chain); n < 1 || n > maxChain {
		return refuse(Unreadable, "chain of %d certificates; 1 to %d are read", n, maxChain)
	}
	return b.readLeaf((*m.chain)[0])
}

func (b *Bundle) readLeaf(raw []byte) error {
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return refuseBy(BadCertificate, err, "not an X.509 certificate")
	}
	if leaf.IsCA {
		return refuse(BadCertificate, "the certificate is that of an authority, not of a signer")
	}
	if !strong(leaf.PublicKey) {
		return refuse(BadCertificate, "the certificate's key is of a kind or size that is not trusted")
	}
	b.leaf = leaf
	b.claim, err = readIdentity(leaf)
	return err
}

func (b *Bundle) readEntries(entries []logEntry) error {
	if n := len(entries); n > maxEntries {
		return refuse(TooLarge, "%d log entries; %d are read", n, maxEntries)
	}
	for i := range entries {
		e := &entries[i]
		if err := e.check(); err != nil {
			return err
		}
		if b.version == "0.1" && e.promise == nil {
			return refuse(InclusionMissing, "log entry without an inclusion promise, which bundles v0.1 have")
		}
		if b.version != "0.1" && e.proof == nil {
			return refuse(InclusionMissing, "log entry without an inclusion proof, which bundles v%s have", b.version)
		}
		for j := range i {
			if entries[j].index == e.index && bytes.Equal(entries[j].log, e.log) {
				return refuse(DuplicateEntry, "one log entry twice")
			}
		}
	}
	b.entries = entries
	return nil
}

// check wants the parts of an entry that all entries have.
func (e *logEntry) check() error {
	switch {
	case len(e.log) == 0:
		return refuse(BadEntry, "log entry without the id of its log")
	case e.kind == "" || e.version == "":
		return refuse(BadEntry, "log entry without its kind")
	case len(e.body) == 0:
		return refuse(BadEntry, "log entry without a body")
	case e.index < 0 || e.integrated < 0:
		return refuse(BadEntry, "log entry with a negative index or time")
	case e.promise != nil && len(*e.promise) == 0:
		return refuse(BadPromise, "log entry with an empty inclusion promise")
	case e.proof != nil && e.proof.checkpoint == "":
		return refuse(BadCheckpoint, "inclusion proof without a checkpoint")
	case e.proof != nil && (e.proof.index < 0 || e.proof.size < 0):
		return refuse(BadInclusion, "inclusion proof with a negative index or size")
	}
	return nil
}

func (b *Bundle) readStamps(stamps [][]byte) error {
	if n := len(stamps); n > maxStamps {
		return refuse(TooLarge, "%d timestamps; %d are read", n, maxStamps)
	}
	for _, s := range stamps {
		if len(s) == 0 {
			return refuse(BadTimestamp, "empty timestamp")
		}
	}
	b.stamps = stamps
	return nil
}

// Version is that of the format: "0.1", "0.2" or "0.3".
func (b *Bundle) Version() string { return b.version }

// Envelope gives type and payload of a DSSE envelope, as yet unverified; ok is
// false for a message signature.
func (b *Bundle) Envelope() (payloadType string, payload []byte, ok bool) {
	return b.payloadType, b.payload, b.envelope
}

// Certificate is the signer's, or nil where a key signed.
func (b *Bundle) Certificate() *x509.Certificate { return b.leaf }

// Claim is whom the certificate names, as yet unverified; ok is false where a
// key signed.
func (b *Bundle) Claim() (who Identity, ok bool) { return b.claim, b.leaf != nil }

// Hint is the bundle's own word for the key that signed; it proves nothing.
func (b *Bundle) Hint() string { return b.hint }

// LogEntries is how many log entries the bundle shows.
func (b *Bundle) LogEntries() int { return len(b.entries) }

// Timestamps is how many RFC 3161 timestamps the bundle shows.
func (b *Bundle) Timestamps() int { return len(b.stamps) }
