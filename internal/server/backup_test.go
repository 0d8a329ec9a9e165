package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/server"
	"github.com/taffrail/taffrail/internal/testenv"
)

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestBackupDrill backs a controller up while it is written to, and restores it into
// another place: what had been answered before the backup is there, secrets included.
func TestBackupDrill(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(testing.TB) func(*config.Config){
		"sqlite":   func(testing.TB) func(*config.Config) { return func(*config.Config) {} },
		"postgres": testenv.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := testenv.Start(t, where(t))
			key, err := from.Client.CreateS3Storage(t.Context(), api.S3StorageCreate{Name: "b", Endpoint: "https://s3.example.com", Bucket: "bucket", Key: "k", Secret: "pelican-7731"})
			if err != nil {
				t.Fatal(err)
			}
			stop, sure := writeOn(t, from)
			file := filepath.Join(t.TempDir(), "backup.tar.gz")
			began := sure.Load()
			report, err := server.Backup(t.Context(), from.Config, quiet(), server.BackupOrder{File: file, WithKey: true})
			stop()
			if err != nil || report.Engine != name || report.Bytes == 0 {
				t.Fatalf("%+v, %v", report, err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the backup is %v, %v", info.Mode(), err)
			}

			to := from.Config
			to.Data = t.TempDir()
			to.SecretKeyFile = filepath.Join(to.Data, "secret.key")
			where(t)(&to)
			if _, err := server.Restore(t.Context(), to, quiet(), server.BackupOrder{File: file}); err != nil {
				t.Fatal(err)
			}
			again := testenv.Start(t, func(c *config.Config) {
				c.Data, c.SecretKeyFile, c.DatabaseURL = to.Data, to.SecretKeyFile, to.DatabaseURL
			})
			old := again.As(t, from.Token) // the token that was made before
			projects, err := old.ListProjects(t.Context())
			if err != nil || int64(len(projects)) < began {
				t.Errorf("%d projects after the restore, %d were sure when it began: %v", len(projects), began, err)
			}
			if got, err := old.GetS3Storage(t.Context(), key.UUID); err != nil || got.Secret == nil || *got.Secret != "pelican-7731" {
				t.Errorf("what was sealed cannot be read: %+v, %v", got, err)
			}
			made, err := old.CreateProject(t.Context(), api.ProjectCreate{Name: "after"})
			if err != nil {
				t.Fatal(err)
			}
			if p, err := old.GetProject(t.Context(), made.UUID); err != nil || p.ID < 100_000 {
				t.Errorf("the first project after the restore has the id %d, which may have been given out before: %v", p.ID, err)
			}
		})
	}
}

// writeOn makes projects until stop is called; sure counts those that were answered.
func writeOn(t *testing.T, c *testenv.Controller) (stop func(), sure *atomic.Int64) {
	t.Helper()
	sure = &atomic.Int64{}
	done := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if _, err := c.Client.CreateProject(t.Context(), api.ProjectCreate{Name: fmt.Sprintf("p%d-%d", w, i)}); err != nil {
					t.Errorf("the controller was kept from its work: %v", err)
					return
				}
				sure.Add(1)
			}
		})
	}
	for late := time.Now().Add(30 * time.Second); sure.Load() < 20 && time.Now().Before(late); {
		<-time.After(5 * time.Millisecond)
	}
	return func() { close(done); writers.Wait() }, sure
}

// TestBackupToABucket takes the way over S3 and back, without the key in it.
func TestBackupToABucket(t *testing.T) {
	t.Parallel()
	if os.Getenv("TAFFRAIL_LAB_S3") == "" {
		testenv.Missing(t, "the lab's S3")
	}
	from := testenv.Start(t)
	o := server.BackupOrder{
		File: "s3://" + os.Getenv("TAFFRAIL_LAB_S3_BUCKET") + "/drill/" + string(core.NewID()),
		Bucket: server.Bucket{
			Endpoint: os.Getenv("TAFFRAIL_LAB_S3"), Access: os.Getenv("TAFFRAIL_LAB_S3_KEY"), Secret: core.NewSecret(os.Getenv("TAFFRAIL_LAB_S3_SECRET")),
		},
	}
	if _, err := server.Backup(t.Context(), from.Config, quiet(), o); err != nil {
		t.Fatal(err)
	}
	to := from.Config
	to.Data = t.TempDir()
	to.SecretKeyFile = filepath.Join(to.Data, "secret.key")
	if _, err := server.Restore(t.Context(), to, quiet(), o); err == nil || !strings.Contains(err.Error(), "holds no secret key") {
		t.Errorf("restored without a key: %v", err)
	}
	to.SecretKeyFile = from.Config.SecretKeyFile
	if report, err := server.Restore(t.Context(), to, quiet(), o); err != nil || report.WithKey {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestRestoreRefuses wants nothing left behind of what cannot be restored.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	from := testenv.Start(t)
	good := filepath.Join(t.TempDir(), "good.tar.gz")
	if _, err := server.Backup(t.Context(), from.Config, quiet(), server.BackupOrder{File: good, WithKey: true}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for what, content := range map[string][]byte{"cut": whole[:len(whole)/2], "flipped": flipped, "empty": nil, "text": []byte("no backup")} {
		bad := filepath.Join(t.TempDir(), "bad.tar.gz")
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		to := from.Config
		to.Data = t.TempDir()
		to.SecretKeyFile = filepath.Join(to.Data, "secret.key")
		if _, err := server.Restore(t.Context(), to, quiet(), server.BackupOrder{File: bad}); core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", what, err)
		}
		if left, err := os.ReadDir(to.Data); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind %v, %v", what, left, err)
		}
	}

	other := from.Config
	other.Data = t.TempDir()
	other.SecretKeyFile = filepath.Join(other.Data, "secret.key")
	if err := os.WriteFile(other.SecretKeyFile, []byte("another key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Restore(t.Context(), other, quiet(), server.BackupOrder{File: good}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("over another key: %v", err)
	}
}
