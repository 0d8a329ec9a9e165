package host_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
)

// rootMakes runs a script as root on the machine of s; $1 is the remote folder.
func rootMakes(tb testing.TB, d *desk, s core.Server, script string) string {
	tb.Helper()
	s.RowID, s.User = rows.Add(1), "root"
	h, err := d.Get(tb.Context(), s)
	if err != nil {
		tb.Fatal(err)
	}
	res, err := h.Run(tb.Context(), host.Command{Argv: []string{"sh", "-ec", script, "sh", s.Settings.RemoteDir}})
	if err != nil || res.ExitCode != 0 {
		tb.Fatalf("%v %+v", err, res)
	}
	return strings.TrimSpace(string(res.Stdout))
}

func TestFolderOfAnotherUser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ make, say string }{
		"empty":         {`mkdir -- "$1"`, ""},
		"closed":        {`mkdir -m 0700 -- "$1"`, ""},
		"ours":          {`mkdir -p -- "$1/bin" "$1/runs" "$1/services"; echo >"$1/bin/taffrail-0"`, ""},
		"ours in part":  {`mkdir -p -- "$1/bin"; chmod 0777 "$1"`, ""},
		"another's":     {`mkdir -- "$1"; echo >"$1/file"`, "and is not empty. Set another remote folder for this user (taffrail servers update "},
		"in use":        {`mkdir -p -- "$1/services/x"`, "and is not empty"},
		"a run's":       {`mkdir -p -- "$1/runs/x"`, "and is not empty"},
		"other program": {`mkdir -p -- "$1/bin"; echo >"$1/bin/ls"`, "and is not empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, s := newDesk(t), labServer(t, "1", "deploy")
			h := d.open(t, s)
			rootMakes(t, d, s, c.make)
			_, err := h.Status(t.Context(), core.NewID())
			owner := rootMakes(t, d, s, `stat -c %U "$1"`)
			if c.say == "" {
				if err != nil || owner != "deploy" && name != "ours in part" {
					t.Errorf("owner %s: %v", owner, err)
				}
				return
			}
			says(t, fault(t, err, host.FaultPermission), c.say)
			if owner != "root" {
				t.Errorf("it is %s's now", owner)
			}
		})
	}
}

// smallDisk is this machine with a remote folder on a disk that holds size bytes.
func smallDisk(tb testing.TB, size string) core.Server {
	tb.Helper()
	s := local(tb)
	s.Settings.RemoteDir = tb.TempDir()
	if err := unix.Mount("taffrail-test", s.Settings.RemoteDir, "tmpfs", 0, "size="+size); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("mount a small disk: %v", err)
		}
		tb.Skipf("needs to be run as root, to mount a small disk: %v", err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(s.Settings.RemoteDir, unix.MNT_DETACH); err != nil {
			tb.Errorf("unmount: %v", err)
		}
	})
	return s
}

func fill(tb testing.TB, dir string) {
	tb.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		tb.Fatal(err)
	}
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	const say = "There is no space left on the disk of server \"here\" (this machine)"
	for name, c := range map[string]struct {
		size   string
		before bool
	}{
		"no room for a folder":    {"16k", true},
		"no room for the program": {"1m", false},
		"no room for a run":       {"200m", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := smallDisk(t, c.size)
			h, err := newDesk(t).Get(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if c.before {
				fill(t, s.Settings.RemoteDir)
			}
			if name == "no room for a run" {
				if _, err := h.Run(t.Context(), host.Command{Argv: []string{"true"}, Env: map[string]string{"A": "b"}}); err != nil {
					t.Fatal(err)
				}
				fill(t, s.Settings.RemoteDir)
			}
			_, err = h.Launch(t.Context(), launchable())
			says(t, fault(t, err, host.FaultFull), say, "docker system prune", "--remote-dir DIR")
		})
	}
}

// TestSweep wants what nobody needs any more to go with the next connection.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := local(t)
	bin := filepath.Join(s.Settings.RemoteDir, "bin")
	use := func() {
		t.Helper()
		h, err := newDesk(t).Get(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Launch(t.Context(), launchable()); err != nil {
			t.Fatal(err)
		}
	}
	use()
	current, err := filepath.Glob(filepath.Join(bin, "taffrail-*"))
	if err != nil || len(current) != 1 {
		t.Fatal(current, err)
	}
	const day = 25 * time.Hour
	put(t, current[0], 2*day)
	for name, age := range map[string]time.Duration{
		"taffrail-old": day, "taffrail-young": 23 * time.Hour, "taffrail-used": day, "other": day,
		"taffrail-aa.broken": 61 * time.Minute, "taffrail-aa.going": 59 * time.Minute,
	} {
		put(t, filepath.Join(bin, name), age)
	}
	ctx, cancel := context.WithCancel(t.Context())
	used := exec.CommandContext(ctx, filepath.Join(bin, "taffrail-used"), "100")
	if err := used.Start(); err != nil {
		t.Fatal(err)
	}
	use()
	cancel()
	_ = used.Wait()
	for name, want := range map[string]bool{
		filepath.Base(current[0]): true, "taffrail-old": false, "taffrail-young": true, "taffrail-used": true, "other": true,
		"taffrail-aa.broken": false, "taffrail-aa.going": true,
	} {
		if _, err := os.Stat(filepath.Join(bin, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// put makes a program that sleeps, unless there is one, and gives a file an age.
func put(tb testing.TB, path string, age time.Duration) {
	tb.Helper()
	if _, err := os.Stat(path); err != nil {
		sleep, err := exec.LookPath("sleep")
		if err != nil {
			tb.Fatal(err)
		}
		data, err := os.ReadFile(sleep)
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(path, then, then); err != nil {
		tb.Fatal(err)
	}
}
