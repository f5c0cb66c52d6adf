package cause

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// HashSetting is what GODEBUG must hold for cmd/go to print what it hashes.
const HashSetting = "gocachehash=1"

// Preimage is what cmd/go hashed into the first part of a program's build ID,
// write by write (cmd/go/internal/work, linkActionID).
type Preimage struct{ writes []string }

// LinkPreimage finds the hash of the link among what cmd/go printed. ok is false
// where it is not there, or where the writes do not give the sum that was printed
// with them: a build may print what it likes.
func LinkPreimage(printed []byte) (p Preimage, ok bool) {
	sum := ""
	lines := bufio.NewScanner(bytes.NewReader(printed))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		rest, is := strings.CutPrefix(lines.Text(), "HASH[link ")
		if !is {
			continue
		}
		_, value, _ := strings.Cut(rest, "]")
		value = strings.TrimPrefix(value, ": ")
		if value == "" {
			p.writes, sum = nil, ""
			continue
		}
		if w, err := strconv.Unquote(value); err == nil && value[0] == '"' {
			p.writes = append(p.writes, w)
		} else {
			sum = value
		}
	}
	return p, lines.Err() == nil && len(p.writes) > 0 && p.sum() == sum
}

func (p Preimage) hash() [sha256.Size]byte { return sha256.Sum256([]byte(strings.Join(p.writes, ""))) }

func (p Preimage) sum() string {
	h := p.hash()
	return hex.EncodeToString(h[:])
}

// ID is the first part of the build ID: the first 120 bits.
func (p Preimage) ID() string {
	h := p.hash()
	return base64.RawURLEncoding.EncodeToString(h[:15])
}

const flagsWrite = "linkflags "

// withFlags is the preimage had other linker flags been given.
func (p Preimage) withFlags(list []string) Preimage {
	writes := slices.Clone(p.writes)
	for i, w := range writes {
		if strings.HasPrefix(w, flagsWrite) {
			writes[i] = fmt.Sprintf("%s%q\n", flagsWrite, list)
		}
	}
	return Preimage{writes}
}

// maxSpellings bounds the search for the flags of a link.
const maxSpellings = 200_000

// flagsOf searches the spelling and order of linker flags under which the link
// has an ID. The parts are what the flags must say; which of -s and -w were
// written cannot be seen in a program, so all ways are tried.
func (p Preimage) flagsOf(id string, l linker) ([]string, bool) {
	tried := 0
	for _, variant := range l.variants() {
		units := variant.units()
		found, ok := permute(units, nil, func(list []string) bool {
			tried++
			return p.withFlags(list).ID() == id
		}, func() bool { return tried < maxSpellings })
		if ok {
			return found, true
		}
	}
	return nil, false
}

// variants are the ways to write down what strips symbols and debug data.
func (l linker) variants() []linker {
	strips := [][2]bool{{l.s, l.w}}
	for _, o := range [][2]bool{{true, true}, {true, false}, {false, true}, {false, false}} {
		if !slices.Contains(strips, o) {
			strips = append(strips, o)
		}
	}
	var list []linker
	for _, sw := range strips {
		v := l
		v.s, v.w = sw[0], sw[1]
		list = append(list, v)
	}
	return list
}

// units are the flags, each with the ways of writing it.
func (l linker) units() [][][]string {
	var units [][][]string
	if l.s {
		units = append(units, [][]string{{"-s"}})
	}
	if l.w {
		units = append(units, [][]string{{"-w"}})
	}
	for _, v := range l.set {
		x := v.Name + "=" + v.Value
		units = append(units, [][]string{{"-X", x}, {"-X=" + x}})
	}
	for _, w := range l.rest {
		units = append(units, [][]string{{w}})
	}
	if l.buildID != nil {
		units = append(units, [][]string{{"-buildid=" + *l.buildID}, {"-buildid", *l.buildID}})
	}
	return units
}

// permute tries all orders and spellings of units behind head; the given order
// comes first. It ends early when more says so.
func permute(units [][][]string, head []string, try func([]string) bool, more func() bool) ([]string, bool) {
	if len(units) == 0 {
		return head, try(head)
	}
	for i, unit := range units {
		rest := slices.Delete(slices.Clone(units), i, i+1)
		for _, spelling := range unit {
			if !more() {
				return nil, false
			}
			if found, ok := permute(rest, slices.Concat(head, spelling), try, more); ok {
				return found, true
			}
		}
	}
	return nil, false
}
