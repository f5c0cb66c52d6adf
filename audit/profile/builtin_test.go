package profile

import (
	"slices"
	"strings"
	"testing"
)

func builtin(t *testing.T, name string) *Profile {
	t.Helper()
	data, ok := Builtin(name)
	if !ok {
		t.Fatalf("there is no built-in profile %q", name)
	}
	p, err := Parse(name+".yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuiltinsParse(t *testing.T) {
	entries, err := profiles.ReadDir("profiles")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		files = append(files, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	if !slices.Equal(files, BuiltinNames()) {
		t.Errorf("BuiltinNames() = %q, the files are %q", BuiltinNames(), files)
	}
	for _, name := range BuiltinNames() {
		if p := builtin(t, name); p.ID != name {
			t.Errorf("profile %s has id %q", name, p.ID)
		}
	}
	if _, ok := Builtin("../profiles/bod-17-01"); ok {
		t.Error("a path is taken for the name of a profile")
	}
}

// The mapping of BOD 17-01 is what reports rest on, so it is held here too.
func TestBOD1701Concerns(t *testing.T) {
	want := map[string]string{
		"C1": "source! declared!", "C2": "-", "C3": "source! declared!", "C4": "-", "C5": "source! declared!",
		"C6": "source! declared!", "C7": "source! rebuild!", "C8": "rebuild! fetch! provenance", "C9": "advisories! inventory!",
		"C10": "", "C11": "source declared", "C12": "",
	}
	p := builtin(t, "bod-17-01")
	for _, c := range p.Concerns {
		var got []string
		for _, b := range c.Checks {
			word := string(b.Kind)
			if b.Needed {
				word += "!"
			}
			got = append(got, word)
		}
		if !c.Technical {
			got = append(got, "-")
		}
		if s := strings.Join(got, " "); s != want[c.ID] {
			t.Errorf("%s: checks %q, want %q", c.ID, s, want[c.ID])
		}
		if len(c.Limits) == 0 || len(c.Documents) == 0 {
			t.Errorf("%s has no limits or no documents", c.ID)
		}
		delete(want, c.ID)
	}
	if len(want) > 0 {
		t.Errorf("concerns that are not there: %v", want)
	}
	if c, _ := p.Concern("C10"); !strings.Contains(strings.Join(c.Limits, " "), "`presence`") {
		t.Error("C10 does not name the procedure that answers it")
	}
	c, _ := p.Concern("C8")
	if c.Checks[0].MinClass != "E3" {
		t.Errorf("C8 is supported by evidence of class %s", c.Checks[0].MinClass)
	}
}

// No clause was read word for word, so nothing may claim to be quoted.
func TestBOD1701Confidence(t *testing.T) {
	data, _ := Builtin("bod-17-01")
	if strings.Contains(string(data), "confidence: quoted") || strings.Contains(string(data), "\n  quote:") {
		t.Error("something is marked as quoted")
	}
}
