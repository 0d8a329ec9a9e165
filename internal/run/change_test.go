package run_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/run"
)

func files(f ...run.File) run.Step { return run.Step{Name: "files", Title: "Files.", Files: f} }

func TestFilesAreWritten(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	absolute := target.file("services/one/sub/abs.txt")
	rec := target.carryOut(target.script(files(
		run.File{Path: ".env", Content: "A=b\n"},
		run.File{Path: "conf/nginx.conf", Mode: 0o644, Content: "c"},
		run.File{Path: "data", Mode: 0o777, IsDir: true},
		run.File{Path: absolute, Content: "abs"},
	)))
	if end := rec.end(); end.State != run.StateFinished {
		t.Fatalf("%+v", end)
	}
	for path, want := range map[string]os.FileMode{
		".env": 0o600, "conf": 0o755 | os.ModeDir, "conf/nginx.conf": 0o644, "data": 0o777 | os.ModeDir, "sub/abs.txt": 0o600, ".": 0o700 | os.ModeDir,
	} {
		info, err := os.Stat(filepath.Join(target.work(), path))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v, want %v", path, info.Mode(), err, want)
		}
	}
	entries, err := os.ReadDir(target.work())
	if err != nil || len(entries) != 4 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

// TestPathsAreOnlyChecked: nothing is made for them, and a link that leads out is found.
func TestPathsAreOnlyChecked(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	target.carryOut(target.script(files(run.File{Path: "data", IsDir: true}, run.File{Path: "file", Content: "x"})))
	for link, to := range map[string]string{"data/in": "../file", "data/out": "/etc", "data/up": "../../../.."} {
		if err := os.Symlink(to, filepath.Join(target.work(), link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"data": run.StateFinished, "file": run.StateFinished, "data/in": run.StateFinished, "missing/too": run.StateFinished,
		"data/out": run.StateFailed, "data/out/passwd": run.StateFailed, "data/up": run.StateFailed, "../x": run.StateFailed,
	} {
		if end := target.carryOut(target.script(files(run.File{Path: path, Check: true}))).end(); end.State != want {
			t.Errorf("%s: %+v, want %s", path, end, want)
		}
	}
	if _, err := os.Lstat(filepath.Join(target.work(), "missing")); err == nil {
		t.Error("a folder was made")
	}
}

func TestFilesThatAreRightStayAsTheyAre(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	same := run.File{Path: "same", Content: "x"}
	target.carryOut(target.script(files(same, run.File{Path: "other", Content: "1"}, run.File{Path: "dir", IsDir: true})))
	before, err := os.Stat(filepath.Join(target.work(), "same"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(target.work(), "dir"), 0o711); err != nil { // as a container would
		t.Fatal(err)
	}
	target.carryOut(target.script(files(same, run.File{Path: "other", Content: "2"}, run.File{Path: "dir", IsDir: true})))
	after, err := os.Stat(filepath.Join(target.work(), "same"))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was written anew: %v", err)
	}
	if data, _ := os.ReadFile(filepath.Join(target.work(), "other")); string(data) != "2" {
		t.Errorf("the other one holds %q", data)
	}
	if info, _ := os.Stat(filepath.Join(target.work(), "dir")); info.Mode().Perm() != 0o711 {
		t.Errorf("the folder has mode %o", info.Mode())
	}
}

func TestFilesDoNotLeaveTheirFolder(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"up": "../two/x", "up within": "a/../../x", "root": "/etc/taffrail-test", "self": ".", "empty": "",
		"runs": "REMOTE/runs/x/script.json", "bin": "REMOTE/bin/taffrail", "top": "REMOTE/x", "remote": "REMOTE", "above": "REMOTE/../x",
		"link": "link/x", "absolute by link": "REMOTE/services/one/link/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			outside := t.TempDir()
			if err := os.MkdirAll(target.work(), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(target.work(), "link")); err != nil {
				t.Fatal(err)
			}
			path := strings.Replace(path, "REMOTE", target.remote, 1)
			rec := target.carryOut(target.script(files(run.File{Path: path, Content: "x"})))
			if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, "cannot be written") {
				t.Errorf("%+v", end)
			}
			if left, _ := os.ReadDir(outside); len(left) > 0 {
				t.Error("written outside")
			}
		})
	}
}

func TestFileInThePlaceOfAFolder(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	if err := os.MkdirAll(filepath.Join(target.work(), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	rec := target.carryOut(target.script(files(run.File{Path: "x", Content: "x"})))
	if end := rec.end(); !strings.Contains(end.Reason, "there is a folder of that name") {
		t.Errorf("%+v", end)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	outside := t.TempDir()
	for _, dir := range []string{"services/one/deep/er", "services/two"} {
		if err := os.MkdirAll(target.file(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(target.work(), "link")); err != nil {
		t.Fatal(err)
	}
	rec := target.carryOut(target.script(run.Step{Name: "rm", Delete: []string{target.work(), target.file("services/none")}}))
	if end := rec.end(); end.State != run.StateFinished {
		t.Fatalf("%+v", end)
	}
	if there(target.work())() || !there(target.file("services/two"))() || !there(filepath.Join(outside, "kept"))() {
		t.Error("not exactly what was named is gone")
	}
}

func TestDeleteRefusesWhatIsNotAResources(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"relative": "x", "remote": "REMOTE", "kind": "REMOTE/services", "runs": "REMOTE/runs/x", "bin": "REMOTE/bin/x",
		"outside": "/tmp/taffrail-test-none", "up": "REMOTE/services/../../x", "link": "REMOTE/services/one/link/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			outside := t.TempDir()
			if err := os.MkdirAll(target.work(), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(target.work(), "link")); err != nil {
				t.Fatal(err)
			}
			path := strings.Replace(path, "REMOTE", target.remote, 1)
			rec := target.carryOut(target.script(run.Step{Name: "rm", Delete: []string{path}}))
			if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, "cannot be deleted") {
				t.Errorf("%+v", end)
			}
			if !there(target.work())() || !there(target.root())() {
				t.Error("something is gone")
			}
		})
	}
}
