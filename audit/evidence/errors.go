package evidence

import (
	"errors"
	"fmt"
)

// What a Reader or a Store can refuse with; each comes wrapped with the digest
// or the folder that it is about.
var (
	// ErrNotFound: there is no such blob.
	ErrNotFound = errors.New("no such blob")
	// ErrCorrupt: the bytes do not have the digest that they are kept under.
	ErrCorrupt = errors.New("the bytes do not have this digest")
	// ErrTooLarge: more bytes than the caller allows.
	ErrTooLarge = errors.New("larger than allowed")
	// ErrLocked: another process has the store open; see LockedError.
	ErrLocked = errors.New("in use by another process")
)

// A LockedError says which store another process has open. It is ErrLocked.
type LockedError struct{ Dir string }

// Error names the folder.
func (e *LockedError) Error() string {
	return fmt.Sprintf("evidence store %s: %v", e.Dir, ErrLocked)
}

// Unwrap is ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// Hint says what a person can do about it.
func (e *LockedError) Hint() string {
	return "wait for the other run to end, or give this one a state folder of its own"
}

// The codes of a DossierError.
const (
	// NotADossier: the file does not read as a dossier at all.
	NotADossier = "not-a-dossier"
	// Tampered: it begins as a dossier, and a byte of it is not what it must be.
	Tampered = "tampered"
)

// A DossierError says why a file is not accepted as a dossier, and where. An
// error of the disk is not one: that says nothing about the dossier.
type DossierError struct {
	Code   string // NotADossier or Tampered
	Member string // the tar member, or "" for the file as a whole
	Offset int64  // bytes from the start of the file
	Reason string
}

// Error says what, where and why.
func (e *DossierError) Error() string {
	where := ""
	if e.Member != "" {
		where = e.Member + ", "
	}
	if e.Code == NotADossier {
		return fmt.Sprintf("not a dossier: %sat byte %d: %s", where, e.Offset, e.Reason)
	}
	return fmt.Sprintf("the dossier was changed: %sat byte %d: %s", where, e.Offset, e.Reason)
}

// Hint says what a person can do about it.
func (e *DossierError) Hint() string {
	if e.Code == NotADossier {
		return "a dossier is the file dossier.oci.tar that an audit writes, uncompressed and unchanged"
	}
	return "ask for the file again, and compare its size and its sha256 with the sender's"
}

// The codes of a ContentsError.
const (
	TooManyEntries = "too-many-entries" // more than MaxEntries
	TooLarge       = "too-large"        // a manifest or a blob beyond its limit
	BadEntry       = "bad-entry"        // a name, media type, digest or size that cannot be written
	Duplicate      = "duplicate"        // two entries with one name, or one digest with two sizes
)

// A ContentsError says why contents cannot stand in a dossier.
type ContentsError struct {
	Code   string
	Entry  string // the name of the entry, or "" for the whole
	Reason string
}

// Error says which entry, and why.
func (e *ContentsError) Error() string {
	if e.Entry == "" {
		return "dossier contents: " + e.Reason
	}
	return fmt.Sprintf("dossier contents: %.200q: %s", e.Entry, e.Reason)
}

// Hint says what a person can do about it.
func (e *ContentsError) Hint() string {
	switch e.Code {
	case TooManyEntries:
		return "keep a tree as one tar, not as a blob for each file"
	case TooLarge:
		return "split the submission: a manifest holds 4 MiB, a blob 8 GiB"
	default:
		return "names are slash-separated paths without empty, . or .. elements, each given once"
	}
}
