package rebuild

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
)

// variationRow is how one respect is varied.
type variationRow struct {
	how string
	env map[string]string
	// places says that the tier of the sandbox must be able to place.
	places bool
}

// variations are the words of a policy. What is told of a variation holds for all
// machines and tiers.
func variations() map[string]variationRow {
	threads := "1"
	if runtime.NumCPU() == 1 {
		threads = "4"
	}
	return map[string]variationRow{
		"path":        {how: "source, toolchain, modules and scratch in other folders", places: true},
		"user":        {how: "another name and home folder of the user; the number of the user is the sandbox's in both", env: map[string]string{"USER": "other", "LOGNAME": "other", "HOME": "$SCRATCH/tmp"}},
		"host":        {how: "another name of the machine", places: true, env: map[string]string{"HOSTNAME": "other-host"}},
		"locale":      {how: "another language, by LANG and LC_ALL", env: map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8"}},
		"timezone":    {how: "another time zone, by TZ", env: map[string]string{"TZ": "Pacific/Kiritimati"}},
		"umask":       {how: "new files for their owner alone: mask 077 where it was 022"},
		"clock":       {how: "a later instant, and other times of all source files; the clock itself is not shifted, since no namespace shifts the wall clock"},
		"parallelism": {how: "another number of threads and of packages compiled at one time, by GOMAXPROCS", env: map[string]string{"GOMAXPROCS": threads}},
		"cache":       {how: "a build cache that holds what the first build left, where the first found it empty"},
	}
}

// variation is what can be said of one before anything is built. It has no
// outcome yet when it can be made.
func (j *running) variation(name string) Varied {
	row, known := variations()[name]
	v := Varied{Name: name, How: row.how}
	say := func(why string) Varied { return Varied{Name: name, Outcome: VariedNotMade, Why: why} }
	switch {
	case !known:
		return say("it is not known how to vary this")
	case row.places && !j.box.CanPlace():
		j.result.SearchLimit = limitTier
		return say("this tier of the sandbox cannot show another name or place")
	case name == "path" && j.job.Recipe.Paths != nil:
		return say("the recipe names the folders of the builder")
	}
	for _, key := range slices.Sorted(maps.Keys(row.env)) {
		if _, said := j.job.Recipe.Env[key]; said {
			return say("the recipe sets " + key)
		}
	}
	return v
}

// worldOf is the world in which these are varied.
func (j *running) worldOf(names []string) world {
	w := world{env: map[string]string{}}
	for _, name := range names {
		maps.Copy(w.env, variations()[name].env)
		switch name {
		case "path":
			w.suffix = "-elsewhere"
		case "host":
			w.host = "other-host"
		case "umask":
			w.umask = 0o077
		case "clock":
			w.dated = true
		case variationCache:
			w.cache = filepath.Join(j.layout.Scratch, or(j.cache, "gocache"))
		}
	}
	return w
}
