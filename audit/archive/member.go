package archive

import (
	"io/fs"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Kind says what a member is.
type Kind string

// The kinds of member.
const (
	File    Kind = "file"
	Dir     Kind = "dir"
	Symlink Kind = "symlink"
	Other   Kind = "other" // hard link, device, FIFO, socket
)

// Member is one entry of an archive.
type Member struct {
	// Path is relative, with slashes, clean, valid UTF-8 and never leaves the
	// archive. What was not so in the archive is percent-escaped, and Escaped
	// is set. In a nested walk "!/" stands between an archive and its content.
	Path    string
	Escaped bool
	Mode    fs.FileMode // as the archive states it, 0644 or 0755 where it does not
	Size    int64       // bytes of content, counted
	Digest  evidence.Digest
	Link    string // target, for a symbolic or hard link
	Kind    Kind
}

// Executable reports whether the archive gives the member any execute bit.
func (m Member) Executable() bool { return m.Kind == File && m.Mode&0o111 != 0 }

// Anomaly is something that an honest packer does not do, or that two readers
// may read in two ways.
type Anomaly struct {
	Class  string `json:"class"`
	Path   string `json:"path"`
	Detail string `json:"detail,omitempty"`
}

// The classes of anomaly.
const (
	NameAbsolute  = "name-absolute"
	NameDotDot    = "name-dotdot"
	NameBackslash = "name-backslash"
	NameNUL       = "name-nul"
	NameControl   = "name-control"
	NameDrive     = "name-drive"
	NameEncoding  = "name-encoding"
	NameReserved  = "name-reserved" // a device or an impossible name on Windows
	NameUnclean   = "name-unclean"  // "a//b", "a/./b"
	NameEmpty     = "name-empty"
	NameLong      = "name-long"

	Duplicate        = "duplicate"
	DuplicateCase    = "duplicate-case"
	DuplicateNFC     = "duplicate-nfc"
	FileAndDirectory = "file-and-directory"
	OutsidePrefix    = "outside-prefix"

	IsSymlink    = "symlink"
	IsHardLink   = "hard-link"
	IsSpecial    = "special-file"
	SetID        = "set-id"       // set-uid, set-gid or sticky
	Capabilities = "capabilities" // extended attributes that carry privilege
	Sparse       = "sparse"

	ZipHeaderDiffers = "zip-header-differs" // local against central
	ZipCount         = "zip-count"
	ZipAmbiguousEnd  = "zip-ambiguous-end"
	ZipPrefix        = "zip-prefix"
	ZipTrailing      = "zip-trailing"
	ZipOverlap       = "zip-overlap"
	ZipGap           = "zip-gap"
	ZipSlack         = "zip-slack" // bytes after the end of a compressed stream
	ZipUnicodePath   = "zip-unicode-path"
	TarTrailing      = "tar-trailing"
	GzipTrailing     = "gzip-trailing"
	GzipMembers      = "gzip-members"

	NestedUnread = "nested-unread" // an archive inside that could not be read
	NotRead      = "not-read"      // a compressed format that is not read here
)
