package sections

import "io/fs"

// Format is what a file is, by its own bytes and never by its name.
type Format string

// The formats that are mapped, and Plain for everything else.
const (
	Plain Format = "plain"
	ELF   Format = "elf"
	PE    Format = "pe"
	MachO Format = "mach-o"
	Fat   Format = "mach-o universal"
	Zip   Format = "zip"
	Tar   Format = "tar"
	Gzip  Format = "gzip"
	Xz    Format = "xz"
	Zstd  Format = "zstd"
	Ar    Format = "ar"
	RPM   Format = "rpm"
	Cpio  Format = "cpio"
)

// Role says what a region is for, and so what a difference in it means.
type Role string

// The roles.
const (
	// What must be equal.
	Content Role = "content"
	Code    Role = "code"    // section that is mapped executable
	Data    Role = "data"    // section that is mapped and not executable
	Packed  Role = "packed"  // compressed content of a member
	Stored  Role = "stored"  // content of a member as it is
	Name    Role = "name"    // of a member
	Fixed   Role = "fixed"   // magic, version, flags that matter
	Record  Role = "record"  // splits into regions of its own: see Layout.Fields
	Debug   Role = "debug"   // symbols, debug information: not mapped
	Unknown Role = "section" // not mapped, purpose unknown

	// What a packer puts in.
	Time     Role = "time"
	Owner    Role = "owner"
	Packer   Role = "packer"   // version, host system, compression level
	Blocking Role = "blocking" // zeros that round up

	// What follows from the rest.
	Structure Role = "structure" // offset, length, count that the reader followed
	Checksum  Role = "checksum"  // recomputed: see Region.Valid
	Address   Role = "address"   // in memory: see Region.Anchor
	Mapping   Role = "mapping"   // segment or section flags: what is mapped, and how
	Entry     Role = "entry"     // where the program starts: see Region.Anchor
	Identity  Role = "identity"  // build ID, UUID
	Toolchain Role = "toolchain" // what the linker says about itself
	BuildTime Role = "build time"

	// Where things hide, and what grants something.
	Mode        Role = "mode"
	Link        Role = "link"
	Capability  Role = "capability"
	Comment     Role = "comment"
	Extra       Role = "extra"
	Script      Role = "script"
	Prefix      Role = "prefix"
	Trailing    Role = "trailing"
	Gap         Role = "gap"         // bytes of no record
	ExecGap     Role = "exec gap"    // the same, mapped executable
	Slack       Role = "slack"       // after the end of a stream, within its length
	Skippable   Role = "skippable"   // a frame that decoders pass over
	Overlap     Role = "overlap"     // claimed by two records
	ExtraStream Role = "stream head" // of a second stream, which readers join to the first
	Signed      Role = "signature"
)

// Region is a stretch of a file.
type Region struct {
	From, To int64 // offsets, To exclusive
	Role     Role
	Key      string // the same for the same region of another file
	// Valid is set on a Checksum or Identity whose value was recomputed from the
	// rest of the file and is right.
	Valid bool
	// Anchor is what a region refers to, in words that do not depend on where
	// that is: an Address that two files anchor alike is the same.
	Anchor string
	// Target is the offset that an Entry points to, 0 if it is not of the file.
	Target int64
	// Mode is set on the mode of a member.
	Mode fs.FileMode
	// Member is the index of the member whose content this is, plus 1.
	Member int
	// Path is that of the member that the region belongs to, "" for none.
	Path string

	split func() []Region // of a Record
}

// Len is the length in bytes.
func (r Region) Len() int64 { return r.To - r.From }

// Member is one member of a container.
type Member struct {
	Path string // as the container has it; empty for the one content of a stream
	Mode fs.FileMode
	// Link is set on a member that only points to another.
	Link bool

	open func() ([]byte, error)
}

// Content unpacks a member. The error is a *LimitError where it is larger than
// the limits allow, or says what is malformed.
func (m Member) Content() ([]byte, error) { return m.open() }

// Layout is the map of a file. Its regions tile it: sorted, without gap or
// overlap, from 0 to its length.
type Layout struct {
	Format  Format
	Regions []Region
	Members []Member
	// Notes say what could not be mapped, and why.
	Notes []string

	// Program is set for ELF, PE and Mach-O.
	Program *Program

	data  []byte
	order binaryOrder
}

// Program is what the account of a program needs beyond its regions.
type Program struct {
	Sections []Section
	// Base is the address that relative addresses count from.
	Base uint64
	// GoBuildID is the Go build ID, "" if there is none that could be read.
	GoBuildID string
}

// Section is a section of a program.
type Section struct {
	Name string
	Addr uint64
	Off  int64
	Size int64 // in the file, bytes
	Exec bool
	Load bool
	// Memory is set on a section of zeros, which takes nothing of the file.
	Memory bool
}
