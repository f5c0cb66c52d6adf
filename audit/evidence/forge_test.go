package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// forgery is a dossier made by someone who recomputes every digest, and changes
// the documents and the members as they like.
type forgery struct {
	evidence, dossier, index func([]byte) []byte
	members                  func([]member) []member
	header                   func(m member, h []byte)
}

func same(raw []byte) []byte { return raw }

func replace(old, by string) func([]byte) []byte {
	return func(raw []byte) []byte {
		if !bytes.Contains(raw, []byte(old)) {
			panic("nothing to replace: " + old + " in " + string(raw))
		}
		return bytes.Replace(raw, []byte(old), []byte(by), 1)
	}
}

// forge builds the file.
func forge(t *testing.T, f forgery) []byte {
	t.Helper()
	for _, edit := range []*func([]byte) []byte{&f.evidence, &f.dossier, &f.index} {
		if *edit == nil {
			*edit = same
		}
	}
	m := NewMemory()
	c := forgeryContents(t, m)
	l, err := layOut(c)
	if err != nil {
		t.Fatal(err)
	}
	ms := l.members
	evidence := redo(f.evidence(bytes.Clone(ms[3].raw)))
	dossier := redo(f.dossier(refer(ms[2].raw, ms[3], evidence)))
	ms[1].raw = f.index(refer(refer(ms[1].raw, ms[3], evidence), ms[2], dossier))
	ms[2], ms[3] = dossier, evidence
	if f.members != nil {
		ms = f.members(ms)
	}
	return assemble(t, m, ms, f.header)
}

// refer makes a document that refers to one manifest refer to another, by
// digest and size.
func refer(raw []byte, from, to member) []byte {
	raw = bytes.ReplaceAll(raw, []byte(from.digest), []byte(to.digest))
	size := func(m member) []byte { return fmt.Appendf(nil, `"size":%d`, len(m.raw)) }
	return bytes.ReplaceAll(raw, size(from), size(to))
}

func redo(raw []byte) member {
	return member{name: blobName(Of(raw)), digest: Of(raw), raw: raw}
}

func assemble(t *testing.T, src Reader, ms []member, edit func(member, []byte)) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, m := range ms {
		data := m.raw
		if data == nil {
			var err error
			if data, err = src.Read(m.digest, 0); err != nil {
				t.Fatal(err)
			}
		}
		h := tarHeader(m.name, int64(len(data)))
		if edit != nil {
			edit(m, h[:])
		}
		out.Write(h[:])
		out.Write(data)
		out.Write(make([]byte, padding(int64(len(data)))))
	}
	out.Write(make([]byte, tail))
	return out.Bytes()
}

func forgeryContents(t *testing.T, m *Memory) Contents {
	t.Helper()
	entry := func(name, data string) Descriptor {
		d, err := m.PutBytes([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return Descriptor{Name: name, MediaType: "text/plain", Digest: d, Size: int64(len(data))}
	}
	return Contents{
		Evidence:   []Descriptor{entry("e/one", "first"), entry("e/two", "second")},
		Report:     entry("", "report"),
		Run:        entry("", "run"),
		Renderings: []Descriptor{entry("report.html", "html")},
	}
}

func insert(at int, m member) func([]member) []member {
	return func(ms []member) []member {
		return append(ms[:at:at], append([]member{m}, ms[at:]...)...)
	}
}

func TestForgeries(t *testing.T) {
	extra := []byte("extra")
	swap := func(i, j int) func([]member) []member {
		return func(ms []member) []member { ms[i], ms[j] = ms[j], ms[i]; return ms }
	}
	for name, f := range map[string]forgery{
		"key order":            {evidence: replace(`"layers":[`, `"layerS":[`)},
		"case variant":         {evidence: replace(`"schemaVersion"`, `"SchemaVersion"`)},
		"other artifact type":  {evidence: replace(`vnd.proffer.evidence.v1`, `vnd.proffer.evidence.v2`)},
		"other schema version": {dossier: replace(`"schemaVersion":2`, `"schemaVersion":3`)},
		"other media type":     {dossier: replace(`"mediaType":"application/vnd.oci.image.manifest.v1+json","schema`, `"mediaType":"application/vnd.oci.image.manifest.v2+json","schema`)},
		"annotation":           {evidence: replace(`org.opencontainers.image.title`, `org.opencontainers.image.texts`)},
		"name twice":           {evidence: replace(`e/two`, `e/one`)},
		"name leads out":       {evidence: replace(`e/one`, `../on`)},
		"not sorted":           {evidence: replace(`e/one`, `z/one`)},
		"escaped letter":       {evidence: replace(`"e/two"`, `"\u0065"`)},
		"wrong size of a blob": {evidence: replace(`"size":5`, `"size":6`)},
		"size as a float":      {evidence: replace(`"size":5`, `"size":5.0`)},
		"negative size":        {evidence: replace(`"size":6`, `"size":-6`)},
		"huge size":            {evidence: replace(`"size":6`, `"size":99999999999`)},
		"blanks":               {evidence: replace(`"schemaVersion":2}`, `"schemaVersion":2 }`)},
		"trailing newline":     {evidence: func(raw []byte) []byte { return append(raw, '\n') }},
		"unknown field":        {evidence: replace(`"schemaVersion":2}`, `"schemaVersion":2,"urls":[]}`)},
		"foreign urls":         {evidence: replace(`"mediaType":"text/plain"`, `"mediaType":"text/plain","urls":["https://example.org"]`)},
		"duplicate key":        {dossier: replace(`"schemaVersion":2,`, `"schemaVersion":2,"schemaVersion":2,`)},
		"config":               {dossier: replace(string(Of([]byte("{}"))), string(Of([]byte("[]"))))},
		"no JSON":              {dossier: func(raw []byte) []byte { raw[0] = '['; return raw }},
		"null":                 {dossier: func([]byte) []byte { return []byte("null") }},
		"role twice":           {dossier: replace(`report.html`, `report.json`)},
		"role out of order": {dossier: func(raw []byte) []byte {
			return replace(`"@@"`, `"report.json"`)(replace(`"report.json"`, `"run.json"`)(replace(`"run.json"`, `"@@"`)(raw)))
		}},
		"no report":             {dossier: replace(`report.json`, `aaaaaa.json`)},
		"subject is elsewhere":  {dossier: replace(`"subject":{"digest":"sha256:`, `"subject":{"digest":"sha256:0`)},
		"manifest order":        {members: swap(2, 3)},
		"index: ref name":       {index: replace(`"dossier"`, `"latests"`)},
		"index: third manifest": {index: replace(`],"mediaType"`, `,{"digest":"sha256:`+strings.Repeat("0", 64)+`","mediaType":"a/b","size":1}],"mediaType"`)},
		"index: bad digest":     {index: replace(`"digest":"sha256:`, `"digest":"sha512:`)},
		"index: empty":          {index: func([]byte) []byte { return []byte("{}") }},
		"index: large":          {index: func(raw []byte) []byte { return append(raw, make([]byte, 1<<13)...) }},
		"unreferenced blob":     {members: insert(5, member{name: blobName(Of(extra)), digest: Of(extra), raw: extra})},
		"unreferenced at end":   {members: func(ms []member) []member { return append(ms, member{name: blobName(Of(extra)), raw: extra}) }},
		"foreign file":          {members: insert(4, member{name: "README", raw: extra})},
		"missing blob":          {members: func(ms []member) []member { return ms[:len(ms)-1] }},
		"blob twice":            {members: func(ms []member) []member { return append(ms, ms[len(ms)-1]) }},
		"blobs out of order":    {members: swap(4, 5)},
		"layout version":        {members: func(ms []member) []member { ms[0].raw = []byte(`{"imageLayoutVersion":"1.0.1"}`); return ms }},
		"owner":                 {header: func(_ member, h []byte) { copy(h[265:], "root"); checksum(h) }},
		"mode":                  {header: func(_ member, h []byte) { h[104] = '7'; checksum(h) }},
		"time":                  {header: func(_ member, h []byte) { h[146] = '1'; checksum(h) }},
		"symbolic link":         {header: func(m member, h []byte) { h[156] = '2'; checksum(h) }},
		"path outside":          {members: insert(4, member{name: "../../evil", raw: extra})},
	} {
		t.Run(name, func(t *testing.T) {
			raw := forge(t, f)
			_, err := OpenDossierAt(bytes.NewReader(raw), int64(len(raw)))
			var de *DossierError
			if !errors.As(err, &de) {
				t.Fatalf("got %v", err)
			}
			t.Log(err)
			// A change in the first header makes it something else than a dossier.
			if want := map[bool]string{true: NotADossier, false: Tampered}[f.header != nil]; de.Code != want {
				t.Errorf("code %s, want %s", de.Code, want)
			}
		})
	}
	raw := forge(t, forgery{})
	if _, err := OpenDossierAt(bytes.NewReader(raw), int64(len(raw))); err != nil {
		t.Errorf("nothing forged: %v", err)
	}
}

// TestForgedHeaders changes each header but the first.
func TestForgedHeaders(t *testing.T) {
	for name, edit := range map[string]func(h []byte){
		"owner":         func(h []byte) { copy(h[265:], "root") },
		"mode":          func(h []byte) { h[104] = '7' },
		"time":          func(h []byte) { h[146] = '1' },
		"symbolic link": func(h []byte) { h[156] = '2' },
		"old regular":   func(h []byte) { h[156] = 0 },
		"GNU magic":     func(h []byte) { copy(h[257:], "ustar  \x00") },
		"prefix":        func(h []byte) { copy(h[345:], "elsewhere") },
		"base-256 size": func(h []byte) { copy(h[124:136], append([]byte{0x80}, make([]byte, 11)...)) },
		"link name":     func(h []byte) { copy(h[157:], "target") },
		"last byte":     func(h []byte) { h[511] = 1 },
		"blank size":    func(h []byte) { h[124] = ' ' },
	} {
		for at := 1; at < 8; at++ {
			seen := -1
			raw := forge(t, forgery{header: func(_ member, h []byte) {
				if seen++; seen == at {
					edit(h)
					checksum(h)
				}
			}})
			_, err := OpenDossierAt(bytes.NewReader(raw), int64(len(raw)))
			var de *DossierError
			if !errors.As(err, &de) || de.Code != Tampered {
				t.Errorf("%s of member %d: %v", name, at, err)
			}
		}
	}
}

// checksum makes a header's checksum right again.
func checksum(h []byte) {
	copy(h[148:156], "        ")
	n := 0
	for _, b := range h {
		n += int(b)
	}
	for i := 153; i >= 148; i-- {
		h[i] = '0' + byte(n&7)
		n >>= 3
	}
	h[154], h[155] = 0, ' '
}

// FuzzOpenDossier: whatever is accepted is, byte for byte, what the writer
// makes of the contents that were read.
func FuzzOpenDossier(f *testing.F) {
	m := NewMemory()
	var buf bytes.Buffer
	d, err := m.PutBytes([]byte("report"))
	if err != nil {
		f.Fatal(err)
	}
	c := Contents{Report: Descriptor{MediaType: "text/plain", Digest: d, Size: 6}}
	if _, err := WriteDossier(&buf, m, c); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add(buf.Bytes()[:1024])
	f.Add([]byte("oci-layout"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dossier, err := OpenDossierAt(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			var de *DossierError
			if !errors.As(err, &de) {
				t.Fatalf("not a *DossierError: %v", err)
			}
			return
		}
		var again bytes.Buffer
		digest, err := WriteDossier(&again, dossier, dossier.Contents())
		if err != nil || digest != dossier.Digest() || !bytes.Equal(raw, again.Bytes()) {
			t.Fatalf("accepted what would not be written: %v", err)
		}
	})
}
