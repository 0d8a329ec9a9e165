package run_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// TestComposeLeavesNothingInTmp: a Dockerfile that stands in the compose text becomes a
// file, which Compose does not remove when the build is cancelled.
func TestComposeLeavesNothingInTmp(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	target := newTarget(t)
	secret := string(core.NewID())
	s := target.script(
		files(run.File{Path: "docker-compose.yml", Content: "services:\n  web:\n    image: taffrail-test-inline\n    build:\n      context: .\n" +
			"      dockerfile_inline: |\n        FROM alpine:3\n        RUN echo " + secret + "; sleep 100\n"}),
		run.Step{Name: "build", Argv: []string{"docker", "compose", "build"}, Timeout: time.Minute})
	target.launch(s)
	until(t, "the build", func() bool { return bytes.Count(target.spool(s.ID), []byte(secret)) >= 2 })
	if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"/tmp", os.TempDir(), target.dir(s.ID)} {
		assertNowhere(t, dir, secret)
	}
}

// assertNowhere wants no small file a level or two below dir to hold text.
func assertNowhere(tb testing.TB, dir, text string) {
	tb.Helper()
	for _, pattern := range []string{"dockerfile*/*", "compose*", "buildx*", "tmp/*", "tmp/*/*"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			tb.Fatal(err)
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil || info.Mode().Type() == fs.ModeDir || info.Size() > 1<<20 {
				continue
			}
			if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte(text)) {
				tb.Errorf("%s is left", path)
			}
		}
	}
}
