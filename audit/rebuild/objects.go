package rebuild

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// listFormat makes go list print one line for each object file that would be
// linked as it is, or C file that would be compiled.
const listFormat = `{{range .SysoFiles}}object {{$.ImportPath}} {{.}}{{"\n"}}{{end}}` +
	`{{range .CgoFiles}}cgo {{$.ImportPath}} {{.}}{{"\n"}}{{end}}`

// recognise settles whether the recipe is a compile that proffer knows. What the
// words of the recipe cannot tell, the pinned toolchain is asked: which packages
// are linked, and whether one of them brings an object file.
func (j *running) recognise(ctx context.Context) error {
	plan, reasons := recognised(j.job.Recipe)
	if len(reasons) == 0 {
		objects, err := j.objects(ctx, plan)
		if err != nil {
			return err
		}
		reasons = append(reasons, objects...)
	}
	j.result.Opaque = append(j.result.Opaque, reasons...)
	return nil
}

// objects asks go list for what is linked and is not Go or assembly.
func (j *running) objects(ctx context.Context, p plan) ([]string, error) {
	program, err := j.place.program("go")
	if err != nil {
		return nil, err
	}
	argv := []string{program, "list"}
	if p.dir != "" {
		argv = append(argv, "-C", p.dir)
	}
	argv = append(argv, "-deps", "-buildvcs=false", "-f", listFormat)
	argv = append(argv, p.list...)
	argv = append(argv, "--")
	argv = append(argv, p.packages...)
	res, err := j.inside(ctx, j.place, argv, j.place.env)
	if err != nil {
		return nil, fmt.Errorf("list what is compiled: %w", err)
	}
	if res.LimitHit != "" {
		j.result.LimitHit = res.LimitHit
		return nil, problemf(LimitHit, "listing what is compiled came to the limit for %s", res.LimitHit)
	}
	if res.Exit != 0 {
		j.result.Failure = tail(settled(j.place.scrub.scrub(res.Stderr)), maxFailure)
		return nil, problemf(CommandFailed, "go list ended with exit code %d", res.Exit)
	}
	var reasons []string
	for line := range strings.Lines(string(res.Stdout)) {
		what, where, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch what {
		case "object":
			reasons = append(reasons, fmt.Sprintf("an object file is linked as it is: %.200s", where))
		case "cgo":
			reasons = append(reasons, fmt.Sprintf("C code is compiled: %.200s", where))
		}
	}
	slices.Sort(reasons)
	return slices.Compact(reasons), nil
}
