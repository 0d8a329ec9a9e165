package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is a controller that was made worse on purpose, in one of the ways in which
// others are. A rig that does not catch it proves nothing.
type mutant struct {
	name   string
	text   string // what is wrong with it
	edits  []edit
	shapes string // of producers that bring it out; "": all
	faults string
}

// edit replaces a text that is in a file once.
type edit struct{ file, old, new string }

func mutants() []mutant {
	const kills = "controller-kill-write,controller-kill,ssh-cut"
	return []mutant{
		{"offset-after-lines", "the offset is stored behind the lines, in a transaction of its own", []edit{{
			"internal/deploy/follow.go",
			"	if err := j.retryStore(ctx, func() error { return j.deps.Store.AppendLog(ctx, batch) }); err != nil {\n		return err\n	}\n	j.ingest.Committed(batch)\n	j.deps.Hub.Wake",
			`	lines, behind := batch, batch
	if lines.Cursor, _, err = j.deps.Store.GetCursor(ctx, j.d.LogID); err != nil {
		return err
	}
	if err := j.retryStore(ctx, func() error { return j.deps.Store.AppendLog(ctx, lines) }); err != nil {
		return err
	}
	behind.Lines, behind.Steps = nil, nil
	if err := j.retryStore(ctx, func() error { return j.deps.Store.AppendLog(ctx, behind) }); err != nil {
		return err
	}
	j.ingest.Committed(batch)
	j.deps.Hub.Wake`}}, "trickle,wide", "controller-kill-write"},
		{"from-instead-of-after", ">= for > where a reader goes on", []edit{{
			"internal/sqlstore/log.go", "log_id = $1 AND seq > $2 ORDER BY seq", "log_id = $1 AND seq >= $2 ORDER BY seq"}}, "", kills},
		{"flush-by-timer", "what the redactor holds back is let go with each batch", []edit{{
			"internal/logs/batch.go", "	b := in.base\n", "	b := in.base\n	for _, s := range in.streams {\n		_ = s.redactor.Flush()\n	}\n"}}, "trickle,quiet", kills},
		{"ack-before-commit", "the server may free what is not stored yet", []edit{{
			"internal/deploy/follow.go", "	if err := w.ingest.Take(f); err != nil {\n",
			"	if f.To-w.acked >= ackEvery {\n		w.ack(f.To)\n		w.acked = f.To\n	}\n	if err := w.ingest.Take(f); err != nil {\n"}}, "flood", "controller-kill-write"},
		{"no-dedup", "what is read again behind a restart is stored again", []edit{{
			"internal/logs/stream.go", "	if s.skip > 0 {\n", "	if s.skip > 1<<40 {\n"}}, "giant", kills},
		{"launched-again", "whoever takes over starts the commands once more", []edit{
			{"internal/deploy/carryout.go", "		if j.d.Run.Known() {\n			status, err", "		if j.d.Run.PID < 0 {\n			status, err"},
			{"internal/run/launch.go", "	if err := os.Mkdir(string(f), 0o700); err", "	_ = os.RemoveAll(string(f))\n	if err := os.Mkdir(string(f), 0o700); err"}}, "", kills},
		{"failed-by-restart", "what ran when the controller was started is called failed", []edit{{
			"internal/deploy/carryout.go", "	status, err := j.launch(ctx)\n",
			"	if j.d.Run.Known() {\n		return false, j.settleLost(ctx, \"the controller was restarted\")\n	}\n	status, err := j.launch(ctx)\n"}}, "", kills},
		{"stop-is-cancel", "an end of the controller in order ends what it carries", []edit{{
			"internal/deploy/carrier.go", "	case ctx.Err() != nil:\n		log.Info(\"deployment handed over\"",
			"	case ctx.Err() != nil && j.planned():\n		_ = j.host.Kill(context.WithoutCancel(ctx), d.UUID)\n	case ctx.Err() != nil:\n		log.Info(\"deployment handed over\""}},
			"", "controller-restart"},
	}
}

// overlay gives the files of a mutant as they are to be compiled.
func (m mutant) overlay(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, e := range m.edits {
		path := filepath.Join(root, e.file)
		text, edited := files[path]
		if !edited {
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			text = string(data)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("mutant %s: what it changes is %d times in %s: bring it up to date", m.name, n, e.file)
		}
		files[path] = strings.Replace(text, e.old, e.new, 1)
	}
	return files, nil
}

// mutate makes each mutant and torments it until it is caught. Its error is that one was
// not.
func mutate(ctx context.Context, o options, out io.Writer) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	var missed []string
	for _, m := range mutants() {
		if o.Mutants != "" && !strings.Contains(","+o.Mutants+",", ","+m.name+",") {
			continue
		}
		began := time.Now()
		r, err := m.torture(ctx, o, root, out)
		if err != nil {
			return fmt.Errorf("mutant %s: %w", m.name, err)
		}
		if r.Count == 0 {
			missed = append(missed, m.name)
			fmt.Fprintf(out, "MISSED %s (%s) in %s, %d deployments\n", m.name, m.text, time.Since(began).Round(sec), r.Lives)
			continue
		}
		fmt.Fprintf(out, "caught %-22s after %5s: %.200s\n", m.name, time.Since(began).Round(sec), r.Violations[0])
	}
	if len(missed) > 0 {
		return fmt.Errorf("not caught: %s", strings.Join(missed, ", "))
	}
	return nil
}

func (m mutant) torture(ctx context.Context, o options, root string, out io.Writer) (report, error) {
	dir, err := os.MkdirTemp("", "taffrail-mutant-")
	if err != nil {
		return report{}, err
	}
	defer os.RemoveAll(dir)
	files, err := m.overlay(root)
	if err != nil {
		return report{}, err
	}
	if o.Binary, err = build(ctx, dir, files); err != nil {
		return report{}, err
	}
	o.Docker = false
	o.First, o.Gap, o.Stores, o.Faults, o.Shapes = true, sec, "sqlite", m.faults, m.shapes
	return torture(ctx, o, out)
}

// moduleRoot is the folder of the source.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/taffrail/taffrail").Output()
	if err != nil {
		return "", errors.New("this must be called in a checkout: what is changed is the source")
	}
	return strings.TrimSpace(string(out)), nil
}
