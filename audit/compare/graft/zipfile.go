package graft

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// ZIP (APPNOTE.TXT, 4.3). Archives that need 64-bit fields are not read: the
// signers of APK and JAR files do not write them below 4 GiB.
const (
	manifestName   = "META-INF/MANIFEST.MF"
	zipLocalSize   = 30
	zipCentralSize = 46
	zipEndSize     = 22
	zipDescriptor  = 0x08
	zipStored      = 0
	zipDeflated    = 8
)

// member is one entry of a zip. Offsets are bytes of the file.
type member struct {
	name                  string
	central               []byte // its record in the directory
	centralAt             int64
	offset, data, end     int64 // of the local header; of the content; behind the content and its descriptor
	flags, method         uint16
	crc                   uint32
	size, full            int64 // bytes, compressed and not
	localName, localExtra []byte
}

// zipFile is a zip by its parts.
type zipFile struct {
	bytes   []byte
	members []member // in the directory's order
	order   []int    // the same by offset
	index   map[string]int
	block   int64 // offset of the APK signing block, 0 if there is none
	content int64 // the last member ends here
	central int64 // offset of the directory
	end     int64 // offset of the end record
}

func parseZip(data []byte, which string, lim Limits) (*zipFile, error) {
	z := &zipFile{bytes: data, end: zipEnd(data)}
	if z.end < 0 {
		return nil, refuse(Malformed, "the %s zip has no end record at its end", which)
	}
	e := data[z.end:]
	count := int(binary.LittleEndian.Uint16(e[10:]))
	size := int64(binary.LittleEndian.Uint32(e[12:]))
	z.central = int64(binary.LittleEndian.Uint32(e[16:]))
	if count == 0xffff || size == 0xffffffff || z.central == 0xffffffff {
		return nil, refuse(Unsupported, "the %s zip has 64-bit fields", which)
	}
	if binary.LittleEndian.Uint32(e[4:]) != 0 || int(binary.LittleEndian.Uint16(e[8:])) != count {
		return nil, refuse(Unsupported, "the %s zip is in several parts", which)
	}
	if count > lim.Members {
		return nil, refuse(TooLarge, "the %s zip has %d members, over the limit of %d", which, count, lim.Members)
	}
	if z.central+size != z.end {
		return nil, refuse(Malformed, "the directory of the %s zip does not reach to its end record", which)
	}
	if err := z.directory(count, which); err != nil {
		return nil, err
	}
	if err := z.locals(which); err != nil {
		return nil, err
	}
	z.block = z.signingBlock()
	return z, nil
}

// zipEnd finds the end record whose comment ends with the file.
func zipEnd(data []byte) int64 {
	for at := len(data) - zipEndSize; at >= 0 && at >= len(data)-zipEndSize-0xffff; at-- {
		if bytes.HasPrefix(data[at:], []byte("PK\x05\x06")) && at+zipEndSize+int(binary.LittleEndian.Uint16(data[at+20:])) == len(data) {
			return int64(at)
		}
	}
	return -1
}

func (z *zipFile) directory(count int, which string) error {
	at := z.central
	z.index = make(map[string]int, count)
	for range count {
		if z.end-at < zipCentralSize || !bytes.HasPrefix(z.bytes[at:], []byte("PK\x01\x02")) {
			return refuse(Malformed, "the directory of the %s zip is cut off", which)
		}
		r := z.bytes[at:]
		u16 := func(i int) int64 { return int64(binary.LittleEndian.Uint16(r[i:])) }
		u32 := func(i int) int64 { return int64(binary.LittleEndian.Uint32(r[i:])) }
		length := zipCentralSize + u16(28) + u16(30) + u16(32)
		if length > z.end-at {
			return refuse(Malformed, "the directory of the %s zip is cut off", which)
		}
		m := member{
			name: string(r[zipCentralSize : zipCentralSize+u16(28)]), central: r[:length:length], centralAt: at,
			flags: uint16(u16(8)), method: uint16(u16(10)), crc: uint32(u32(16)), size: u32(20), full: u32(24), offset: u32(42),
		}
		if m.size == 0xffffffff || m.full == 0xffffffff || m.offset == 0xffffffff {
			return refuse(Unsupported, "the member %q of the %s zip has 64-bit fields", m.name, which)
		}
		if _, twice := z.index[m.name]; twice {
			return refuse(Malformed, "the %s zip has the member %q twice", which, m.name)
		}
		z.index[m.name] = len(z.members)
		z.members = append(z.members, m)
		at += length
	}
	if at != z.end {
		return refuse(Malformed, "%d bytes behind the last entry of the directory of the %s zip", z.end-at, which)
	}
	return nil
}

// locals finds where each member's local header, content and descriptor lie.
func (z *zipFile) locals(which string) error {
	for i := range z.members {
		m := &z.members[i]
		if m.offset+zipLocalSize > z.central || !bytes.HasPrefix(z.bytes[m.offset:], []byte("PK\x03\x04")) {
			return refuse(Malformed, "the member %q of the %s zip has no local header", m.name, which)
		}
		h := z.bytes[m.offset:]
		name, extra := int64(binary.LittleEndian.Uint16(h[26:])), int64(binary.LittleEndian.Uint16(h[28:]))
		m.data = m.offset + zipLocalSize + name + extra
		m.end = m.data + m.size
		if m.end > z.central {
			return refuse(Malformed, "the member %q of the %s zip reaches into the directory", m.name, which)
		}
		m.localName, m.localExtra = h[zipLocalSize:zipLocalSize+name], h[zipLocalSize+name:zipLocalSize+name+extra]
		if m.flags&zipDescriptor != 0 {
			m.end += z.descriptor(m)
		}
		z.order = append(z.order, i)
	}
	slices.SortStableFunc(z.order, func(a, b int) int { return cmp.Compare(z.members[a].offset, z.members[b].offset) })
	for _, i := range z.order {
		m := z.members[i]
		if m.offset < z.content {
			return refuse(Malformed, "the member %q of the %s zip shares bytes with another", m.name, which)
		}
		z.content = m.end
	}
	return nil
}

// descriptor is the size of the record behind a member's content: with or
// without a signature of its own (4.3.9).
func (z *zipFile) descriptor(m *member) int64 {
	rest := z.bytes[m.end:z.central]
	matches := func(at int) bool {
		return len(rest) >= at+12 && binary.LittleEndian.Uint32(rest[at:]) == m.crc &&
			int64(binary.LittleEndian.Uint32(rest[at+4:])) == m.size && int64(binary.LittleEndian.Uint32(rest[at+8:])) == m.full
	}
	switch {
	case bytes.HasPrefix(rest, []byte("PK\x07\x08")) && matches(4):
		return 16
	case matches(0):
		return 12
	}
	return 0
}

func (z *zipFile) find(name string) *member {
	if i, ok := z.index[name]; ok {
		return &z.members[i]
	}
	return nil
}

// span is a member with what lies behind it up to the next one.
func (z *zipFile) span(nth int) (from, to int64) {
	from, to = z.members[z.order[nth]].offset, z.central
	if nth+1 < len(z.order) {
		to = z.members[z.order[nth+1]].offset
	}
	return from, to
}

// role is what a member is to the signature of a JAR (JAR File Specification,
// "Signed JAR File").
type role int

const (
	roleContent role = iota
	roleManifest
	roleSignature // .SF
	roleBlock     // .RSA, .DSA, .EC
	roleForeign   // SIG-*, reserved for other signers
	roleDirectory
)

func roleOf(name string) role {
	upper := strings.ToUpper(name)
	base, ok := strings.CutPrefix(upper, "META-INF/")
	switch {
	case strings.HasSuffix(name, "/"):
		return roleDirectory
	case !ok || strings.Contains(base, "/"):
		return roleContent
	case name == manifestName:
		return roleManifest
	case base == "MANIFEST.MF": // some readers take it for the manifest, some do not
		return roleForeign
	case strings.HasSuffix(base, ".SF"):
		return roleSignature
	case strings.HasSuffix(base, ".RSA") || strings.HasSuffix(base, ".DSA") || strings.HasSuffix(base, ".EC"):
		return roleBlock
	case strings.HasPrefix(base, "SIG-"):
		return roleForeign
	}
	return roleContent
}

// ofSignature reports a member that exists only because the file was signed.
func (r role) ofSignature() bool { return r == roleSignature || r == roleBlock || r == roleForeign }
