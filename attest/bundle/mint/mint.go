package mint

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"time"
)

// Options say what an Authority is like. The zero value will do.
type Options struct {
	Seed   string    // everything follows from it
	Name   string    // domain of its hosts and organisation of its subjects; mint.example if empty
	Now    time.Time // when it signs unless told otherwise; 2026-03-01 12:00 UTC if zero
	Curve  Kind      // of all roots and intermediates; P384 if empty
	Before uint64    // entries of others in its transparency logs; the public log has some 2^29
	CA     CAOptions // what is set here goes before the fields above
	TSA    TSAOptions
	// CTLog, Rekor1 and Rekor2 are the windows of the logs in trusted_root.json.
	CTLog, Rekor1, Rekor2 Window
	LogKind               Kind // of the Rekor v2 key; Ed25519 if empty
}

// Authority is a sigstore of its own. It may be used by many goroutines.
type Authority struct {
	CA     *CA
	CT     *CT
	Rekor1 *Log
	Rekor2 *Log
	TSA    *TSA
	Now    time.Time
	seed   string
	issued atomic.Uint64
}

// New makes an authority.
func New(o Options) *Authority {
	if o.Name == "" {
		o.Name = "mint.example"
	}
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	}
	always := Window{Start: o.Now.Add(-4 * year)}
	ca, tsa := o.CA, o.TSA
	ca.Seed, ca.Name, ca.Now, ca.Curve = first(ca.Seed, o.Seed), first(ca.Name, o.Name), o.Now, first(ca.Curve, o.Curve)
	tsa.Seed, tsa.Name, tsa.Now, tsa.CA = first(tsa.Seed, o.Seed), first(tsa.Name, o.Name), o.Now, first(tsa.CA, o.Curve)
	return &Authority{
		CA: NewCA(ca), CT: NewCT(o.Seed, o.Name, o.CTLog.or(always)), TSA: NewTSA(tsa), Now: o.Now, seed: o.Seed,
		Rekor1: NewLog(LogOptions{Seed: "1 " + o.Seed, Host: "rekor." + o.Name, Protocol: Rekor1, Before: o.Before, Trusted: o.Rekor1.or(always)}),
		Rekor2: NewLog(LogOptions{Seed: "2 " + o.Seed, Host: "log2026-1.rekor." + o.Name, Protocol: Rekor2, Kind: o.LogKind, Before: o.Before, Trusted: o.Rekor2.or(always)}),
	}
}

func first[T comparable](a, b T) T {
	var zero T
	if a != zero {
		return a
	}
	return b
}

// Root names all that the authority has.
func (a *Authority) Root() Root {
	return Root{CAs: []*CA{a.CA}, CTs: []*CT{a.CT}, Logs: []*Log{a.Rekor1, a.Rekor2}, TSAs: []*TSA{a.TSA}}
}

// TrustedRoot is the trusted_root.json of the authority.
func (a *Authority) TrustedRoot() []byte { return a.Root().JSON() }

// Request is an order for one bundle.
type Request struct {
	Payload     []byte // in a DSSE envelope
	PayloadType string // application/vnd.in-toto+json if empty
	Message     []byte // signed as it is, into a message signature; instead of Payload

	Identity Identity // who signs, under a certificate
	Key      *Key     // signs alone, without a certificate; instead of Identity
	Leaf     Kind     // of the certificate's key; P256 if empty
	LeafKey  *Key     // the certificate's key; derived from the seed if nil
	Serial   uint64   // number of the certificate; counted if 0

	Version string    // of the bundle: 0.1, 0.2 or 0.3 (also if empty)
	Hint    string    // of a key; base64 of its digest if empty
	At      time.Time // when it is signed, logged and stamped; Authority.Now if zero

	// Via, Stamps and CTs are who confirms it. If nil: Rekor1, TSA and CT where a
	// certificate signs, and nobody where a key does. An empty list is nobody.
	Via    []*Log
	Stamps []*TSA
	CTs    []*CT
	Entry  EntryKind // DSSE1 or HashedRekord1 by content if empty, HashedRekord2 in Rekor v2

	Wrong Wrong
}

// Wrong says in what a bundle is to lie. The zero value is honest.
type Wrong struct {
	Leaf             Window    // the certificate's validity; a minute before At to nine after if zero
	SCTAt            time.Time // when the certificate log saw it
	OtherSCT         bool      // the certificate log saw another certificate
	LoggedAt         time.Time // integrated time of a Rekor v1 entry
	OtherEntry       bool      // the entry is of another signature of the same signer
	OtherProof       bool      // index, proof and checkpoint are those of another entry
	OtherPromise     bool      // the promise is of another index
	NoPromise        bool
	NoProof          bool
	CheckpointOrigin string
	CheckpointKey    *Key
	StampAt          time.Time
	OtherStamp       bool // the timestamp is of another signature
	OtherSignature   bool // the signature is of another payload; log and timestamps are of it
	Twice            bool // every log entry and timestamp stands twice
}

// Bundle signs and has it confirmed, into the JSON of a sigstore bundle.
func (a *Authority) Bundle(r Request) []byte {
	r = a.filled(r)
	s, material := a.signed(r)
	content := object{}
	if r.Message != nil {
		content["messageSignature"] = object{
			"messageDigest": object{"algorithm": s.key.hashName(), "digest": s.key.digest(r.Message)}, "signature": s.sig,
		}
	} else {
		content["dsseEnvelope"] = object{"payload": r.Payload, "payloadType": r.PayloadType, "signatures": []object{{"sig": s.sig}}}
	}
	a.confirm(r, s, material)
	content["mediaType"] = mediaType(r.Version)
	content["verificationMaterial"] = material
	return must(json.Marshal(content))
}

// filled is the request with its defaults.
func (a *Authority) filled(r Request) Request {
	r.PayloadType = first(r.PayloadType, "application/vnd.in-toto+json")
	r.Version = first(r.Version, "0.3")
	if r.At.IsZero() {
		r.At = a.Now
	}
	if r.Serial == 0 {
		r.Serial = a.issued.Add(1)
	}
	if r.Key != nil {
		return r
	}
	if r.Via == nil {
		r.Via = []*Log{a.Rekor1}
	}
	if r.Stamps == nil {
		r.Stamps = []*TSA{a.TSA}
	}
	if r.CTs == nil {
		r.CTs = []*CT{a.CT}
	}
	return r
}

// signed signs, with a certificate where one is asked for.
func (a *Authority) signed(r Request) (signed, object) {
	s := signed{key: r.Key, payloadType: r.PayloadType, payload: r.Payload, message: r.Message}
	var material object
	if r.Key != nil {
		id := r.Key.ID()
		material = object{"publicKey": object{"hint": first(r.Hint, base64.StdEncoding.EncodeToString(id[:]))}}
	} else {
		name := a.seed + " " + strconv.FormatUint(r.Serial, 10)
		if s.key = r.LeafKey; s.key == nil {
			s.key = NewKey(first(r.Leaf, P256), "leaf "+name)
		}
		s.cert = a.CA.leaf(leafOrder{
			identity: r.Identity, key: s.key, serial: serial(name), logs: r.CTs, otherSCT: r.Wrong.OtherSCT,
			valid: r.Wrong.Leaf.or(around(r.At, time.Minute, 9*time.Minute)), logged: first(r.Wrong.SCTAt, r.At),
		})
		material = object{"certificate": object{"rawBytes": s.cert}}
		if r.Version != "0.3" {
			material = object{"x509CertificateChain": object{"certificates": []object{{"rawBytes": s.cert}, {"rawBytes": a.CA.Middle.Raw}}}}
		}
	}
	s.sig = s.key.Sign(s.covered())
	if r.Wrong.OtherSignature {
		s.sig = s.other().sig
	}
	return s, material
}

// confirm adds log entries and timestamps.
func (a *Authority) confirm(r Request, s signed, material object) {
	times := 1
	if r.Wrong.Twice {
		times = 2
	}
	var entries, stamps []object
	for _, l := range r.Via {
		kind := r.Entry
		if kind == "" {
			kind = defaultEntry(l.Protocol, r.Message != nil)
		}
		e := l.entry(s, kind, first(r.Wrong.LoggedAt, r.At), r.Wrong)
		for range times {
			entries = append(entries, e)
		}
	}
	for _, t := range r.Stamps {
		sig := s.sig
		if r.Wrong.OtherStamp {
			sig = s.other().sig
		}
		stamp := object{"signedTimestamp": t.stamp(sig, first(r.Wrong.StampAt, r.At))}
		for range times {
			stamps = append(stamps, stamp)
		}
	}
	if len(entries) > 0 {
		material["tlogEntries"] = entries
	}
	if len(stamps) > 0 {
		material["timestampVerificationData"] = object{"rfc3161Timestamps": stamps}
	}
}

func defaultEntry(p Protocol, message bool) EntryKind {
	switch {
	case p == Rekor2:
		return HashedRekord2
	case message:
		return HashedRekord1
	}
	return DSSE1
}

func mediaType(version string) string {
	if version == "0.3" {
		return "application/vnd.dev.sigstore.bundle.v0.3+json"
	}
	return "application/vnd.dev.sigstore.bundle+json;version=" + version
}

// Envelope signs a payload with each key, into a DSSE envelope without any
// confirmation. Key ids are the keys' digests.
func Envelope(payloadType string, payload []byte, keys ...*Key) []byte {
	sigs := []object{}
	for _, k := range keys {
		id := k.ID()
		sigs = append(sigs, object{"keyid": base64.StdEncoding.EncodeToString(id[:]), "sig": k.Sign(pae(payloadType, payload))})
	}
	return must(json.Marshal(object{"payload": payload, "payloadType": payloadType, "signatures": sigs}))
}
