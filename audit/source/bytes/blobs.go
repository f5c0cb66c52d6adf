package bytes

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strings"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// randomEntropy is from how many bits per byte on matter counts as encrypted,
// compressed or random; smallest is from how many bytes on that can be told.
const (
	randomEntropy = 7.5
	smallest      = 4096
)

// blobs says what a file is by its bytes, and whether its name lies about it.
func blobs(res *result, content []byte, isText bool, lang rules.Language, known bool, set *rules.Set) {
	if len(content) == 0 {
		return
	}
	actual, typed := set.Magic.Of(content[:min(len(content), rules.MagicBytes)])
	if isText && actual.Name != "ar" {
		typed = false // two letters at the beginning of a text mean nothing
	}
	claimed := set.Magic.Claimed(res.file.Path)
	b := Blob{File: res.file.Path, Place: res.file.Place, Type: actual.Name, Size: res.file.Size}
	switch {
	case typed && actual.Class == "exec":
		b.Kind = "executable"
		if claimsOther(claimed, "exec") || known && lang.Name != "" && !claims(claimed, "exec") {
			b.Kind = "disguised"
		}
	case typed && actual.Class == "archive":
		b.Kind = "archive"
		if claimsOther(claimed, "archive") {
			b.Kind = "mislabelled"
		}
	case typed:
		return
	case !isText && len(claimed) > 0:
		b.Kind, b.Type = "mislabelled", "unknown"
	case !isText && known && lang.Kind != "data":
		b.Kind, b.Type = "mislabelled", "binary"
	case !isText && len(content) >= smallest:
		b.Entropy = round2(entropy(content))
		if b.Entropy <= randomEntropy {
			return
		}
		b.Kind = "random"
	default:
		return
	}
	if b.Kind == "archive" {
		res.archives = append(res.archives, b)
		return
	}
	res.blobs = append(res.blobs, b)
}

func claims(claimed []rules.Type, class string) bool {
	for _, c := range claimed {
		if c.Class == class {
			return true
		}
	}
	return false
}

// claimsOther reports that a file's name promises a type, and none of that class.
func claimsOther(claimed []rules.Type, class string) bool {
	return len(claimed) > 0 && !claims(claimed, class)
}

// encoded looks into a long run of base64 or hexadecimal digits in a text: what
// it decodes to is an executable, or looks random.
func (d *document) encoded(start, end int) {
	raw, ok := decode(string(d.content[start:end]))
	if !ok || len(raw) < smallest/2 {
		return
	}
	b := Blob{File: d.res.file.Path, Place: d.res.file.Place, Size: int64(len(raw)), Entropy: round2(entropy(raw))}
	b.Line, _ = d.position(start)
	t, typed := d.set.Magic.Of(raw[:min(len(raw), rules.MagicBytes)])
	switch {
	case typed && t.Class == "exec":
		b.Kind, b.Type = "encoded-executable", t.Name
	case typed && t.Class != "archive":
		return // an inline picture or font
	case typed || b.Entropy > randomEntropy:
		b.Kind, b.Type = "encoded", t.Name
	default:
		return
	}
	d.res.blobs = append(d.res.blobs, b)
}

func decode(text string) ([]byte, bool) {
	if raw, err := hex.DecodeString(text); err == nil {
		return raw, true
	}
	text = strings.TrimRight(text, "=")
	text = text[:len(text)&^3]
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := enc.DecodeString(text); err == nil {
			return raw, true
		}
	}
	return nil, false
}

// entropy is Shannon's, in bits per byte.
func entropy(content []byte) float64 {
	var counts [256]int
	for _, c := range content {
		counts[c]++
	}
	h, n := 0.0, float64(len(content))
	for _, k := range counts {
		if k > 0 {
			p := float64(k) / n
			h -= p * math.Log2(p)
		}
	}
	return h
}

func round2(x float64) float64 { return math.Round(x*100) / 100 }
