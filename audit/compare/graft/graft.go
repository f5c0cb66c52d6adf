package graft

import (
	"bytes"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Kind is the form of a signature.
type Kind string

// The kinds.
const (
	Authenticode Kind = "authenticode"
	MachO        Kind = "mach-o"
	APK          Kind = "apk"
	JAR          Kind = "jar"
)

// Limits bound what is read. A zero field means its default.
type Limits struct {
	Size     int64 // bytes of each file; default 2 GiB
	Area     int64 // bytes of the signature area; default 64 MiB
	Members  int   // of a zip; default 65,534, the most that a zip without 64-bit fields holds
	Output   int64 // bytes of all members unpacked for their digests; default 4 GiB
	Findings int   // kept; the last one then says how many more there were; default 1,000
}

func (l Limits) withDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	set(&l.Size, 2<<30)
	set(&l.Area, 64<<20)
	set(&l.Output, 4<<30)
	if l.Members == 0 {
		l.Members = 65_534
	}
	if l.Findings == 0 {
		l.Findings = 1000
	}
	return l
}

// Range is a run of bytes of the shipped file.
type Range struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// Signer is one signature in the area, as it describes itself. It is evidence,
// not trust.
type Signer struct {
	Where       string        `json:"where"` // which one: "certificate table", "META-INF/X.RSA", "slice 1, slot 0x10000"
	Subject     safetext.Text `json:"subject,omitzero"`
	Certificate string        `json:"certificate,omitempty"` // SHA-256 of the certificate, hexadecimal
	Digest      string        `json:"digest"`                // algorithm of the digest that was signed
	// Signed is the digest of the file, or of the part of it that the scheme
	// signs, as the signature states it; Computed is the one of the shipped
	// file. Both are hexadecimal and empty for a scheme without a single one.
	Signed   string `json:"signed,omitempty"`
	Computed string `json:"computed,omitempty"`
	// Valid says that the signature value verifies with Certificate and that
	// the digests agree.
	Valid      bool `json:"valid"`
	Timestamps int  `json:"timestamps,omitempty"`
}

// Graft is the rebuilt file with the shipped file's signature.
type Graft struct {
	Kind  Kind
	Bytes []byte
	// Area is where the signature lies in the shipped file, sorted and without
	// overlap: every byte that the graft takes from there or derives.
	Area     []Range
	Signers  []Signer
	Findings []Finding // by offset
}

// Identical reports whether the grafted file is the shipped one. It is the one
// thing that a graft proves.
func (g *Graft) Identical(shipped []byte) bool { return bytes.Equal(g.Bytes, shipped) }

// SecurityRelevant reports whether any finding is.
func (g *Graft) SecurityRelevant() bool {
	for _, f := range g.Findings {
		if f.SecurityRelevant {
			return true
		}
	}
	return false
}

// Apply puts the signature of the shipped file onto the rebuilt one. Neither
// slice is changed, and the result shares no memory with them. The error is an
// *Error; its Code says whether there was nothing to graft (Unsigned,
// NotSignable) or whether it could not be done.
func Apply(shipped, rebuilt []byte, lim Limits) (*Graft, error) {
	lim = lim.withDefaults()
	if int64(len(shipped)) > lim.Size || int64(len(rebuilt)) > lim.Size {
		return nil, refuse(TooLarge, "a file of %d and one of %d bytes, over the limit of %d", len(shipped), len(rebuilt), lim.Size)
	}
	a, b := sniff(shipped), sniff(rebuilt)
	if a == "" {
		return nil, refuse(NotSignable, "the shipped file is not a PE, a Mach-O or a zip")
	}
	if a != b {
		return nil, refuse(DifferentKind, "the shipped file is a %s, the rebuilt one is not", a)
	}
	w := &work{lim: lim, shipped: shipped, rebuilt: rebuilt}
	var err error
	switch a {
	case formatPE:
		err = w.authenticode()
	case formatMachO:
		err = w.machO()
	case formatZip:
		err = w.zip()
	}
	if err != nil {
		return nil, err
	}
	return w.done()
}

type format string

const (
	formatPE    format = "PE"
	formatMachO format = "Mach-O"
	formatZip   format = "zip"
)

func sniff(data []byte) format {
	switch {
	case bytes.HasPrefix(data, []byte("MZ")):
		return formatPE
	case isMachO(data) || isFat(data):
		return formatMachO
	case bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06")):
		return formatZip
	}
	return ""
}

// work is one graft in the making.
type work struct {
	lim              Limits
	shipped, rebuilt []byte
	graft            Graft
	dropped          int // findings over the limit
}
