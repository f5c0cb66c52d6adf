package rebuild

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

// worldly plays a build whose output holds what it sees of a variable, or of the
// host's name where the key is "host".
func worldly(t *testing.T, key string) func(sandbox.Command, string) sandbox.Result {
	return func(c sandbox.Command, source string) sandbox.Result {
		content := program
		i := slices.IndexFunc(c.Env, func(line string) bool { return strings.HasPrefix(line, key+"=") })
		switch {
		case key == "host":
			content += c.Hostname
		case key == "umask":
			content += fmt.Sprint(c.Umask)
		case key == "path":
			content += c.Dir
		case key == "clock":
			info, err := os.Stat(filepath.Join(source, "main.go"))
			if err != nil {
				t.Fatal(err)
			}
			if info.ModTime().Year() == 2001 {
				content += "old"
			}
		case i >= 0 && key != "TZ" || i >= 0 && c.Env[i] != "TZ=UTC":
			content += c.Env[i]
		}
		write(t, source, "out/agent", content)
		return sandbox.Result{}
	}
}

func TestVariationsNameTheGuilty(t *testing.T) {
	all := []string{"path", "user", "host", "locale", "timezone", "umask", "clock", "parallelism", "cache"}
	for key, guilty := range map[string]string{"nothing": "", "USER": "user", "host": "host", "path": "path", "umask": "umask", "LANG": "locale", "TZ": "timezone", "GOMAXPROCS": "parallelism", "clock": "clock"} {
		t.Run(key, func(t *testing.T) {
			store := evidence.NewMemory()
			job := sample(t, store)
			job.Variations = all
			r, _ := mustRun(t, &fakeBox{canPlace: true, do: worldly(t, key)}, store, job)
			want := []string(nil)
			if guilty != "" {
				want = []string{guilty}
			}
			if diff := cmp.Diff(want, r.varied(VariedDiffers)); diff != "" || len(r.Variations) != len(all) {
				t.Errorf("%s\n%+v", diff, r.Variations)
			}
			c := Outcomes("a", r, Verdict{Require: reports.Unexplained, ToolchainTrusted: true}).Checks[0]
			if guilty == "" && c.Status != reports.Pass || guilty != "" && (c.Status != reports.Fail || c.Code != codeNotDeterministic || !strings.Contains(c.Reason.String(), guilty)) {
				t.Errorf("%+v", c)
			}
			if guilty != "" && !slices.Contains(rules(r, trusted), "medium "+RuleNotDeterministic) {
				t.Errorf("findings %q", rules(r, trusted))
			}
		})
	}
}

// TestVariationsThatCannotBeMade are named, and keep a demand from being met.
func TestVariationsThatCannotBeMade(t *testing.T) {
	store := evidence.NewMemory()
	for _, tt := range []struct {
		name   string
		box    *fakeBox
		change func(*Job)
	}{
		{"host", &fakeBox{}, func(*Job) {}},
		{"path", &fakeBox{}, func(*Job) {}},
		{"path", &fakeBox{canPlace: true}, func(j *Job) { j.Recipe.Paths = &Paths{Source: "/ci/x"} }},
		{"timezone", &fakeBox{canPlace: true}, func(j *Job) { j.Recipe.Env = map[string]string{"TZ": "UTC"} }},
		{"weather", &fakeBox{canPlace: true}, func(*Job) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			job := sample(t, store)
			job.Variations = []string{tt.name}
			tt.change(&job)
			tt.box.do = builds(t, "out/agent", program)
			r, usage := mustRun(t, tt.box, store, job)
			if v := r.Variations; len(v) != 1 || v[0].Outcome != VariedNotMade || v[0].Why == "" || usage.Commands != 2 {
				t.Errorf("%+v after %d commands", v, usage.Commands)
			}
			c := Outcomes("a", r, trusted).Checks[0]
			if c.Status != reports.Incomplete || c.Code != codeNotVaried || !strings.Contains(c.Reason.String(), tt.name) {
				t.Errorf("%+v", c)
			}
		})
	}
}
