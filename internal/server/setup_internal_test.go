package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetupCode(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s, err := openSetup(data, false)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "setup-code")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	code := strings.TrimSpace(string(text))
	if !s.Right(code) || !s.Right(" "+strings.ToUpper(strings.ReplaceAll(code, "-", " "))) || s.Right("") || s.Right(code[1:]) {
		t.Errorf("code %q", code)
	}
	again, err := openSetup(data, false)
	if err != nil || !again.Right(code) || !strings.HasSuffix(again.link(), code) {
		t.Errorf("after a restart: %v", err)
	}
	again.Done()
	if _, err := os.Stat(file); err == nil || again.Right(code) || again.Right("") || again.link() != "" {
		t.Error("the code outlives the set-up")
	}
	if done, err := openSetup(data, true); err != nil || done.Right("") || done.link() != "" {
		t.Errorf("of an instance that was set up: %v", err)
	}
}
