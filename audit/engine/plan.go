package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Ready is the ids, in the order of steps, of those that are not done and whose
// needs all are. It is pure, and all that decides the order of a run.
func Ready(steps []Step, done map[string]Result) []string {
	var ids []string
	for _, s := range steps {
		_, is := done[s.ID]
		waits := slices.ContainsFunc(s.Needs, func(id string) bool { _, ok := done[id]; return !ok })
		if !is && !waits {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// prepare refuses a plan that cannot be run to its end, and returns a copy of one
// that can, with parameters in the form that their key is made from, so that a
// Func sees no more of them than that. In a replay, steps that observe need no
// Func.
func prepare(steps []Step, replay bool) ([]Step, error) {
	plan := slices.Clone(steps)
	ids := make(map[string]bool, len(steps))
	for i, s := range plan {
		if reason := badStep(s, replay); reason != "" {
			return nil, &PlanError{s.ID, reason}
		}
		if ids[s.ID] {
			return nil, &PlanError{s.ID, "two steps have this id"}
		}
		ids[s.ID] = true
		var err error
		if plan[i].Params, err = canonicalParams(s.Params); err != nil {
			return nil, &PlanError{s.ID, err.Error()}
		}
		if plan[i].Inputs, err = normalise(s.Inputs); err != nil {
			return nil, &PlanError{s.ID, "inputs: " + err.Error()}
		}
	}
	if err := checkNeeds(plan, ids); err != nil {
		return nil, err
	}
	return plan, checkCycles(plan)
}

func checkNeeds(steps []Step, ids map[string]bool) error {
	for _, s := range steps {
		for i, need := range s.Needs {
			switch {
			case !ids[need]:
				return &PlanError{s.ID, fmt.Sprintf("it needs %q, which is not in the plan", need)}
			case slices.Contains(s.Needs[:i], need):
				return &PlanError{s.ID, fmt.Sprintf("it needs %q twice", need)}
			}
		}
	}
	return nil
}

// badStep says what is wrong with a step by itself, or nothing.
func badStep(s Step, replay bool) string {
	switch {
	case s.ID == "":
		return "a step has no id"
	case s.Kind == "":
		return "it has no kind"
	case s.Class != Network && s.Class != CPU && s.Class != Rebuild:
		return fmt.Sprintf("class %q: want network, cpu or rebuild", s.Class)
	case s.Timeout < 0:
		return fmt.Sprintf("a timeout of %v", s.Timeout)
	case s.Run == nil && !(replay && s.Observe):
		return "it has nothing to run"
	}
	return ""
}

// checkCycles runs the plan in thought, and names a cycle where that stops.
func checkCycles(steps []Step) error {
	waiting := make(map[string]int, len(steps))
	dependents := make(map[string][]string, len(steps))
	needs := make(map[string][]string, len(steps))
	var free []string
	for _, s := range steps {
		waiting[s.ID], needs[s.ID] = len(s.Needs), s.Needs
		for _, need := range s.Needs {
			dependents[need] = append(dependents[need], s.ID)
		}
		if len(s.Needs) == 0 {
			free = append(free, s.ID)
		}
	}
	for ; len(free) > 0; free = free[1:] {
		for _, id := range dependents[free[0]] {
			if waiting[id]--; waiting[id] == 0 {
				free = append(free, id)
			}
		}
	}
	i := slices.IndexFunc(steps, func(s Step) bool { return waiting[s.ID] > 0 })
	if i < 0 {
		return nil
	}
	path := cycle(steps[i].ID, needs, waiting)
	return &PlanError{path[0], "it needs itself: " + strings.Join(path, " → ")}
}

// cycle follows needs that never came free from id until one comes again.
func cycle(id string, needs map[string][]string, waiting map[string]int) []string {
	var path []string
	for !slices.Contains(path, id) {
		path = append(path, id)
		stuck := slices.IndexFunc(needs[id], func(need string) bool { return waiting[need] > 0 })
		id = needs[id][stuck]
	}
	return append(path[slices.Index(path, id):], id)
}

// normalise sorts descriptors by name and refuses those that no one could rely
// on: without a name of their own, or without a digest.
func normalise(list []evidence.Descriptor) ([]evidence.Descriptor, error) {
	sorted := append([]evidence.Descriptor{}, list...)
	slices.SortFunc(sorted, func(a, b evidence.Descriptor) int { return strings.Compare(a.Name, b.Name) })
	for i, d := range sorted {
		if d.Name == "" {
			return nil, fmt.Errorf("%s has no name", d.Digest)
		}
		if i > 0 && sorted[i-1].Name == d.Name {
			return nil, fmt.Errorf("two are named %q", d.Name)
		}
		if _, err := evidence.ParseDigest(string(d.Digest)); err != nil {
			return nil, fmt.Errorf("%q: %w", d.Name, err)
		}
		if d.Size < 0 {
			return nil, fmt.Errorf("%q: a size of %d bytes", d.Name, d.Size)
		}
	}
	return sorted, nil
}

// held refuses descriptors whose blobs a store does not have, or has with
// another size. It reads no blob: who uses one hashes it.
func held(store evidence.Reader, list []evidence.Descriptor) error {
	for _, d := range list {
		if !store.Has(d.Digest) {
			return fmt.Errorf("%q: blob %s: %w", d.Name, d.Digest, evidence.ErrNotFound)
		}
		sizer, ok := store.(evidence.Sizer)
		if !ok {
			continue
		}
		if size, known := sizer.Size(d.Digest); known && size != d.Size {
			return fmt.Errorf("%q: blob %s has %d bytes, and is described with %d", d.Name, d.Digest, size, d.Size)
		}
	}
	return nil
}
