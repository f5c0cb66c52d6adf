package engine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

func blob(name, data string) evidence.Descriptor {
	return evidence.Descriptor{Name: name, MediaType: "text/plain", Digest: evidence.Of([]byte(data)), Size: int64(len(data))}
}

// keyStep is a step with everything that a key is made of.
func keyStep() (engine.Step, map[string]engine.Result) {
	return engine.Step{
		ID: "rebuild/x", Kind: "rebuild", Version: 3, Tool: "sha256:tool", Class: engine.Rebuild,
		Params: json.RawMessage(`{"a":1,"b":[true,"x"]}`), Needs: []string{"one", "two"},
		Inputs: []evidence.Descriptor{blob("in", "in"), blob("other", "other")},
	}, map[string]engine.Result{
		"one": {Outputs: []evidence.Descriptor{blob("p", "p"), blob("q", "q")}},
		"two": {Outputs: []evidence.Descriptor{blob("p", "p2")}},
	}
}

func mustKey(t *testing.T, s engine.Step, needs map[string]engine.Result) evidence.Digest {
	t.Helper()
	k, err := engine.Key(s, needs)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyIsStable(t *testing.T) {
	s, needs := keyStep()
	// When this changes, no cache of before is used again: that has to be meant.
	const want = "sha256:baefd3e7dce0382883354a68725e3ed714279e37db8f60282ce0458d883f41b2"
	if got := mustKey(t, s, needs); got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

func TestWhatAKeyDependsOn(t *testing.T) {
	s0, needs0 := keyStep()
	key := mustKey(t, s0, needs0)
	for name, change := range map[string]func(s *engine.Step, needs map[string]engine.Result){
		"kind":         func(s *engine.Step, _ map[string]engine.Result) { s.Kind = "fetch" },
		"version":      func(s *engine.Step, _ map[string]engine.Result) { s.Version++ },
		"tool":         func(s *engine.Step, _ map[string]engine.Result) { s.Tool = "" },
		"parameters":   func(s *engine.Step, _ map[string]engine.Result) { s.Params = json.RawMessage(`{"a":2,"b":[true,"x"]}`) },
		"list order":   func(s *engine.Step, _ map[string]engine.Result) { s.Params = json.RawMessage(`{"a":1,"b":["x",true]}`) },
		"none":         func(s *engine.Step, _ map[string]engine.Result) { s.Params = nil },
		"input":        func(s *engine.Step, _ map[string]engine.Result) { s.Inputs[0] = blob("in", "IN") },
		"input name":   func(s *engine.Step, _ map[string]engine.Result) { s.Inputs[0].Name = "ni" },
		"input type":   func(s *engine.Step, _ map[string]engine.Result) { s.Inputs[0].MediaType = "text/html" },
		"fewer inputs": func(s *engine.Step, _ map[string]engine.Result) { s.Inputs = s.Inputs[:1] },
		"fewer needs":  func(s *engine.Step, _ map[string]engine.Result) { s.Needs = s.Needs[:1] },
		"need's output": func(_ *engine.Step, needs map[string]engine.Result) {
			needs["two"] = engine.Result{Outputs: []evidence.Descriptor{blob("p", "p3")}}
		},
		"needs swapped": func(_ *engine.Step, needs map[string]engine.Result) {
			needs["one"], needs["two"] = needs["two"], needs["one"]
		},
	} {
		s, needs := keyStep()
		change(&s, needs)
		if mustKey(t, s, needs) == key {
			t.Errorf("%s: the key stays", name)
		}
	}
	for name, change := range map[string]func(s *engine.Step, needs map[string]engine.Result){
		"id":              func(s *engine.Step, _ map[string]engine.Result) { s.ID = "rebuild/y" },
		"class":           func(s *engine.Step, _ map[string]engine.Result) { s.Class = engine.CPU },
		"timeout":         func(s *engine.Step, _ map[string]engine.Result) { s.Timeout = 1 },
		"order of inputs": func(s *engine.Step, _ map[string]engine.Result) { s.Inputs[0], s.Inputs[1] = s.Inputs[1], s.Inputs[0] },
		"order of needs":  func(s *engine.Step, _ map[string]engine.Result) { s.Needs = []string{"two", "one"} },
		"form of parameters": func(s *engine.Step, _ map[string]engine.Result) {
			s.Params = json.RawMessage(` {"b":[true,"\u0078"], "a":1.0e0}`)
		},
		"key of a need": func(_ *engine.Step, needs map[string]engine.Result) {
			r := needs["one"]
			r.Key = "sha256:x"
			needs["one"] = r
		},
		"other results": func(_ *engine.Step, needs map[string]engine.Result) { needs["three"] = engine.Result{} },
	} {
		s, needs := keyStep()
		change(&s, needs)
		if mustKey(t, s, needs) != key {
			t.Errorf("%s: the key changes", name)
		}
	}
}

func TestKeyRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		params string
		needs  []string
		want   string
	}{
		"no JSON":          {params: `{`, want: "parameters"},
		"two values":       {params: `{} {}`, want: "parameters"},
		"duplicate key":    {params: `{"a":1,"a":2}`, want: "parameters"},
		"large number":     {params: `{"a":9007199254740993}`, want: "as a string"},
		"large negative":   {params: `[-9007199254740993]`, want: "as a string"},
		"very large":       {params: `123456789012345678901234567890`, want: "as a string"},
		"no result of one": {params: `{}`, needs: []string{"absent"}, want: "absent"},
	} {
		s := engine.Step{ID: "s", Kind: "k", Params: json.RawMessage(tc.params), Needs: tc.needs}
		_, err := engine.Key(s, nil)
		var pe *engine.PlanError
		if !errors.As(err, &pe) || pe.Step != "s" || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := engine.Key(engine.Step{Params: json.RawMessage(`[9007199254740991,-9007199254740991,0.5,1e300]`)}, nil); err != nil {
		t.Errorf("exact numbers: %v", err)
	}
}

func TestReady(t *testing.T) {
	steps := []engine.Step{{ID: "c", Needs: []string{"a", "b"}}, {ID: "b", Needs: []string{"a"}}, {ID: "a"}, {ID: "d"}}
	done := map[string]engine.Result{}
	for _, want := range []string{"a d", "b d", "c d", "d", ""} {
		ids := engine.Ready(steps, done)
		if got := strings.Join(ids, " "); got != want {
			t.Fatalf("ready: %q, want %q", got, want)
		}
		if len(ids) > 0 {
			done[ids[0]] = engine.Result{}
		}
	}
}
