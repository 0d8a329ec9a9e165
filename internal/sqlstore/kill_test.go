package sqlstore_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/secretbox"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
)

// The writer of these tests is this test binary, told so by the environment.
const (
	envWriterPath = "SQLSTORE_TEST_WRITER_PATH"
	envWriterDSN  = "SQLSTORE_TEST_WRITER_DSN"
	envWriterKey  = "SQLSTORE_TEST_WRITER_KEY"
)

const (
	batchLines = 7
	lineBytes  = 10 // of the imagined spool, per line
)

// TestWriterProcess is no test: it appends to a log for ever and says each line number
// once it is committed, until it is killed.
func TestWriterProcess(t *testing.T) {
	key := os.Getenv(envWriterKey)
	if key == "" {
		return
	}
	box, err := secretbox.OpenKeyFile(key)
	if err != nil {
		t.Fatal(err)
	}
	db := openAt(t, sqlstore.Options{Path: os.Getenv(envWriterPath), DSN: os.Getenv(envWriterDSN), Box: box})
	d, found, err := db.ClaimDeployment(t.Context(), "writer", -time.Second)
	if err != nil || !found {
		t.Fatalf("claim: %v, %v", found, err)
	}
	cursor, last, err := db.GetCursor(t.Context(), d.LogID)
	for err == nil {
		b := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Steps: []core.Step{{Number: int(last/batchLines) + 1, Name: "s", State: "running"}}}
		for range batchLines {
			last++
			cursor.Offset += lineBytes
			b.Lines = append(b.Lines, core.Line{Seq: last, Stream: core.Stdout, At: time.Now(), Output: fmt.Sprint("line ", last)})
		}
		b.Cursor = cursor
		if err = db.AppendLog(t.Context(), b); err == nil {
			fmt.Println("committed", last)
		}
	}
	t.Fatal(err)
}

// TestKilledWriter kills a controller in the middle of its work, again and again. What
// it had said was committed is there, whole batches only, with the cursor that belongs
// to them, and the next one goes on.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(t *testing.T) sqlstore.Options{
		"sqlite": func(t *testing.T) sqlstore.Options {
			return sqlstore.Options{Path: filepath.Join(t.TempDir(), "taffrail.db")}
		},
		"postgres": func(t *testing.T) sqlstore.Options { return sqlstore.Options{DSN: storetest.PostgresDSN(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := where(t)
			key := filepath.Join(t.TempDir(), "secret.key")
			box, err := secretbox.OpenKeyFile(key)
			if err != nil {
				t.Fatal(err)
			}
			o.Box = box
			log := queueOne(t, o)
			for _, commits := range []int{1, 5, 23, 60} {
				said := runAndKill(t, o, key, commits)
				checkLog(t, o, log, said)
			}
		})
	}
}

func queueOne(t *testing.T, o sqlstore.Options) int64 {
	t.Helper()
	db := openAt(t, o)
	defer func() { _ = db.Close() }()
	plantSecrets(t, db, "x")
	history, _, err := db.ListHistory(t.Context(), 1, core.HistoryFilter{})
	if err != nil || len(history) != 1 {
		t.Fatalf("history: %v, %v", history, err)
	}
	return history[0].LogID
}

// runAndKill lets a writer commit some batches, kills it and returns the last line
// number it said.
func runAndKill(t *testing.T, o sqlstore.Options, key string, commits int) int64 {
	t.Helper()
	writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriterProcess$")
	writer.Env = append(os.Environ(), envWriterPath+"="+o.Path, envWriterDSN+"="+o.DSN, envWriterKey+"="+key)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	var said int64
	words := bufio.NewScanner(out)
	for words.Scan() {
		if _, err := fmt.Sscanf(words.Text(), "committed %d", &said); err != nil {
			t.Errorf("writer: %s", words.Text())
			continue
		}
		if commits--; commits == 0 {
			_ = writer.Process.Kill()
		}
	}
	var exit *exec.ExitError
	if err := writer.Wait(); !errors.As(err, &exit) || commits > 0 {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return said
}

func checkLog(t *testing.T, o sqlstore.Options, log, said int64) {
	t.Helper()
	db := openAt(t, o)
	defer func() { _ = db.Close() }()
	cursor, last, err := db.GetCursor(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	if last < said || last%batchLines != 0 || cursor.Offset != last*lineBytes {
		t.Errorf("the log ends at %d with offset %d; the writer had said %d", last, cursor.Offset, said)
	}
	var seen int64
	for seen < last {
		lines, err := db.LinesAfter(t.Context(), log, seen, 1000)
		if err != nil || len(lines) == 0 {
			t.Fatalf("after line %d of %d comes nothing, %v", seen, last, err)
		}
		for _, l := range lines {
			if seen++; l.Seq != seen || l.Output != fmt.Sprint("line ", seen) {
				t.Fatalf("line %d is %+v", seen, l)
			}
		}
	}
	steps, err := db.ListSteps(t.Context(), log)
	if err != nil || int64(len(steps)) != last/batchLines {
		t.Errorf("%d steps for %d batches, %v", len(steps), last/batchLines, err)
	}
	if db.Engine() == "sqlite" {
		var verdict string
		if err := db.Raw().QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || strings.TrimSpace(verdict) != "ok" {
			t.Errorf("integrity check: %s, %v", verdict, err)
		}
	}
}
