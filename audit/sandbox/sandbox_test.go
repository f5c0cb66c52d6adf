package sandbox

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestUnavailable(t *testing.T) {
	err := error(&UnavailableError{
		Refusals: []Refusal{{Tier: Namespaces, Stage: "mount", Err: errors.New("no")}, {Tier: Landlock, Stage: "landlock", Err: errors.New("nor that")}},
		Hint:     "do this",
	})
	for _, word := range []string{"namespaces: mount: no", "landlock: landlock: nor that", "\nhint: do this"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	if runtime.GOOS == "linux" {
		return
	}
	var un *UnavailableError
	if _, err := Open(t.Context(), Options{}); !errors.As(err, &un) || un.Code() != "not-isolated" || un.Hint == "" {
		t.Errorf("here: %v", err)
	}
	if Confined() == nil {
		t.Error("there is no sandbox to be in")
	}
}

func TestTierRanks(t *testing.T) {
	order := []Tier{"bogus", None, Landlock, Namespaces}
	for i := 1; i < len(order); i++ {
		if order[i-1].rank() >= order[i].rank() {
			t.Errorf("%s is not weaker than %s", order[i-1], order[i])
		}
	}
}

func TestOutput(t *testing.T) {
	o := newOutput(5)
	for i, w := range []string{"abc", "de"} {
		if n, err := []interface{ Write([]byte) (int, error) }{o.stdout(), o.stderr()}[i].Write([]byte(w)); n != len(w) || err != nil {
			t.Errorf("%q: %d, %v", w, n, err)
		}
	}
	if o.exceeded() {
		t.Error("exceeded at the limit")
	}
	for range 2 {
		if n, err := o.stdout().Write([]byte("x")); n != 1 || err != nil {
			t.Errorf("beyond: %d, %v", n, err)
		}
	}
	if !o.exceeded() || string(o.bytes(1)) != "abc" || string(o.bytes(2)) != "de" {
		t.Errorf("%q %q", o.bytes(1), o.bytes(2))
	}
}
