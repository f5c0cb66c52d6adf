package compare

import (
	"slices"

	"github.com/proffer-audit/proffer/reports"
)

// ClassName names a kind of difference. It is a stable word.
type ClassName string

// The classes that take nothing away from a rebuild.
const (
	Moved       ClassName = "moved"       // equal content at another offset
	Order       ClassName = "order"       // of the members of a container
	Time        ClassName = "time"        // a packer's clock
	BuildTime   ClassName = "build-time"  // a linker's clock
	Owner       ClassName = "owner"       // user and group of a member
	Compression ClassName = "compression" // equal content, packed otherwise
	Packer      ClassName = "packer"      // what the packing program says about itself
	Blocking    ClassName = "blocking"    // zeros that round up a record or an archive
	InMember    ClassName = "member"      // accounted for in a member
	Signature   ClassName = "signature"   // the vendor's, put onto the rebuilt file
	Derived     ClassName = "derived"     // recomputed from the rest, on both sides
	Relocated   ClassName = "relocated"   // equal but for where things are
	BuildID     ClassName = "build-id"    // names the inputs of a build
	BuildInfo   ClassName = "build-info"  // the go command's account of the build
	Debug       ClassName = "debug"       // symbols and debug information, not loaded
	Toolchain   ClassName = "toolchain"   // what the linker says about itself
)

// The classes of what does not follow from the source.
const (
	Unexplained   ClassName = "unexplained"
	ChangedCode   ClassName = "changed-code"
	ChangedData   ClassName = "changed-data"
	SetID         ClassName = "set-id"
	Permission    ClassName = "permission"
	Capability    ClassName = "capability"
	LinkTarget    ClassName = "link-target"
	Prepended     ClassName = "prepended"
	Appended      ClassName = "appended"
	ExecPadding   ClassName = "executable-padding"
	HiddenData    ClassName = "hidden-data" // in a gap, padding or slack
	ExtraField    ClassName = "extra-field"
	Comment       ClassName = "comment"
	Duplicate     ClassName = "duplicate-member"
	AddedMember   ClassName = "added-member"
	MissingMember ClassName = "missing-member"
	DroppedSigned ClassName = "dropped-signature"
	ForeignSigned ClassName = "foreign-signature" // signature data that no graft accounts for
	WrongRecord   ClassName = "wrong-record"
	WrongDerived  ClassName = "wrong-checksum"
	Mapping       ClassName = "mapping" // what is mapped, where, with which rights
	EntryPoint    ClassName = "entry-point"
	InstallScript ClassName = "install-script"
	AddedSection  ClassName = "added-section"
	NameDiffers   ClassName = "name"
	Ambiguous     ClassName = "ambiguous" // two readers may read it in two ways
)

// standing is what a class does to the level of a comparison.
type standing struct {
	level    reports.Level    // best level that a difference of the class allows
	severity reports.Severity // of its finding; "" when it has none
	message  string           // of its finding
}

// standings has every class. One that is not here would be unexplained.
func standings() map[ClassName]standing {
	benign := func(l reports.Level) standing { return standing{level: l} }
	grave := func(s reports.Severity, message string) standing {
		return standing{reports.Unexplained, s, message}
	}
	return map[ClassName]standing{
		Moved: benign(reports.BitIdentical), Order: benign(reports.EqualNormalised), Time: benign(reports.EqualNormalised),
		BuildTime: benign(reports.EqualNormalised),
		Owner:     benign(reports.EqualNormalised), Compression: benign(reports.EqualNormalised), Packer: benign(reports.EqualNormalised),
		Blocking: benign(reports.EqualNormalised), InMember: benign(reports.BitIdentical), Signature: benign(reports.IdenticalGraft),
		Derived: benign(reports.EqualNormalised), Relocated: benign(reports.Explained), BuildID: benign(reports.Explained),
		BuildInfo: benign(reports.Explained),
		Debug:     benign(reports.Explained), Toolchain: benign(reports.Explained),

		Unexplained:   grave("", ""),
		ChangedCode:   grave(reports.High, "code differs"),
		ChangedData:   grave(reports.High, "data of the program differs"),
		SetID:         grave(reports.Critical, "a set-uid, set-gid or sticky bit differs"),
		Permission:    grave(reports.High, "a permission differs"),
		Capability:    grave(reports.Critical, "an attribute that grants privilege differs"),
		LinkTarget:    grave(reports.High, "a link points elsewhere"),
		Prepended:     grave(reports.Critical, "bytes stand before the container"),
		Appended:      grave(reports.High, "bytes stand after the end"),
		ExecPadding:   grave(reports.Critical, "bytes of no section differ in pages that are mapped executable"),
		HiddenData:    grave(reports.High, "bytes that no reader looks at differ"),
		ExtraField:    grave(reports.Medium, "an extra field differs"),
		Comment:       grave(reports.Medium, "a comment differs"),
		Duplicate:     grave(reports.Critical, "a member stands twice"),
		AddedMember:   grave(reports.High, "a member is only in the shipped file"),
		MissingMember: grave(reports.Medium, "a member is only in the rebuilt file"),
		DroppedSigned: grave(reports.High, "a signature file is missing from the shipped file"),
		ForeignSigned: grave(reports.High, "signature data differs that no graft accounts for"),
		WrongRecord:   grave(reports.Critical, "a list of digests is wrong about its own archive"),
		WrongDerived:  grave(reports.High, "a checksum is wrong about its own file"),
		Mapping:       grave(reports.Critical, "what is mapped into memory, or with which rights, differs"),
		EntryPoint:    grave(reports.High, "the program starts elsewhere"),
		InstallScript: grave(reports.Critical, "a script that runs on installation differs"),
		AddedSection:  grave(reports.High, "a section is only in one of the files"),
		NameDiffers:   grave(reports.High, "a name differs"),
		Ambiguous:     grave(reports.Critical, "two readers may read two contents"),
	}
}

// ClassNames lists every class, sorted.
func ClassNames() []ClassName {
	var names []ClassName
	for n := range standings() {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// SecurityRelevant reports whether a difference of the class is one that a
// normaliser must never hide: it grants something, it can hold something, or
// nothing is known about it.
func (c ClassName) SecurityRelevant() bool {
	s, ok := standings()[c]
	return !ok || s.level == reports.Unexplained
}
