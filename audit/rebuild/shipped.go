package rebuild

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// shipped is an artifact, looked into.
type shipped struct {
	file      []byte // the file that is to be rebuilt
	digest    evidence.Digest
	members   []shippedMember // files of the artifact
	anomalies []archive.Anomaly
	programs  []evidence.Digest // digests of members that are programs or archives
}

type shippedMember struct {
	path   string
	digest evidence.Digest
	runs   bool
}

// A problem is why a job ended without a comparison. It is the job's, not this
// machine's: it becomes part of the result.
type problem struct{ code, reason string }

func (p *problem) Error() string { return p.code + ": " + p.reason }

func problemf(code, format string, args ...any) error {
	return &problem{code, fmt.Sprintf(format, args...)}
}

// readShipped finds the shipped file and lists what else is in the artifact.
func readShipped(r evidence.Reader, job Job) (*shipped, error) {
	blob := job.Artifact.Blob
	data, err := r.Read(blob.Digest, max(blob.Size, 1))
	if err != nil {
		return nil, fmt.Errorf("read the artifact: %w", err)
	}
	s := &shipped{}
	if job.File == "" {
		s.add(archive.Member{Path: path.Base(blob.Name), Digest: blob.Digest, Mode: 0o755}, data)
		s.file, s.digest = data, blob.Digest
	} else if err := s.walk(data, job); err != nil {
		return s, err
	}
	if job.FileDigest != "" && job.FileDigest != s.digest {
		return s, problemf(FileDigestDiffers, "the shipped file has %s, the manifest says %s", s.digest, job.FileDigest)
	}
	return s, nil
}

func (s *shipped) walk(data []byte, job Job) error {
	found := 0
	odd, err := archive.Walk(data, path.Base(job.Artifact.Blob.Name), job.Limits.Archive, func(m archive.Member, content []byte) error {
		if m.Kind == archive.Dir {
			return nil
		}
		s.add(m, content)
		if m.Kind == archive.File && !m.Escaped && m.Path == path.Clean(job.File) {
			found++
			s.file, s.digest = bytes.Clone(content), m.Digest
		}
		return nil
	})
	s.anomalies = odd
	slices.SortFunc(s.members, func(a, b shippedMember) int {
		return strings.Compare(a.path+"\x00"+string(a.digest), b.path+"\x00"+string(b.digest))
	})
	switch {
	case err != nil:
		return problemf(ArtifactUnreadable, "%v", err)
	case found == 0:
		return problemf(FileMissing, "the artifact has no file %.200q", job.File)
	case found > 1:
		return problemf(FileMissing, "the artifact has %d files %.200q", found, job.File)
	}
	return nil
}

func (s *shipped) add(m archive.Member, content []byte) {
	runnable := workspace.Runnable(content)
	if runnable {
		s.programs = append(s.programs, m.Digest)
	}
	s.members = append(s.members, shippedMember{
		path: m.Path, digest: m.Digest,
		runs: runnable || m.Executable() || m.Kind != archive.File && m.Kind != "" || startsSomething(m.Path, content),
	})
}

// startsSomething tells scripts, and manifests whose hooks a package manager
// runs on installation.
func startsSomething(p string, content []byte) bool {
	if bytes.HasPrefix(content, []byte("#!")) {
		return true
	}
	switch path.Base(p) {
	case "package.json":
		return bytes.Contains(content, []byte(`"scripts"`)) || bytes.Contains(content, []byte(`"bin"`))
	case "setup.py", "postinst", "preinst", "prerm", "postrm", "binding.gyp":
		return true
	}
	switch path.Ext(p) {
	case ".js", ".cjs", ".mjs", ".sh", ".bash", ".ps1", ".bat", ".cmd", ".py", ".pl", ".rb", ".vbs", ".jar", ".service", ".desktop", ".plist":
		return true
	}
	return false
}

// targets are the digests of everything that no tree may hold: the file, the
// artifact and every other program in it. Where the artifact is itself the
// source or the toolchain, only what is to be rebuilt is taken out, or there
// would be nothing left to build with; and a tool that every build takes stays, to
// build itself.
func (s *shipped) targets(job Job) []evidence.Digest {
	all := slices.Clone(job.Targets)
	if job.buildsItself() {
		all = slices.DeleteFunc(all, func(d evidence.Digest) bool { return d == s.digest })
	} else {
		all = append(all, s.digest)
	}
	if blob := job.Artifact.Blob.Digest; blob != job.Source.Blob.Digest && blob != job.Toolchain.Blob.Digest {
		all = append(append(all, s.programs...), blob)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// buildsItself reports whether the file is a tool of the toolchain that it is
// built by, without which nothing is built.
func (j Job) buildsItself() bool {
	if j.Artifact.Blob.Digest != j.Toolchain.Blob.Digest {
		return false
	}
	p := strings.TrimPrefix(path.Clean(j.File), strings.Trim(j.Toolchain.Strip, "/")+"/")
	dir, name := path.Split(p)
	return p == "bin/go" || strings.HasPrefix(dir, "pkg/tool/") && slices.Contains([]string{"asm", "compile", "link"}, strings.TrimSuffix(name, ".exe"))
}
