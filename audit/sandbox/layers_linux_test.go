package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/proffer-audit/proffer/reports"
)

// proved opens a launcher and lets the probe attack it, whatever comes of it.
func proved(t *testing.T, tier Tier, tune tuning) (reports.SandboxRecord, error) {
	t.Helper()
	l, err := newLauncher(tier, t.TempDir(), tune)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}()
	var rec reports.SandboxRecord
	err = l.prove(t.Context(), &rec)
	return rec, err
}

func through(rec reports.SandboxRecord) []string {
	var open []string
	for _, p := range rec.Probe {
		if !p.Blocked {
			open = append(open, p.Vector)
		}
	}
	return open
}

// TestLayersAlone leaves single layers out, within namespaces, and sees what
// the others hold: files and the network never depend on one layer.
func TestLayersAlone(t *testing.T) {
	rec, err := proved(t, Namespaces, tuning{abi: newestABI, omit: []string{layerLandlock}})
	if err != nil || len(rec.Probe) == 0 {
		t.Errorf("without Landlock: %v, %v", through(rec), err)
	}
	rec, err = proved(t, Namespaces, tuning{abi: newestABI, omit: []string{layerFilter}})
	if err == nil || !strings.Contains(err.Error(), "not stopped inside") {
		t.Errorf("without the filter it was accepted: %v", err)
	}
	open := through(rec)
	if len(rec.Probe) != len(vectors) || !slices.Contains(open, "new-namespace") || !slices.Contains(open, "userfaultfd") && !slices.Contains(open, "keys") {
		t.Errorf("without the filter these went through: %v", open)
	}
	for _, held := range []string{
		"read-file", "read-home", "read-accounts", "list-folder", "write-file", "create-file", "cut-file", "remove-file",
		"change-mode", "link-file", "write-read-only", "cut-read-only", "create-read-only", "mode-read-only",
		"tcp-connect", "udp-send", "tcp-listen", "packet-socket", "abstract-socket", "socket-file",
		"see-process", "signal-process", "kexec", "kernel-module", "reboot", "swap", "make-device", "inherited-files",
		"capabilities", "change-user", "new-privileges", "large-file", "fill-tmp", "much-memory", "many-processes",
	} {
		if slices.Contains(open, held) {
			t.Errorf("without the filter %s went through", held)
		}
	}
}

// TestOlderLandlock uses only what older kernels have.
func TestOlderLandlock(t *testing.T) {
	if landlockABI() < newestABI {
		t.Skip("the kernel's Landlock is older itself")
	}
	for abi := 1; abi <= newestABI; abi++ {
		t.Run(fmt.Sprint(abi), func(t *testing.T) {
			rec, err := proved(t, Landlock, tuning{abi: abi, noCgroup: os.Getuid() != 0})
			if err != nil {
				t.Fatal(err)
			}
			open, said := through(rec), fmt.Sprint(rec.Lacks)
			want := []string{"fill-tmp"}
			if abi < 6 {
				want = append(want, "signal-process")
			}
			slices.Sort(open)
			if slices.Sort(want); !slices.Equal(open, want) {
				t.Errorf("went through: %v, want %v", open, want)
			}
			for below, word := range map[int]string{2: "moved or linked", 3: "cutting files", 4: "no network rules", 5: "device commands", 6: "signals"} {
				if strings.Contains(said, word) != (abi < below) {
					t.Errorf("%q said at %d: %s", word, abi, said)
				}
			}
		})
	}
	if _, err := newLauncher(Landlock, t.TempDir(), tuning{abi: 0}); err == nil {
		t.Error("Landlock without Landlock")
	}
}

// TestWithoutCgroups is root where no group can be made: under Landlock nothing
// limits the number of its processes, and the record says so.
func TestWithoutCgroups(t *testing.T) {
	for _, tier := range bothTiers {
		rec, err := proved(t, tier, tuning{abi: newestABI, noCgroup: true})
		if err != nil {
			t.Fatal(tier, err)
		}
		said := fmt.Sprint(rec.Lacks)
		if !strings.Contains(said, "memory of all processes together") {
			t.Errorf("%s: %s", tier, said)
		}
		uncounted := tier == Landlock && os.Getuid() == 0
		if strings.Contains(said, "limit on the number of processes") != uncounted || slices.Contains(through(rec), "many-processes") != uncounted {
			t.Errorf("%s: went through %v; lacks %s", tier, through(rec), said)
		}
	}
}

func TestLeastTier(t *testing.T) {
	_, err := Open(t.Context(), Options{Min: Namespaces, Force: Landlock})
	if err == nil || !strings.Contains(err.Error(), "weaker than namespaces") {
		t.Errorf("a tier below the least: %v", err)
	}
	for _, tier := range []Tier{None, "bogus"} {
		if _, err := Open(t.Context(), Options{Force: tier}); err == nil || !strings.Contains(err.Error(), "no tier that isolates") {
			t.Errorf("%s: %v", tier, err)
		}
	}
}

// TestWithoutMappedMounts is root on a file system that cannot map owners.
func TestWithoutMappedMounts(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("takes root")
	}
	sb := openTest(t, Namespaces, tuning{abi: newestABI, noIDMap: true})
	in, out := t.TempDir(), outDir(t)
	private := filepath.Join(in, "private")
	if err := os.WriteFile(private, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	read, write := sb.Bind(in, "in", false), sb.Bind(out, "out", true)
	c := Command{Worker: "read", Argv: []string{filepath.Join(read.Inside, "private")}, Binds: []Bind{read, write}}
	if res, err := sb.Run(t.Context(), c); err != nil || res.Exit != 1 {
		t.Errorf("a private file without a grant: %+v, %v", res, err)
	}
	if err := sb.Grant(in); err != nil {
		t.Fatal(err)
	}
	mustRun(t, sb, c)
	c.Worker, c.Argv, c.Stdin = "write", []string{filepath.Join(write.Inside, "made")}, []byte("made")
	mustRun(t, sb, c)
	for _, f := range []string{out, filepath.Join(out, "made")} {
		var st unix.Stat_t
		if err := unix.Stat(f, &st); err != nil || st.Uid != 0 || st.Gid != 0 {
			t.Errorf("%s belongs to %d:%d (%v)", f, st.Uid, st.Gid, err)
		}
	}
}

func TestGrantWhereItIsNotNeeded(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		file := filepath.Join(t.TempDir(), "private")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := sb.Grant(filepath.Dir(file)); err != nil {
			t.Error(err)
		}
		if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("the mode changed: %v, %v", st.Mode(), err)
		}
	})
}
