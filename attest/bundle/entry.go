package bundle

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"
)

// maxWhole is the largest whole number that JSON has one reading of, which
// bounds what an inclusion promise can sign.
const maxWhole = 1 << 53

// checkEntries holds every log entry against the root's logs and against the
// bundle: an entry must be about this signature, this key and this content.
func (c *check) checkEntries() error {
	var skipped error
	for i := range c.bundle.entries {
		k, at, err := c.checkEntry(&c.bundle.entries[i])
		if err != nil {
			if c.demand.All || !passable(err) {
				return err
			}
			skipped = err
			continue
		}
		if slices.Contains(c.result.Logs, k.id) {
			if c.demand.All {
				return refuse(DuplicateEntry, "two entries of one log, which count as one")
			}
			continue
		}
		c.result.Logs = append(c.result.Logs, k.id)
		if at.IsZero() {
			c.undated = append(c.undated, k)
		} else {
			c.saw(at, ByLog, k.id)
		}
	}
	if n := len(c.result.Logs); n < c.demand.Logs {
		if skipped != nil && n == 0 {
			return skipped
		}
		return refuse(LogMissing, "%d transparency logs vouch for it, %d are demanded", n, c.demand.Logs)
	}
	return nil
}

// passable errors are those that sigstore's clients pass over when another log's
// entry suffices: of a log that the root does not have or no longer vouches for.
func passable(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == UnknownLog || e.Code == LogNotValid || e.Code == BadPromise)
}

// checkEntry verifies one entry. The time is that of its promise, and zero
// without one: nothing signs it then.
func (c *check) checkEntry(e *logEntry) (*logKey, time.Time, error) {
	none := time.Time{}
	if c.root == nil {
		return nil, none, refuse(UncheckableMaterial, "log entry, and no root to check it with")
	}
	k, ok := c.root.logs[string(e.log)]
	if !ok {
		return nil, none, refuse(UnknownLog, "entry of a log that the trusted root does not have")
	}
	v2, err := c.checkBody(e)
	if err != nil {
		return nil, none, err
	}
	at, err := e.checkPromise(k, v2)
	if err != nil {
		return nil, none, err
	}
	if err := e.checkProof(k, v2); err != nil {
		return nil, none, err
	}
	if leaf := c.bundle.leaf; leaf != nil && e.integrated != 0 {
		if t := time.Unix(e.integrated, 0); t.Before(leaf.NotBefore) || t.After(leaf.NotAfter) {
			return nil, none, refuse(EntryOutsideValidity, "logged at %s, when its certificate was not valid", stamp(t))
		}
	}
	return k, at, nil
}

// checkPromise verifies the signed entry timestamp, which Rekor v1 gives. The
// log's key must have been valid then.
func (e *logEntry) checkPromise(k *logKey, v2 bool) (time.Time, error) {
	switch {
	case e.promise == nil && e.proof == nil:
		return time.Time{}, refuse(InclusionMissing, "log entry with neither proof nor promise")
	case e.promise == nil:
		return time.Time{}, nil
	case v2:
		return time.Time{}, refuse(BadPromise, "an inclusion promise for a Rekor v2 entry, of which there are none")
	case e.integrated > maxWhole || e.index > maxWhole:
		return time.Time{}, refuse(BadPromise, "index or time of an entry is beyond what a promise can name")
	}
	at := time.Unix(e.integrated, 0)
	if !k.window.holds(at) {
		return time.Time{}, refuse(LogNotValid, "logged at %s, when the log's key was not valid", stamp(at))
	}
	key, ok := k.key.(*ecdsa.PublicKey)
	sum := sha256.Sum256(e.promised())
	if !ok || !ecdsa.VerifyASN1(key, sum[:], *e.promise) {
		return time.Time{}, refuse(BadPromise, "the inclusion promise is not the log's")
	}
	return at, nil
}

// promised is what a promise signs: these four values as canonical JSON.
func (e *logEntry) promised() []byte {
	b := make([]byte, 0, base64.StdEncoding.EncodedLen(len(e.body))+2*len(e.log)+96)
	b = append(b, `{"body":"`...)
	b = base64.StdEncoding.AppendEncode(b, e.body)
	b = append(b, `","integratedTime":`...)
	b = strconv.AppendInt(b, e.integrated, 10)
	b = append(b, `,"logID":"`...)
	b = hex.AppendEncode(b, e.log)
	b = append(b, `","logIndex":`...)
	b = strconv.AppendInt(b, e.index, 10)
	return append(b, '}')
}

// checkProof verifies checkpoint and inclusion.
func (e *logEntry) checkProof(k *logKey, v2 bool) error {
	if e.proof == nil {
		if v2 {
			return refuse(InclusionMissing, "a Rekor v2 entry without an inclusion proof")
		}
		return nil
	}
	note, ok := readCheckpoint(e.proof.checkpoint)
	switch {
	case !ok:
		return refuse(BadCheckpoint, "the checkpoint is not a signed note of a tree")
	case note.v1() == v2:
		return refuse(CheckpointOrigin, "checkpoint of %.200q, whose entries are not of this kind", note.origin)
	case v2 && (k.origin == "" || note.origin != k.origin):
		return refuse(CheckpointOrigin, "checkpoint of %.200q, not of log %.200q", note.origin, k.origin)
	case !v2 && !note.signedV1(k) || v2 && !note.signedV2(k):
		return refuse(CheckpointSignature, "the log did not sign the checkpoint")
	case uint64(e.proof.size) != note.size || string(e.proof.root) != string(note.root[:]):
		return refuse(CheckpointMismatch, "the checkpoint is of another tree than the proof")
	case v2 && e.proof.index != e.index:
		return refuse(BadInclusion, "proof and entry name two indexes")
	}
	root, ok := includedRoot(leafHash(e.body), uint64(e.proof.index), note.size, e.proof.hashes)
	if !ok || root != note.root {
		return refuse(BadInclusion, "the proof does not lead from the entry to the tree's root")
	}
	return nil
}
