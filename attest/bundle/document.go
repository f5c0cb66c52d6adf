package bundle

// document is the JSON of a bundle, as protobuf writes it. Of protobuf's several
// spellings of a key or an enumeration only the one that it writes is read;
// nothing may be null but what may be absent.
type document struct {
	mediaType string
	material  *material
	envelope  *envelope
	message   *messageSignature
}

type material struct {
	key         *string // its hint
	chain       *[][]byte
	certificate *[]byte
	entries     []logEntry
	stamps      [][]byte
}

// logEntry is a TransparencyLogEntry of sigstore's protobuf-specs.
type logEntry struct {
	index      int64
	log        []byte // the id of its log
	kind       string
	version    string
	integrated int64   // seconds since 1970; 0 is none
	promise    *[]byte // the signed entry timestamp
	proof      *proof
	body       []byte
}

type proof struct {
	index, size int64
	root        []byte
	hashes      [][]byte
	checkpoint  string
}

type envelope struct {
	payload     []byte
	payloadType string
	sigs        [][]byte
}

type messageSignature struct {
	algorithm string
	digest    []byte
	sig       []byte
}

func (c *cursor) document() (d document) {
	c.object(func(key string) bool {
		switch key {
		case "mediaType":
			d.mediaType = c.text()
		case "verificationMaterial":
			d.material = optional(c, c.material)
		case "dsseEnvelope":
			d.envelope = optional(c, c.envelope)
		case "messageSignature":
			d.message = optional(c, c.message)
		default:
			return false
		}
		return true
	})
	return d
}

// optional reads a value that may be null.
func optional[T any](c *cursor, read func() T) *T {
	if c.null() {
		return nil
	}
	v := read()
	return &v
}

func (c *cursor) material() (m material) {
	c.object(func(key string) bool {
		switch key {
		case "publicKey":
			m.key = optional(c, func() string { return c.textOf("hint") })
		case "x509CertificateChain":
			m.chain = optional(c, func() (certs [][]byte) {
				c.only("certificates", func() {
					c.list(func() { certs = append(certs, c.bytesOf("rawBytes")) })
				})
				return certs
			})
		case "certificate":
			m.certificate = optional(c, func() []byte { return c.bytesOf("rawBytes") })
		case "tlogEntries":
			c.list(func() { m.entries = append(m.entries, c.entry()) })
		case "timestampVerificationData":
			if c.null() {
				break
			}
			c.only("rfc3161Timestamps", func() {
				c.list(func() { m.stamps = append(m.stamps, c.bytesOf("signedTimestamp")) })
			})
		default:
			return false
		}
		return true
	})
	return m
}

// only reads an object that has one key, or none.
func (c *cursor) only(name string, read func()) {
	c.object(func(key string) bool {
		if key == name {
			read()
		}
		return key == name
	})
}

func (c *cursor) bytesOf(name string) (b []byte) {
	c.only(name, func() { b = c.bytes() })
	return b
}

func (c *cursor) textOf(name string) (s string) {
	c.only(name, func() { s = c.text() })
	return s
}

func (c *cursor) entry() (e logEntry) {
	c.object(func(key string) bool {
		switch key {
		case "logIndex":
			e.index = c.integer()
		case "logId":
			e.log = c.bytesOf("keyId")
		case "kindVersion":
			c.kindVersion(&e)
		case "integratedTime":
			e.integrated = c.integer()
		case "inclusionPromise":
			e.promise = optional(c, func() []byte { return c.bytesOf("signedEntryTimestamp") })
		case "inclusionProof":
			e.proof = optional(c, c.proof)
		case "canonicalizedBody":
			e.body = c.bytes()
		default:
			return false
		}
		return true
	})
	return e
}

func (c *cursor) kindVersion(e *logEntry) {
	c.object(func(key string) bool {
		switch key {
		case "kind":
			e.kind = c.text()
		case "version":
			e.version = c.text()
		default:
			return false
		}
		return true
	})
}

func (c *cursor) proof() (p proof) {
	c.object(func(key string) bool {
		switch key {
		case "logIndex":
			p.index = c.integer()
		case "rootHash":
			p.root = c.bytes()
		case "treeSize":
			p.size = c.integer()
		case "hashes":
			c.list(func() { p.hashes = append(p.hashes, c.bytes()) })
		case "checkpoint":
			p.checkpoint = c.textOf("envelope")
		default:
			return false
		}
		return true
	})
	return p
}

func (c *cursor) envelope() (e envelope) {
	c.object(func(key string) bool {
		switch key {
		case "payload":
			e.payload = c.bytes()
		case "payloadType":
			e.payloadType = c.text()
		case "signatures":
			c.list(func() {
				var sig []byte
				c.object(func(key string) bool {
					switch key {
					case "sig":
						sig = c.bytes()
					case "keyid":
						c.text() // the bundle's own word for the key
					default:
						return false
					}
					return true
				})
				e.sigs = append(e.sigs, sig)
			})
		default:
			return false
		}
		return true
	})
	return e
}

func (c *cursor) message() (m messageSignature) {
	c.object(func(key string) bool {
		switch key {
		case "messageDigest":
			c.object(func(key string) bool {
				switch key {
				case "algorithm":
					m.algorithm = c.text()
				case "digest":
					m.digest = c.bytes()
				default:
					return false
				}
				return true
			})
		case "signature":
			m.sig = c.bytes()
		default:
			return false
		}
		return true
	})
	return m
}
