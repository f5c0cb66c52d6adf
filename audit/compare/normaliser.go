package compare

import (
	"bytes"
	"encoding/binary"

	"github.com/proffer-audit/proffer/audit/compare/sections"
)

// normaliser declares that a difference in regions of a role does not count. It
// is a pure function of the bytes of one region: hides reports whether they are
// of the form that the role has, so that nothing else passes under its name. A
// change of what it hides is a new version.
type normaliser struct {
	id      string
	version int
	class   ClassName
	reason  string
	hides   func(data []byte) bool
}

// normalisers are all there are, by the role that they are for. Order and
// compression have none: they are seen when members are compared.
func normalisers() map[sections.Role]normaliser {
	return map[sections.Role]normaliser{
		sections.Time: {
			"time", 1, Time, "a packer writes when a member was made; no content depends on it", plausibleTime,
		},
		sections.BuildTime: {
			"build-time", 1, BuildTime, "a linker writes when it ran; no code depends on it", short(8),
		},
		sections.Owner: {
			"owner", 1, Owner, "a packer writes which user of the build machine owned a file", plausibleOwner,
		},
		sections.Packer: {
			"packer", 1, Packer, "a packer writes what it is and how it packed", short(maxPackerField),
		},
		sections.Blocking: {
			"blocking", 1, Blocking, "records and archives are rounded up", onlyFill,
		},
		sections.Toolchain: {
			"toolchain-mark", 1, Toolchain, "a linker writes what it is; nothing is mapped from there", short(maxToolchainField),
		},
	}
}

// The longest that such a field is in honest files, in bytes.
const (
	maxPackerField    = 1024
	maxToolchainField = 4096
	maxTimeField      = 96
	maxOwnerField     = 96
)

// declared are the normalisers as a result lists them, by class.
func declared() map[ClassName]normaliser {
	list := map[ClassName]normaliser{
		Order:       {"member-order", 1, Order, "members are found by name; none of them is a link or stands twice", nil},
		Compression: {"compression", 1, Compression, "the content is the same after unpacking", nil},
	}
	for _, n := range normalisers() {
		if _, ok := list[n.class]; !ok || n.id == string(n.class) {
			list[n.class] = n
		}
	}
	return list
}

func normaliserOf(r sections.Role) (normaliser, bool) {
	n, ok := normalisers()[r]
	return n, ok
}

func short(most int) func([]byte) bool {
	return func(data []byte) bool { return len(data) <= most }
}

// onlyFill accepts zeros, and the newline that rounds up an ar member.
func onlyFill(data []byte) bool {
	return bytes.Count(data, []byte{0}) == len(data) || len(data) == 1 && data[0] == '\n'
}

// plausibleTime accepts binary times of up to 8 bytes, the fixed forms of zip
// fields, and numbers as text.
func plausibleTime(data []byte) bool {
	if len(data) <= 8 || epochs(data) {
		return true
	}
	return len(data) <= maxTimeField && (zipTimes(data) || textual(data))
}

// epochs accepts the list of times of an RPM header: each a 32-bit count of
// seconds in the years 1980 to 2099.
func epochs(data []byte) bool {
	const from, to = 315532800, 4102444800
	for rest := data; len(rest) > 0; rest = rest[4:] {
		if len(rest) < 4 {
			return false
		}
		if t := int64(binary.BigEndian.Uint32(rest)); t < from || t >= to {
			return false
		}
	}
	return true
}

// zipTimes accepts the extra fields that hold times: an ID, a length, and
// nothing beyond what their definitions have.
func zipTimes(data []byte) bool {
	return len(data) <= 36 && (data[0] == 0x0a || data[0] == 0x55) && int(data[2])|int(data[3])<<8 == len(data)-4
}

// plausibleOwner accepts numbers, names, and the extra field of zip that holds
// two numbers.
func plausibleOwner(data []byte) bool {
	if len(data) > maxOwnerField {
		return false
	}
	return len(data) >= 4 && len(data) <= 24 && data[1] == 0x78 && int(data[2])|int(data[3])<<8 == len(data)-4 || textual(data)
}

// textual accepts printable ASCII and UTF-8 with NUL and newline around it, as
// headers hold names and numbers: no control bytes, no third text in a region of
// two fields.
func textual(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != 0 && c != '\n' || c == 0x7f {
			return false
		}
	}
	const most = 2 // fields that a region holds
	texts := bytes.FieldsFunc(data, func(r rune) bool { return r == 0 })
	return len(texts) <= most
}
