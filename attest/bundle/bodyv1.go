package bundle

import "encoding/base64"

// rekorV1 is the canonicalized body of an entry of Rekor v1, as far as its kind
// has these fields.
type rekorV1 struct {
	apiVersion, kind string
	digest           hashValue // of an artifact
	payload          hashValue // of an envelope's payload
	sigs             []loggedSignature
	inEnvelope       bool // signatures stand in an envelope
}

type hashValue struct {
	algorithm string
	value     string // hexadecimal
}

type loggedSignature struct {
	sig []byte
	pem []byte // of certificate or key
}

// readBody reads a body of hashedrekord 0.0.1, dsse 0.0.1 or intoto 0.0.2.
func readBody(body []byte, kind, version string) (s subject, err error) {
	spec := map[string]func(*cursor, *rekorV1){
		"hashedrekord 0.0.1": (*cursor).hashedrekord, "dsse 0.0.1": (*cursor).dsse, "intoto 0.0.2": (*cursor).intoto,
	}[kind+" "+version]
	if spec == nil {
		return s, refuse(BadEntry, "log entry of unknown kind %.40q %.40q", kind, version)
	}
	c, err := openJSON(body)
	if err != nil {
		return s, refuseFor(BadEntry, err, "body of log entry")
	}
	var r rekorV1
	c.object(func(key string) bool {
		switch key {
		case "apiVersion":
			r.apiVersion = c.text()
		case "kind":
			r.kind = c.text()
		case "spec":
			spec(c, &r)
		default:
			return false
		}
		return true
	})
	switch {
	case c.err != nil:
		return s, refuseFor(BadEntry, c.err, "body of log entry %s %s", kind, version)
	case r.kind != kind || r.apiVersion != version:
		return s, refuse(BadEntry, "log entry is %.40q %.40q, and said to be %.40q %.40q", r.kind, r.apiVersion, kind, version)
	case len(r.sigs) != 1:
		return s, refuse(BadEntry, "log entry of %d signatures, not exactly one", len(r.sigs))
	}
	s = subject{sig: r.sigs[0].sig, pem: r.sigs[0].pem, hash: r.payload}
	if kind == "hashedrekord" {
		s.hash, s.message = r.digest, true
	}
	if r.inEnvelope {
		err = s.decodeAgain()
	}
	return s, err
}

// decodeAgain: the signature of an intoto entry is base64 twice.
func (s *subject) decodeAgain() error {
	sig, err := base64.StdEncoding.Strict().DecodeString(string(s.sig))
	if err != nil {
		return refuse(BadEntry, "signature in log entry intoto 0.0.2 is not base64 twice")
	}
	s.sig = sig
	return nil
}

func (c *cursor) hash() (h hashValue) {
	c.object(func(key string) bool {
		switch key {
		case "algorithm":
			h.algorithm = c.text()
		case "value":
			h.value = c.text()
		default:
			return false
		}
		return true
	})
	return h
}

func (c *cursor) hashedrekord(r *rekorV1) {
	var s loggedSignature
	c.object(func(key string) bool {
		switch key {
		case "data":
			c.only("hash", func() { r.digest = c.hash() })
		case "signature":
			c.object(func(key string) bool {
				switch key {
				case "content":
					s.sig = c.bytes()
				case "publicKey":
					s.pem = c.bytesOf("content")
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	r.sigs = append(r.sigs, s)
}

func (c *cursor) dsse(r *rekorV1) {
	c.object(func(key string) bool {
		switch key {
		case "envelopeHash":
			c.hash() // of a spelling of the envelope that only the client knew
		case "payloadHash":
			r.payload = c.hash()
		case "signatures":
			c.list(func() { r.sigs = append(r.sigs, c.logged("signature", "verifier")) })
		default:
			return false
		}
		return true
	})
}

func (c *cursor) logged(sigKey, pemKey string) (s loggedSignature) {
	c.object(func(key string) bool {
		switch key {
		case sigKey:
			s.sig = c.bytes()
		case pemKey:
			s.pem = c.bytes()
		case "keyid":
			c.text() // the client's own word for the key
		default:
			return false
		}
		return true
	})
	return s
}

func (c *cursor) intoto(r *rekorV1) {
	r.inEnvelope = true
	c.only("content", func() {
		c.object(func(key string) bool {
			switch key {
			case "envelope":
				c.intotoEnvelope(r)
			case "hash":
				c.hash()
			case "payloadHash":
				r.payload = c.hash()
			default:
				return false
			}
			return true
		})
	})
}

func (c *cursor) intotoEnvelope(r *rekorV1) {
	c.object(func(key string) bool {
		switch key {
		case "payload":
			c.bytes()
		case "payloadType":
			c.text()
		case "signatures":
			c.list(func() { r.sigs = append(r.sigs, c.logged("sig", "publicKey")) })
		default:
			return false
		}
		return true
	})
}
