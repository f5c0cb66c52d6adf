package policy

import (
	"math"
	"regexp"
	"strconv"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// A Size is a number of bytes, written with a unit of 1024: "512MiB".
type Size int64

type unit struct {
	name  string
	bytes int64
}

// units are listed from the largest.
func units() []unit {
	return []unit{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

var sizePattern = regexp.MustCompile(`^([1-9][0-9]{0,18})(B|KiB|MiB|GiB|TiB)$`)

// UnmarshalText reads a whole number and a unit. The error is a
// *strictyaml.Problem.
func (s *Size) UnmarshalText(text []byte) error {
	const hint = `write a whole number and B, KiB, MiB, GiB or TiB, such as "4GiB"`
	m := sizePattern.FindStringSubmatch(string(text))
	if m == nil {
		return strictyaml.Problemf(hint, "%s is not a size", strictyaml.Quote(string(text)))
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	for _, u := range units() {
		if u.name != m[2] {
			continue
		}
		if err != nil || n > math.MaxInt64/u.bytes {
			return strictyaml.Problemf(hint, "%s is too large", strictyaml.Quote(string(text)))
		}
		*s = Size(n * u.bytes)
	}
	return nil
}

// String writes the size with the largest unit that divides it.
func (s Size) String() string {
	for _, u := range units() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}
