package rebuild

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestGitStandIn(t *testing.T) {
	rev := strings.Repeat("0123456789", 4)
	clean := VCS{Revision: rev, Time: time.Unix(1761000000, 0)}
	tagged := VCS{Revision: rev, Time: time.Unix(1761000000, 0), Modified: true, Tag: "v1.2.3", Base: "v1.2.2"}
	long := VCS{Revision: strings.Repeat("ab", 32), Time: time.Unix(1, 0)}
	for _, tt := range []struct {
		name string
		v    VCS
		args string // separated by |
		want string
		code int
	}{
		{"clean", clean, "status|--porcelain", "", 0},
		{"modified", tagged, "status|--porcelain", "?? modified\n", 0},
		{"newest", clean, "-c|log.showsignature=false|log|-1|--format=%H:%ct", rev + ":1761000000\n", 0},
		{"sha1", clean, "config|extensions.objectformat", "", 128},
		{"sha256", long, "config|extensions.objectformat", "sha256\n", 0},
		{"commit", clean, "-c|log.showsignature=false|log|--no-decorate|-n1|--format=format:%H %ct %D|--end-of-options|" + rev + "|--", rev + " 1761000000 HEAD", 0},
		{"tagged commit", tagged, "log|--no-decorate|-n1|--format=format:%H %ct %D|--end-of-options|" + rev + "|--", rev + " 1761000000 HEAD, tag: v1.2.3", 0},
		{"another commit", clean, "log|--no-decorate|-n1|--format=format:%H %ct %D|--end-of-options|HEAD|--", "", 128},
		{"tags", tagged, "tag|-l", "v1.2.2\nv1.2.3\n", 0},
		{"no tags", clean, "tag|-l", "", 0},
		{"refs", tagged, "for-each-ref|--format=%(refname)|--merged=" + rev, "refs/tags/v1.2.2\nrefs/tags/v1.2.3\n", 0},
		{"file", clean, "cat-file|--end-of-options|blob|" + rev + ":go.mod", "module m\n", 0},
		{"absent file", clean, "cat-file|--end-of-options|blob|" + rev + ":sub/go.mod", "", 128},
		{"file above", clean, "cat-file|--end-of-options|blob|" + rev + ":../go.mod", "", 128},
		{"file elsewhere", clean, "cat-file|--end-of-options|blob|" + rev + ":/etc/passwd", "", 128},
		{"fetch", clean, "fetch|origin", "", 128},
		{"nothing", clean, "", "", 128},
		{"only a setting", clean, "-c", "", 128},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line, err := stampLine(tt.v)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv(stampVar, line)
			dir := t.TempDir()
			t.Chdir(dir)
			write(t, dir, "go.mod", "module m\n")
			var args []string
			if tt.args != "" {
				args = strings.Split(tt.args, "|")
			}
			var out, errs bytes.Buffer
			code := GitStandIn(context.Background(), args, nil, &out, &errs)
			if code != tt.code || out.String() != tt.want || (code != 0) != (errs.Len() > 0) {
				t.Errorf("%d %q, want %d %q (%s)", code, out.String(), tt.code, tt.want, errs.String())
			}
		})
	}
	t.Setenv(stampVar, "")
	if code := GitStandIn(context.Background(), []string{"status", "--porcelain"}, nil, new(bytes.Buffer), new(bytes.Buffer)); code == 0 {
		t.Error("an answer without a stamp")
	}
}

func TestTagsFromTheShippedFile(t *testing.T) {
	v := VCS{Revision: strings.Repeat("a", 40), Time: time.Unix(1, 0), Tag: "v1.0.0"}
	if got := v.withTags([]byte("no program")); got.Tag != "v1.0.0" || got.Base != "" {
		t.Errorf("%+v", got)
	}
	v.Tag = ""
	if got := v.withTags([]byte("no program")); got.Tag != "" || got.Base != "" {
		t.Errorf("%+v", got)
	}
}

// FuzzGitAnswers asks anything: only files of the tree may come out.
func FuzzGitAnswers(f *testing.F) {
	f.Add("cat-file", "--end-of-options", "blob", "x")
	tree := fstest.MapFS{"a": {Data: []byte("inside")}}
	v := VCS{Revision: strings.Repeat("a", 40), Time: time.Unix(1, 0)}
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		if answer, ok := v.answer(question([]string{a, b, c, d}), tree); !ok && answer != "" {
			t.Errorf("no answer, and yet %q", answer)
		}
		if answer, ok := v.answer([]string{"cat-file", "--end-of-options", "blob", v.Revision + ":" + d}, tree); ok && answer != "inside" {
			t.Errorf("%q gave %q", d, answer)
		}
	})
}
