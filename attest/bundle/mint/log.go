package mint

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Protocol is a kind of transparency log.
type Protocol int

// The protocols of transparency logs.
const (
	Rekor1 Protocol = 1
	Rekor2 Protocol = 2
)

// treeID is the second part of the origin in the checkpoints of Rekor v1.
const treeID = " - 1193050959916656506"

// LogOptions say what a transparency log is like.
type LogOptions struct {
	Seed     string
	Host     string // its host, and so the origin of its checkpoints
	Protocol Protocol
	Kind     Kind   // of its key; P256 for Rekor v1, Ed25519 for Rekor v2
	Before   uint64 // entries of others that stand before the first; proofs are as long as so many make them
	Trusted  Window // in trusted_root.json
}

// Log is a transparency log. Its methods may be called by many goroutines.
type Log struct {
	Host     string
	Protocol Protocol
	Trusted  Window
	Key      *Key
	id       []byte
	tree     *tree
}

// NewLog makes a transparency log.
func NewLog(o LogOptions) *Log {
	if o.Kind == "" {
		o.Kind = map[Protocol]Kind{Rekor1: P256, Rekor2: Ed25519}[o.Protocol]
	}
	l := &Log{
		Host: o.Host, Protocol: o.Protocol, Trusted: o.Trusted,
		Key: NewKey(o.Kind, "log "+o.Seed), tree: newTree(o.Before, o.Seed),
	}
	l.id = logID(l)
	return l
}

// As is the same log under another host: one key, one tree, two names.
func (l *Log) As(host string) *Log {
	other := *l
	other.Host = host
	other.id = logID(&other)
	return &other
}

// ID is the identifier of the log in entries and in trusted_root.json.
func (l *Log) ID() []byte { return l.id }

// logID is the digest of the key; that of an Ed25519 key of Rekor v2 covers the
// host as well (C2SP signed-note).
func logID(l *Log) []byte {
	if pub, ok := l.Key.Signer.Public().(ed25519.PublicKey); ok && l.Protocol == Rekor2 {
		sum := sha256.Sum256(append([]byte(l.Host+"\n\x01"), pub...))
		return sum[:]
	}
	sum := l.Key.ID()
	return sum[:]
}

// proof is a place in the log.
type proof struct {
	index, size uint64
	root        []byte
	path        [][]byte
}

// checkpoint signs the head of the tree, in the form of C2SP tlog-checkpoint.
func (l *Log) checkpoint(p proof, origin string, key *Key) string {
	name := origin
	if l.Protocol == Rekor1 {
		origin += treeID
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, p.size, base64.StdEncoding.EncodeToString(p.root))
	signer := *l
	signer.Host, signer.Key = name, key
	sig := append(logID(&signer)[:4:4], key.Sign([]byte(text))...)
	return text + "\n\u2014 " + name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// promise is the signed entry timestamp of Rekor v1, over canonical JSON.
func (l *Log) promise(body []byte, at time.Time, index uint64) []byte {
	return l.Key.Sign([]byte(`{"body":"` + base64.StdEncoding.EncodeToString(body) +
		`","integratedTime":` + strconv.FormatInt(at.Unix(), 10) +
		`,"logID":"` + hex.EncodeToString(l.id) +
		`","logIndex":` + strconv.FormatUint(index, 10) + `}`))
}

// tree is the right edge of a Merkle tree (RFC 6962 section 2.1): enough to
// append, and to prove the entry just appended.
type tree struct {
	mu    sync.Mutex
	size  uint64
	peaks [][]byte // of the perfect subtrees, the smallest last
}

// newTree starts behind entries of others, whose subtrees are made up.
func newTree(before uint64, seed string) *tree {
	t := &tree{size: before}
	for bit := 63; bit >= 0; bit-- {
		if before>>bit&1 == 1 {
			t.peaks = append(t.peaks, stretch("peak "+strconv.Itoa(bit)+" "+seed, sha256.Size))
		}
	}
	return t
}

// append adds a body and proves it in the tree that it makes.
func (t *tree) append(body []byte) proof {
	t.mu.Lock()
	defer t.mu.Unlock()
	leaf := node(0, body)
	p := proof{index: t.size, size: t.size + 1, root: leaf}
	for i := len(t.peaks) - 1; i >= 0; i-- {
		p.path = append(p.path, t.peaks[i])
		p.root = node(1, t.peaks[i], p.root)
	}
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.peaks) - 1
		leaf = node(1, t.peaks[last], leaf)
		t.peaks = t.peaks[:last]
	}
	t.peaks = append(t.peaks, leaf)
	t.size++
	return p
}

func node(prefix byte, parts ...[]byte) []byte {
	h := sha256.New()
	h.Write([]byte{prefix})
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
