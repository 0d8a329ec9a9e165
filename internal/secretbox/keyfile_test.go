package secretbox_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
)

func TestKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	ids := make([]string, 8)
	var started sync.WaitGroup
	for i := range ids {
		started.Go(func() {
			box, err := secretbox.OpenKeyFile(path)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			ids[i] = box.KeyID()
		})
	}
	started.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("processes that started together have the keys %v", ids)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the key file there is more: %v, %v", left, err)
	}
}

func TestKeyFileRefused(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString(keyA)
	for what, c := range map[string]struct {
		text string
		mode os.FileMode
		says string
	}{
		"readable by the group": {good, 0o640, "chmod 600"},
		"readable by others":    {good, 0o604, "chmod 600"},
		"empty":                 {"", 0o600, "no key in it"},
		"comment only":          {"# nothing\n", 0o600, "no key in it"},
		"too short":             {"c2hvcnQ=", 0o600, "not a key"},
		"no base64":             {good + "\nhunter2 hunter2", 0o600, "not a key"},
	} {
		path := filepath.Join(t.TempDir(), "secret.key")
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := secretbox.OpenKeyFile(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one that names the file and says %q", what, err, c.says)
		}
		if core.CodeOf(err) == core.CodeInternal {
			t.Errorf("%s: the error is not fit for a person: %v", what, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the file's content: %v", what, err)
		}
	}
	if _, err := secretbox.OpenKeyFile(filepath.Join(t.TempDir(), "no", "folder")); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a folder that is missing: %v", err)
	}
}

func TestKeyFileWithOlderKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	text := "# new\n" + base64.StdEncoding.EncodeToString(keyB) + "\n\n" + base64.StdEncoding.EncodeToString(keyA) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	box, err := secretbox.OpenKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if box.KeyID() != newBox(t, keyB).KeyID() {
		t.Error("the first key of the file is not the one that seals")
	}
	if _, err := box.Open(1, "p", seal(t, newBox(t, keyA), 1, "p", "x")); err != nil {
		t.Errorf("the second key of the file does not open: %v", err)
	}
}
