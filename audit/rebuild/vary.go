package rebuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/proffer-audit/proffer/audit/workspace"
)

// world is in what other surroundings a build is repeated.
type world struct {
	host   string            // name of the machine
	umask  int               // of the commands; 0 is the sandbox's own
	env    map[string]string // $SCRATCH stands for the scratch folder
	suffix string            // of the places of the trees
	cache  string            // build cache to start with, on the host; "" for an empty one
	dated  bool              // files have another time
}

// Varied is one variation of a build, and what came of it.
type Varied struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	// How says what was varied, and Why what kept it from being.
	How string `json:"how,omitempty"`
	Why string `json:"why,omitempty"`
}

// The outcomes of a variation.
const (
	VariedSame    = "same"
	VariedDiffers = "differs"
	VariedNotMade = "not-made"
)

// variationCache is not varied together with others: with what is compiled already
// they would bear on the link alone.
const variationCache = "cache"

// vary builds again in another world, and where the result is another, finds out
// which variation it takes.
func (j *running) vary(ctx context.Context) error {
	if len(j.job.Variations) == 0 {
		return nil
	}
	first, err := j.store.Read(j.result.Rebuilt.Digest, max(j.result.Rebuilt.Size, 1))
	if err != nil {
		return err
	}
	var together []string
	for _, name := range j.job.Variations {
		v := j.variation(name)
		j.result.Variations = append(j.result.Variations, v)
		if v.Outcome == "" && name != variationCache {
			together = append(together, name)
		}
	}
	if err := j.varyTogether(ctx, together, first); err != nil {
		return err
	}
	if slices.ContainsFunc(j.result.Variations, func(v Varied) bool { return v.Name == variationCache && v.Outcome == "" }) {
		return j.varyOne(ctx, []string{variationCache}, first)
	}
	return nil
}

// varyTogether varies everything at once, and one by one where that made a
// difference.
func (j *running) varyTogether(ctx context.Context, names []string, first []byte) error {
	if len(names) == 0 {
		return nil
	}
	if err := j.varyOne(ctx, names, first); err != nil {
		return err
	}
	if j.varied(names[0]).Outcome != VariedDiffers || len(names) == 1 {
		return nil
	}
	guilty := 0
	for _, name := range names {
		if err := j.varyOne(ctx, []string{name}, first); err != nil {
			return err
		}
		if j.varied(name).Outcome == VariedDiffers {
			guilty++
		}
	}
	for _, name := range names {
		if v := j.varied(name); guilty == 0 && v.Outcome == VariedSame {
			v.Outcome, v.Why = VariedDiffers, "only together with the others"
		}
	}
	return nil
}

// varyOne builds once with these variations and books the outcome for each.
func (j *running) varyOne(ctx context.Context, names []string, first []byte) error {
	j.varies++
	outcome, why := VariedSame, ""
	data, err := j.again(ctx, fmt.Sprintf("%s-%d", j.dir, j.varies), j.worldOf(names))
	var p *problem
	switch {
	case errors.As(err, &p) && p.code == LimitHit:
		outcome, why = VariedNotMade, p.reason
		j.result.SearchLimit = "variation"
	case errors.As(err, &p):
		outcome, why = VariedDiffers, p.reason
	case err != nil:
		return err
	case !bytes.Equal(data, first):
		outcome = VariedDiffers
	}
	for _, name := range names {
		v := j.varied(name)
		v.Outcome, v.Why = outcome, why
	}
	return nil
}

func (j *running) varied(name string) *Varied {
	i := slices.IndexFunc(j.result.Variations, func(v Varied) bool { return v.Name == name })
	return &j.result.Variations[i]
}

// again does the whole job once more, in a layout of its own in another world,
// and returns what was built.
func (j *running) again(ctx context.Context, dir string, w world) (data []byte, err error) {
	k := &running{box: j.box, store: j.store, job: j.job, shipped: j.shipped, world: w, quiet: true}
	defer func() {
		j.usage.add(k.usage)
		err = errors.Join(err, workspace.Remove(dir))
	}()
	if err := k.lay(dir); err != nil {
		return nil, err
	}
	if w.dated {
		if err := redate(k.layout.Source); err != nil {
			return nil, err
		}
	}
	if err := k.patched(ctx); err != nil {
		return nil, err
	}
	if err := k.prepared(); err != nil {
		return nil, err
	}
	if err := k.commands(ctx); err != nil {
		return nil, err
	}
	return collect(k.layout.Source, k.job.Recipe.Output)
}

// redate gives all files of a tree another time than those of a fresh layout.
func redate(dir string) error {
	then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	return filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(p, then, then)
	})
}

func (u *Usage) add(o Usage) {
	u.Commands += o.Commands
	u.UserCPU += o.UserCPU
	u.SysCPU += o.SysCPU
	u.MaxRSS = max(u.MaxRSS, o.MaxRSS)
	u.Log = append(u.Log, o.Log...)
}
