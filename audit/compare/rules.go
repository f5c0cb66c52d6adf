package compare

import (
	"bytes"
	"io/fs"

	"github.com/proffer-audit/proffer/audit/compare/sections"
)

// differing is the class of a region that both files have and that differs, and
// what that rests on.
func differing(ra, rb sections.Region, a, b []byte) (ClassName, string) {
	if ra.Role != rb.Role {
		return mixed(ra, rb)
	}
	anchored := ra.Anchor != "" && ra.Anchor == rb.Anchor
	switch ra.Role {
	case sections.Structure:
		return Derived, "follows from where things are"
	case sections.Checksum:
		return checksum(ra, rb)
	case sections.Address:
		if ra.Anchor == rb.Anchor {
			return Derived, "points to the same place: " + ra.Anchor
		}
		return Mapping, "shipped: " + ra.Anchor + "; rebuilt: " + rb.Anchor
	case sections.Entry:
		if ra.Anchor == rb.Anchor {
			return Derived, "points to the same place: " + ra.Anchor
		}
		return EntryPoint, "shipped: " + ra.Anchor + "; rebuilt: " + rb.Anchor
	case sections.Identity:
		return identity(ra, rb, a, b)
	case sections.Fixed, sections.Name, sections.Mode:
		if anchored {
			return Packer, "both say " + ra.Anchor
		}
	}
	if ra.Role == sections.Mode {
		return mode(ra, rb)
	}
	if n, ok := normaliserOf(ra.Role); ok {
		if n.hides(a) && n.hides(b) {
			return n.class, ""
		}
		return HiddenData, "does not look like a " + string(ra.Role)
	}
	if filler(a) && filler(b) && a[0] == b[0] && padding(ra.Role) {
		return Blocking, "the same filler on both sides"
	}
	return classOf(ra.Role), ""
}

// mixed is the class of a region that has another role in each file: the worse
// of the two.
func mixed(ra, rb sections.Region) (ClassName, string) {
	why := "shipped: " + string(ra.Role) + "; rebuilt: " + string(rb.Role)
	switch {
	case ra.Role == sections.Overlap || rb.Role == sections.Overlap:
		return Ambiguous, why
	case ra.Role == sections.Blocking && padding(rb.Role), rb.Role == sections.Blocking && padding(ra.Role):
		return classOf(maxRole(ra.Role, rb.Role)), why
	case ra.Role == sections.Packed && rb.Role == sections.Stored, ra.Role == sections.Stored && rb.Role == sections.Packed:
		return Unexplained, why // members are compared by content before this
	}
	return Unexplained, why
}

func maxRole(a, b sections.Role) sections.Role {
	if a == sections.Blocking {
		return b
	}
	return a
}

// single is the class of a region that only one file has.
func single(r sections.Region, data []byte, shipped bool) ClassName {
	switch r.Role {
	case sections.Structure:
		return Derived
	case sections.Checksum:
		if r.Valid || !shipped {
			return Derived
		}
		return WrongDerived
	case sections.Code, sections.Data:
		return AddedSection
	case sections.Identity:
		return BuildID
	case sections.Address, sections.Entry:
		return Mapping
	case sections.Name:
		return Packer // the path is the key: it is the same, written otherwise
	case sections.Mode:
		return Permission
	}
	if n, ok := normaliserOf(r.Role); ok {
		if n.hides(data) {
			return n.class
		}
		return HiddenData
	}
	if padding(r.Role) && bytes.Count(data, []byte{0}) == len(data) {
		return Blocking
	}
	return classOf(r.Role)
}

// classOf is the class of a difference that nothing speaks for.
func classOf(r sections.Role) ClassName {
	switch r {
	case sections.Debug:
		return Debug
	case sections.Mapping:
		return Mapping
	case sections.Name:
		return NameDiffers
	case sections.Mode:
		return Permission
	case sections.Link:
		return LinkTarget
	case sections.Capability:
		return Capability
	case sections.Comment:
		return Comment
	case sections.Extra:
		return ExtraField
	case sections.Script:
		return InstallScript
	case sections.Prefix:
		return Prepended
	case sections.Trailing:
		return Appended
	case sections.Gap, sections.Slack, sections.Skippable, sections.Unknown, sections.Blocking:
		return HiddenData
	case sections.ExecGap:
		return ExecPadding
	case sections.Overlap, sections.ExtraStream:
		return Ambiguous
	case sections.Signed:
		return ForeignSigned
	}
	return Unexplained
}

// padding reports whether a region is one that an honest file fills with one
// byte over and over.
func padding(r sections.Role) bool {
	return r == sections.Gap || r == sections.ExecGap || r == sections.Slack || r == sections.Blocking || r == sections.Trailing
}

// filler reports whether data is one byte over and over.
func filler(data []byte) bool {
	return len(data) > 0 && bytes.Count(data, data[:1]) == len(data)
}

func checksum(ra, rb sections.Region) (ClassName, string) {
	switch {
	case !ra.Valid:
		return WrongDerived, "the shipped file's is wrong"
	case !rb.Valid:
		return Unexplained, "the rebuilt file's is wrong"
	}
	return Derived, "recomputed on both sides"
}

// mode tells a bit that gives another user's rights from other permissions.
func mode(ra, rb sections.Region) (ClassName, string) {
	why := "shipped: " + ra.Anchor + "; rebuilt: " + rb.Anchor
	const special = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	if ra.Mode&special != rb.Mode&special {
		return SetID, why
	}
	return Permission, why
}

// maxIdentity is the most that an identity may be long, in bytes: what is longer
// is no identity but room to hide in.
const maxIdentity = 256

// identity judges build IDs and UUIDs.
func identity(ra, rb sections.Region, a, b []byte) (ClassName, string) {
	switch {
	case len(a) > maxIdentity || len(b) > maxIdentity || !sections.WellFormedIdentity(ra.Key, a):
		return HiddenData, "is no identity by its form"
	case ra.Valid && rb.Valid && sections.SameInputs(ra.Key, a, b):
		return Derived, "recomputed on both sides: the hash of everything else"
	case ra.Valid && rb.Valid:
		return BuildID, "recomputed on both sides; the inputs of the link have another hash"
	case rb.Valid:
		return BuildID, "does not follow from the shipped file, which was changed after linking"
	}
	return BuildID, "cannot be recomputed; names the inputs of the build"
}
