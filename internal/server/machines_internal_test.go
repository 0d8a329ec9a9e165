package server

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
)

func TestDumpsAreDeletedOnTheirServer(t *testing.T) {
	t.Parallel()
	pool := host.NewPool(host.Options{})
	t.Cleanup(func() { _ = pool.Close() })
	m := machines{pool}
	here := core.Server{RowID: 1, Name: "here", IP: core.LocalhostIP}
	folder := t.TempDir()
	for _, name := range []string{"plain.dmp", "-rf", "$(id) `id`; a b.dmp"} {
		at, beside := filepath.Join(folder, name), filepath.Join(folder, "beside")
		for _, file := range []string{at, beside} {
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, when := range []string{"there", "gone"} {
			if err := m.DeleteDump(t.Context(), here, at); err != nil {
				t.Errorf("%q, %s: %v", name, when, err)
			}
		}
		if _, err := os.Stat(at); !os.IsNotExist(err) {
			t.Errorf("%q is still there: %v", name, err)
		}
		if _, err := os.Stat(beside); err != nil {
			t.Errorf("what lies beside %q: %v", name, err)
		}
	}
	if err := m.DeleteDump(t.Context(), here, folder); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("a folder: %v", err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("a folder is gone: %v", err)
	}
}

func TestOutgoingIsAnAddressOfOthers(t *testing.T) {
	t.Parallel()
	text := outgoing(t.Context())
	if text == "" {
		return // a machine without a network has none
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.IsLoopback() || a.IsUnspecified() {
		t.Errorf("%q: %v", text, err)
	}
}
