package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
)

// writeDocuments fills the digests into the submission and the policy.
func writeDocuments(env environment, dir string) error {
	tree, err := archive.TreeDigest(os.DirFS(filepath.Join(dir, "source")))
	if err != nil {
		return err
	}
	agent, err := fileDigest(filepath.Join(dir, "agent"))
	if err != nil {
		return err
	}
	toolchain, err := fileDigest(filepath.Join(dir, "toolchain.zip"))
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("@SOURCE@", tree, "@AGENT@", agent, "@TOOLCHAIN@", toolchain,
		"@PLATFORM@", env.GOOS+"/"+env.GOARCH, "@GOOS@", env.GOOS, "@GOARCH@", env.GOARCH)
	for _, name := range []string{"submission.yaml", "policy.yaml"} {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(fill.Replace(string(raw))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fileDigest(name string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
