package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/taffrail/taffrail/api"
)

// databases compares the start of a database, which ends when it answers a query, with
// what Compose alone takes until the health check of the very same files is content.
func (b *bench) databases(ctx context.Context, _ string) ([]row, error) {
	var rows []row
	for _, engine := range []string{"redis", "postgresql"} {
		plain, ours, err := b.database(ctx, engine)
		if err != nil {
			return nil, err
		}
		limit := time.Duration(1.25*float64(plain)) + 300*time.Millisecond
		rows = append(rows,
			row{engine + ": docker compose up -d --wait (median)", ms(plain), ""},
			row{engine + ": POST /start to finished (median)", ms(ours), "<= " + ms(limit) + " (1.25 x + 300 ms)"})
	}
	return rows, nil
}

func (b *bench) database(ctx context.Context, engine string) (plain, ours time.Duration, err error) {
	second := 1
	made, err := b.CreateDatabase(ctx, engine, api.DatabaseCreate{
		ProjectUUID: b.project, EnvironmentName: "production", ServerUUID: b.server,
		HealthCheckSettings: api.HealthCheckSettings{Interval: &second},
	})
	if err != nil {
		return 0, 0, err
	}
	b.bases = append(b.bases, made.UUID)
	dir := filepath.Join("/data/taffrail/databases", made.UUID)
	if _, err := b.startDatabase(ctx, made.UUID); err != nil { // makes the data volume, which is not compared
		return 0, 0, err
	}
	var alone, with []time.Duration
	for range rounds {
		began := time.Now()
		if err := composeIn(ctx, dir, made.UUID, "up", "-d", "--wait"); err != nil {
			return 0, 0, err
		}
		alone = append(alone, time.Since(began))
		if err := composeIn(ctx, dir, made.UUID, "down"); err != nil {
			return 0, 0, err
		}
		d, err := b.startDatabase(ctx, made.UUID)
		if err != nil {
			return 0, 0, err
		}
		with = append(with, d)
	}
	return median(alone), median(with), nil
}

// startDatabase measures one start, and stops the database again.
func (b *bench) startDatabase(ctx context.Context, uuid string) (time.Duration, error) {
	silent := func(api.LogLine) {}
	began := time.Now()
	started, err := b.StartDatabase(ctx, uuid, api.DatabaseActionRequest{})
	if err != nil {
		return 0, err
	}
	if err := b.run(ctx, started.DeploymentUUID, silent); err != nil {
		return 0, err
	}
	took := time.Since(began)
	stopped, err := b.StopDatabase(ctx, uuid, api.DatabaseActionRequest{})
	if err != nil {
		return 0, err
	}
	return took, b.run(ctx, stopped.DeploymentUUID, silent)
}

func composeIn(ctx context.Context, dir, project string, args ...string) error {
	return compose(ctx, dir, append([]string{"-p", project, "-f", filepath.Join(dir, "docker-compose.yml")}, args...)...)
}

// cleanDatabases takes down what was started.
func (b *bench) cleanDatabases(ctx context.Context) {
	for _, uuid := range b.bases {
		_ = composeIn(ctx, filepath.Join("/data/taffrail/databases", uuid), uuid, "down", "-v", "-t", "0")
		_ = exec.CommandContext(ctx, "rm", "-rf", "--", filepath.Join("/data/taffrail/databases", uuid)).Run()
	}
}
