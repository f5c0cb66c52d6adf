package rebuild

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

var revisionForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// check refuses a stamp that git could not have given.
func (v VCS) check() error {
	if !revisionForm.MatchString(v.Revision) {
		return fmt.Errorf("vcs.revision %.80q: want 40 or 64 lower-case hex digits", v.Revision)
	}
	if v.Time.IsZero() || v.Time.Nanosecond() != 0 {
		return fmt.Errorf("vcs.time %s: want a time in whole seconds", v.Time.Format(time.RFC3339Nano))
	}
	for _, tag := range []string{v.Tag, v.Base} {
		if tag != "" && !semver.IsValid(tag[strings.LastIndexByte(tag, '/')+1:]) {
			return fmt.Errorf("vcs tag %.80q: want a version, such as v1.2.3", tag)
		}
	}
	return nil
}

// withTags completes a stamp with the tags that the shipped file's own version
// speaks of. Go before 1.24 asks for none, and stamps "(devel)".
func (v VCS) withTags(shipped []byte) VCS {
	v.Time = v.Time.UTC()
	if v.Tag != "" || v.Base != "" {
		return v
	}
	info, err := buildinfo.Read(bytes.NewReader(shipped))
	if err != nil {
		return v // not a Go program, or one that says nothing: there is nothing to take
	}
	version, _, _ := strings.Cut(info.Main.Version, "+")
	switch {
	case module.IsPseudoVersion(version):
		if base, err := module.PseudoVersionBase(version); err == nil {
			v.Base = base
		}
	case semver.IsValid(version):
		v.Tag = version
	}
	return v
}

// marker makes the folder that lets cmd/go see a working tree, or takes it away.
func marker(source string, stamped bool) error {
	at := filepath.Join(source, ".git")
	if !stamped {
		if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.Mkdir(at, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// stampLine is the environment line for GitStandIn.
func stampLine(v VCS) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}
