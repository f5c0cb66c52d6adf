package advisories

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var goOnly = []string{"Go"}

// record is a record for one package with one range.
func record(id, ecosystem, name, introduced, fixed string) string {
	return `{"schema_version":"1.7.4","id":"` + id + `","modified":"2026-11-01T00:00:00Z","summary":"A flaw of ` + name +
		`","affected":[{"package":{"ecosystem":"` + ecosystem + `","name":"` + name + `"},"ranges":[{"type":"SEMVER","events":[{"introduced":"` +
		introduced + `"},{"fixed":"` + fixed + `"}]}]}]}`
}

type entry struct{ name, data string }

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err == nil {
			_, err = io.WriteString(f, e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func load(t testing.TB, pack []byte, err error) *DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(pack)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func classes(db *DB) []Class {
	var out []Class
	for _, f := range db.Faults() {
		out = append(out, f.Class)
	}
	return out
}

func a(id string) entry { return entry{id + ".json", record(id, "Go", "example.org/a", "0", "1.2.0")} }

func TestLoadZip(t *testing.T) {
	data := zipOf(t, a("GO-1"), a("GO-2"), entry{"PYSEC-1.json", record("PYSEC-1", "PyPI", "x", "0", "1")}, entry{"README.md", "no record"})
	db, err := LoadZip(data, goOnly, "test")
	if err != nil {
		t.Fatal(err)
	}
	if db.Count() != 2 || !slices.Equal(db.Ecosystems(), goOnly) || len(db.Faults()) != 0 {
		t.Errorf("%d records of %v, faults %v", db.Count(), db.Ecosystems(), db.Faults())
	}
	if got := db.Label(); got != "test, 2 records, newest of 2026-11-01" {
		t.Errorf("label %q", got)
	}
}

func TestPackIsDeterministic(t *testing.T) {
	first, err := PackZip(zipOf(t, a("GO-1"), a("GO-2")), goOnly, "test")
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{
		"osv-scalibr/Go/all.zip":   {Data: zipOf(t, a("GO-2"), a("GO-1"))},
		"osv-scalibr/PyPI/all.zip": {Data: []byte("not read, since nobody asked for it")},
	}
	second, err := PackDir(dir, goOnly, "test")
	if err != nil {
		t.Fatal(err)
	}
	third, err := PackDir(dir, goOnly, "test")
	if err != nil || !bytes.Equal(second, third) {
		t.Errorf("two packs of one directory differ: %v", err)
	}
	if a, b := load(t, first, nil), load(t, second, nil); a.Count() != 2 || b.Count() != 2 || len(b.Faults()) != 0 {
		t.Errorf("%d and %d records, faults %v", a.Count(), b.Count(), b.Faults())
	}
}

func TestPackDirReadsRecordsAtAnyDepth(t *testing.T) {
	dir := fstest.MapFS{
		"README.md":    {Data: []byte("a note")},
		"GO-1.json":    {Data: []byte(a("GO-1").data)},
		"Go/GO-2.json": {Data: []byte(a("GO-2").data)},
		"x/GO-1.json":  {Data: []byte(a("GO-1").data)},
		"Go/link.json": {Data: []byte("GO-2.json"), Mode: fs.ModeSymlink},
	}
	db := load(t, must(PackDir(dir, goOnly, "test")), nil)
	if db.Count() != 2 || !slices.Equal(classes(db), []Class{NotRegular}) {
		t.Errorf("%d records, faults %v", db.Count(), db.Faults())
	}
}

func must(pack []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return pack
}

// Each fault of a database is kept, named and laid to its ecosystem.
func TestFaults(t *testing.T) {
	whole := zipOf(t, a("GO-1"), a("GO-2"))
	flipped := bytes.Clone(whole)
	if i := bytes.Index(flipped, []byte("GO-1.json")); i >= 0 {
		flipped[i+len("GO-1.json")+20] ^= 0x10 // in the deflated content
	}
	for _, tt := range []struct {
		name  string
		pack  func() ([]byte, error)
		want  []Class
		where string
		count int
	}{
		{"no archive", func() ([]byte, error) { return PackFetched([]Fetched{{"Go", nil, "connection refused"}}, "test") }, []Class{Absent}, "Go/all.zip", 0},
		{"zero bytes", func() ([]byte, error) { return PackZip(nil, goOnly, "test") }, []Class{Truncated}, "all.zip", 0},
		{"an empty archive", func() ([]byte, error) { return PackZip(zipOf(t), goOnly, "test") }, []Class{Empty}, "all.zip", 0},
		{"no record in it", func() ([]byte, error) { return PackZip(zipOf(t, entry{"a.txt", "x"}), goOnly, "test") }, []Class{Empty}, "all.zip", 0},
		{"cut in half", func() ([]byte, error) { return PackZip(whole[:len(whole)/2], goOnly, "test") }, []Class{Truncated}, "all.zip", 0},
		{"one bit flipped", func() ([]byte, error) { return PackZip(flipped, goOnly, "test") }, []Class{Truncated}, "GO-1.json", 1},
		{"a truncated record", func() ([]byte, error) {
			return PackZip(zipOf(t, a("GO-1"), entry{"GO-2.json", a("GO-2").data[:99]}), goOnly, "test")
		}, []Class{Unreadable}, "_/GO-2.json", 1},
		{"an unknown field", func() ([]byte, error) {
			return PackZip(zipOf(t, entry{"GO-1.json", `{"x":1,` + a("GO-1").data[1:]}), goOnly, "test")
		}, []Class{NewerFields}, "GO-1", 1},
		{"a newer schema", func() ([]byte, error) {
			return PackZip(zipOf(t, entry{"GO-1.json", strings.Replace(a("GO-1").data, "1.7.4", "2.0.0", 1)}), goOnly, "test")
		}, []Class{NewerSchema}, "_/GO-1.json", 0},
		{"a record too large", func() ([]byte, error) {
			return PackZip(zipOf(t, a("GO-1"), entry{"GO-2.json", strings.Repeat(" ", maxRecord+1)}), goOnly, "test")
		}, []Class{TooLarge}, "GO-2.json", 1},
		{"one id, two contents", func() ([]byte, error) {
			return PackZip(zipOf(t, a("GO-1"), entry{"other.json", record("GO-1", "Go", "example.org/b", "0", "1.0.0")}), goOnly, "test")
		}, []Class{Duplicate}, "GO-1", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pack, err := tt.pack()
			db := load(t, pack, err)
			if !slices.Equal(classes(db), tt.want) || db.Count() != tt.count {
				t.Fatalf("%d records, faults %v, want %d and %v", db.Count(), db.Faults(), tt.count, tt.want)
			}
			if f := db.Faults()[0]; f.Where != tt.where || f.Detail == "" {
				t.Errorf("fault %+v, want it at %s", f, tt.where)
			}
		})
	}
}

func TestOneEcosystemsFaultIsItsOwn(t *testing.T) {
	pack, err := PackFetched([]Fetched{{"Go", zipOf(t, a("GO-1")), ""}, {"PyPI", nil, "connection refused"}}, PublicLabel)
	db := load(t, pack, err)
	if db.Count() != 1 || len(db.Faults()) != 1 || db.Faults()[0].Ecosystem != "PyPI" || !db.covers("Go") || db.covers("PyPI") {
		t.Errorf("%d records, faults %v", db.Count(), db.Faults())
	}
}

func TestOpenRefuses(t *testing.T) {
	pack, err := PackZip(zipOf(t, a("GO-1"), a("GO-2")), goOnly, "test")
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		out := bytes.Clone(pack)
		out[at] ^= 1
		return out
	}
	for name, data := range map[string][]byte{
		"nothing":               {},
		"not a tar":             []byte(strings.Repeat("x", 1024)),
		"cut short":             pack[:len(pack)-600],
		"bytes after it":        append(bytes.Clone(pack), 0),
		"another mode":          flip(106),
		"another first member":  flip(0),
		"another member folder": bytes.ReplaceAll(pack, []byte("records/"), []byte("recordz/")),
		"another format":        bytes.Replace(pack, []byte(packFormat), []byte("proffer-osv-pack/2"), 1),
		"no canonical index":    bytes.Replace(pack, []byte(`{"archives"`), []byte(`{ archives"`), 1),
	} {
		var bad *PackError
		if _, err := Open(data); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArchiveURL(t *testing.T) {
	for ecosystem, want := range map[string]string{
		"Go":      "https://osv-vulnerabilities.storage.googleapis.com/Go/all.zip",
		"Red Hat": "https://osv-vulnerabilities.storage.googleapis.com/Red%20Hat/all.zip",
		"../x":    "https://osv-vulnerabilities.storage.googleapis.com/..%2Fx/all.zip",
	} {
		if got := ArchiveURL(ecosystem); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzPackZip(f *testing.F) {
	f.Add(zipOf(f, a("GO-1"), entry{"GO-2.json", "{"}))
	f.Add(zipOf(f))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pack, err := PackZip(data, goOnly, "fuzz")
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(pack)
		if err != nil {
			t.Fatalf("a pack of our own making is refused: %v", err)
		}
		if db.Count() == 0 && len(db.Faults()) == 0 && len(db.index.Archives) != 1 {
			t.Fatal("nothing was read and nothing is said about it")
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(must(PackZip(zipOf(f, a("GO-1")), goOnly, "fuzz")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var bad *PackError
		if _, err := Open(data); err != nil && !errors.As(err, &bad) {
			t.Fatalf("untyped error %v", err)
		}
	})
}
