package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// state is the folder where proffer keeps what outlives a run.
type state struct {
	dir   string
	store *evidence.Store
	cache engine.Cache
}

func stateDir(c *cli.Context) (string, error) {
	if dir := c.String("state"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "proffer"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &failure{exit: exitInvalid, code: "no-state", err: fmt.Errorf("find a folder for the state: %w", err), hint: "name one with --state DIR"}
	}
	return filepath.Join(home, ".local", "state", "proffer"), nil
}

func openState(c *cli.Context) (*state, error) {
	dir, err := stateDir(c)
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	if s.store, err = evidence.OpenStore(filepath.Join(dir, "store")); err != nil {
		return nil, err
	}
	if s.cache, err = engine.OpenCache(filepath.Join(dir, "steps")); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	return s, nil
}

func (s *state) Close() error { return s.store.Close() }

// scratch makes a private folder for this run; what an earlier, killed run left
// there goes first, since the store's lock says that no other run is alive.
func (s *state) scratch() (string, error) {
	dir := filepath.Join(s.dir, "scratch")
	if err := workspace.Remove(dir); err != nil {
		return "", fmt.Errorf("clear the scratch folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return dir, nil
}

// fetcher makes the client that the fetch steps use.
func (s *state) fetcher(ctx context.Context, c *cli.Context, p *policy.Policy) (*fetch.Client, error) {
	env, err := goEnv(ctx)
	if err != nil && !c.Bool("offline") {
		return nil, err
	}
	dir := filepath.Join(s.dir, "transfers")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var logs []fetch.LogKey
	for _, l := range p.Trust.Logs {
		logs = append(logs, fetch.LogKey{Name: l.Name, Key: l.Key})
	}
	return fetch.New(fetch.Options{
		Store: s.store, Scratch: dir, GoEnv: env, Logs: logs,
		Offline: c.Bool("offline"), AllowPrivate: c.Bool("allow-private-network"),
	})
}

// goEnv asks the go command at hand where modules come from: no address of a
// registry stands in this program.
func goEnv(ctx context.Context) (map[string]string, error) {
	raw, err := sandbox.HostTool(ctx, "go", "env", "-json", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE")
	if err != nil {
		return nil, &failure{exit: exitInvalid, code: "no-go", err: fmt.Errorf("ask go env where modules come from: %w", err), hint: "install Go, or use --offline with what the state folder holds"}
	}
	env := map[string]string{}
	if err := json.Unmarshal(raw, &env); err != nil {
		return nil, fmt.Errorf("read go env: %w", err)
	}
	return env, nil
}

// remembered is what a run resolved once and uses again until --fresh: so that
// the same command gives the same report.
type remembered struct {
	AsOf time.Time `json:"asOf"`
	// OSV is the pack of the advisories that were fetched, OSVFrom where from.
	OSV     evidence.Digest `json:"osv,omitempty"`
	OSVFrom string          `json:"osvFrom,omitempty"`
}

func (s *state) recall(key evidence.Digest) (remembered, bool, error) {
	var r remembered
	raw, err := os.ReadFile(s.runFile(key))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, false, fmt.Errorf("read what an earlier run resolved: %w", err)
	}
	return r, true, nil
}

func (s *state) remember(key evidence.Digest, r remembered) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(s.runFile(key), raw, 0o644)
}

func (s *state) runFile(key evidence.Digest) string {
	return filepath.Join(s.dir, "runs", key.Hex()+".json")
}

// writeFile writes a whole file or none.
func writeFile(name string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// discard closes a state folder and takes it away.
func (s *state) discard() error {
	var err error
	if s.store != nil {
		err = s.store.Close()
	}
	return errors.Join(err, workspace.Remove(s.dir))
}
