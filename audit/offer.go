package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// OfferFiles takes a program, or an archive that holds programs, and a source from
// files of the reviewer's: no submission offers them.
func OfferFiles(store evidence.Writer, binary, source string) ([]Offered, error) {
	raw, err := readWhole(binary)
	if err != nil {
		return nil, err
	}
	blob, err := putBytes(store, filepath.Base(binary), mediaBytes, raw)
	if err != nil {
		return nil, err
	}
	src, err := packSource(store, source)
	if err != nil {
		return nil, err
	}
	programs, err := rebuild.Programs(raw, filepath.Base(binary), nil)
	if err != nil || len(programs) == 0 {
		return nil, &InputError{Code: "no-program", What: fmt.Sprintf("%s is no Go program and holds none", binary), Fix: "name a program that Go built, or an archive with one"}
	}
	var list []Offered
	for _, p := range programs {
		list = append(list, Offered{rebuild.Artifact{Blob: blob}, filepath.Base(binary), p.Path, p.Digest, src, "source"})
	}
	return list, nil
}

func readWhole(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxArtifact {
		err = fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), maxArtifact)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &InputError{Code: "unreadable", What: fmt.Sprintf("read %s: %v", name, err), Fix: "name a file that is there"}
	}
	return raw, nil
}

// packSource keeps a folder or an archive as a tree. The prefix of an archive is
// the folder of its topmost go.mod.
func packSource(store evidence.Writer, name string) (workspace.Archive, error) {
	var raw []byte
	info, err := os.Stat(name)
	folder := err == nil && info.IsDir()
	if folder {
		raw, err = archive.PackTree(os.DirFS(name))
	} else {
		raw, err = readWhole(name)
	}
	if err != nil {
		return workspace.Archive{}, &InputError{Code: "unreadable", What: fmt.Sprintf("read the source %s: %v", name, err), Fix: "name a folder or an archive of the source"}
	}
	blob, err := putBytes(store, filepath.Base(name), mediaBytes, raw)
	if err != nil || folder {
		return workspace.Archive{Blob: blob}, err
	}
	top, found := "", false
	_, err = archive.Walk(raw, filepath.Base(name), archive.Limits{}, func(m archive.Member, _ []byte) error {
		dir, file := splitLast(m.Path)
		if m.Kind == archive.File && file == "go.mod" && (!found || len(dir) < len(top)) {
			top, found = dir, true
		}
		return nil
	})
	if err != nil {
		return workspace.Archive{}, &InputError{Code: "unreadable", What: fmt.Sprintf("read the source %s: %v", name, err), Fix: "name a folder or an archive of the source"}
	}
	if !found {
		return workspace.Archive{}, &InputError{Code: "no-module", What: fmt.Sprintf("%s has no go.mod", name), Fix: "name the source of a Go module"}
	}
	return workspace.Archive{Blob: blob, Strip: top}, nil
}

func splitLast(p string) (dir, file string) {
	d, f := filepath.Split(filepath.FromSlash(p))
	return filepath.ToSlash(filepath.Clean(d)), f
}

// CommandLimits are a policy's limits of one command in the sandbox.
func CommandLimits(p *policy.Policy) rebuild.Limits { return commandLimits(p.Limits) }

var errNoDiscovery = errors.New("this run discovers nothing: it makes no transfers")
