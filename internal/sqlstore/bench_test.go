package sqlstore_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
)

// engines are those that the benchmarks run on: PostgreSQL where there is one.
func engines() map[string]func(testing.TB) *sqlstore.DB {
	all := map[string]func(testing.TB) *sqlstore.DB{"sqlite": storetest.OpenSQLite}
	if os.Getenv("TAFFRAIL_LAB_POSTGRES") != "" {
		all["postgres"] = storetest.OpenPostgres
	}
	return all
}

// benchLine is about as long as the lines of a build are.
var benchLine = strings.Repeat("npm warn deprecated ", 4)

// logWriter appends to the log of a claimed deployment.
type logWriter struct {
	db    *sqlstore.DB
	d     core.Deployment
	seq   int64
	batch []core.Line
}

func newLogWriter(b *testing.B, db *sqlstore.DB, size int) *logWriter {
	b.Helper()
	team, _, err := db.EnsureRoot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	history, _, err := db.ListHistory(b.Context(), team.RowID, core.HistoryFilter{})
	if err == nil && len(history) == 0 {
		plantSecrets(b, db, "x") // makes a deployment, whose lease is over at once
	}
	if err := db.ReleaseLeases(b.Context(), ""); err != nil {
		b.Fatal(err)
	}
	d, found, err := db.ClaimDeployment(b.Context(), "bench", time.Hour)
	if err != nil || !found {
		b.Fatal(found, err)
	}
	_, last, err := db.GetCursor(b.Context(), d.LogID)
	if err != nil {
		b.Fatal(err)
	}
	return &logWriter{db: db, d: d, seq: last, batch: make([]core.Line, size)}
}

func (w *logWriter) append(b *testing.B, lines int) {
	b.Helper()
	for range lines / len(w.batch) {
		for i := range w.batch {
			w.seq++
			w.batch[i] = core.Line{Seq: w.seq, Step: 1, Batch: 3, Stream: core.Stdout, At: time.Now(), Output: benchLine}
		}
		err := w.db.AppendLog(b.Context(), core.Batch{LogID: w.d.LogID, Fence: w.d.Lease.Fence, Lines: w.batch, Cursor: core.Cursor{Offset: w.seq * 90}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend10k appends 10,000 lines to one deployment, durably, in batches.
func BenchmarkAppend10k(b *testing.B) {
	for engine, open := range engines() {
		for _, size := range []int{50, 250, 1000} {
			b.Run(fmt.Sprintf("%s/batch=%d", engine, size), func(b *testing.B) {
				w := newLogWriter(b, open(b), size)
				w.append(b, size) // statements are prepared at their first use
				for b.Loop() {
					w.append(b, 10_000)
				}
				b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			})
		}
	}
}

// BenchmarkAppendMillion appends 1,000,000 lines to one deployment and says how quick
// the first and the last hundred thousand were: growth must not make it slower.
func BenchmarkAppendMillion(b *testing.B) {
	const part, parts = 100_000, 10
	for b.Loop() {
		w := newLogWriter(b, storetest.OpenSQLite(b), 250)
		w.append(b, 250)
		var rates []float64
		for range parts {
			start := time.Now()
			w.append(b, part)
			rates = append(rates, part/time.Since(start).Seconds())
		}
		b.ReportMetric(rates[0], "first-lines/s")
		b.ReportMetric(rates[parts-1], "last-lines/s")
	}
}

// BenchmarkLines reads pages of 200 lines anywhere in a log of 100,000.
func BenchmarkLines(b *testing.B) {
	for engine, open := range engines() {
		b.Run(engine, func(b *testing.B) {
			w := newLogWriter(b, open(b), 1000)
			w.append(b, 100_000)
			percentiles(b, func(i int) error {
				_, err := w.db.LinesAfter(b.Context(), w.d.LogID, int64(i*7919%99_000), 200)
				return err
			})
		})
	}
}

// percentiles runs what until the benchmark has enough and reports p50 and p99.
func percentiles(b *testing.B, what func(i int) error) {
	b.Helper()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		if err := what(i); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	at := func(p float64) float64 { return float64(took[int(p*float64(len(took)-1))].Nanoseconds()) / 1e6 }
	b.ReportMetric(at(0.50), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}

const (
	stored   = 100_000
	active   = 27
	services = 100
)

// past is a team with a long history: 100,000 deployments of 100 services, some active.
type past struct {
	db      *sqlstore.DB
	team    int64
	server  core.Server
	service []core.Service
}

func newPast(b *testing.B, db *sqlstore.DB) *past {
	b.Helper()
	plantSecrets(b, db, "x")
	team, _, err := db.EnsureRoot(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	on, err := db.EnsureLocalhost(b.Context(), team.RowID)
	if err != nil {
		b.Fatal(err)
	}
	p := &past{db: db, team: team.RowID, server: on}
	first, err := db.ListServices(b.Context(), p.team)
	if err != nil {
		b.Fatal(err)
	}
	for range services {
		v := first[0]
		v.UUID = ""
		v, err := db.CreateService(b.Context(), v, nil)
		if err != nil {
			b.Fatal(err)
		}
		p.service = append(p.service, v)
	}
	p.seed(b)
	return p
}

// seed writes the history in a few statements: a log and a deployment for each number.
func (p *past) seed(b *testing.B) {
	b.Helper()
	const numbers = `WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d) `
	base := p.service[0].RowID
	for _, text := range []string{
		fmt.Sprintf(numbers+`INSERT INTO service_deployment_queues (service_id, deployment_uuid, status, server_id, server_name, service_name, team_id,
			log_id, resource_uuid, server_uuid, verb, options, actor_kind, actor_name, trigger, created_at, updated_at, started_at, finished_at, last_stderr)
		SELECT %d + i %% %d, 'deployment-' || i, CASE WHEN i > %d THEN 'queued' ELSE 'finished' END, %d, 'localhost', 'shop', %d,
			1000000 + i, 'resource-' || i %% %d, 'server', 'deploy', '{}', 'token', 'ci', 'api', 1700000000000000 + i * 1000000, 1, 1, 1, '["one","two"]' FROM n`,
			stored, base, services, stored-active, p.server.RowID, p.team, services),
		`INSERT INTO logs (id, service_deployment_id) SELECT log_id, id FROM service_deployment_queues WHERE log_id > 1000000`,
		fmt.Sprintf(`UPDATE services SET deployment_count = %d WHERE id >= %d`, stored/services, base),
	} {
		if _, err := p.db.Raw().ExecContext(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
	if p.db.Engine() == "postgres" { // which otherwise does so by itself after a minute
		if _, err := p.db.Raw().ExecContext(b.Context(), `ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHistory reads a history of 100,000 deployments.
func BenchmarkHistory(b *testing.B) {
	for engine, open := range engines() {
		p := newPast(b, open(b))
		for name, read := range map[string]func(i int) error{
			"one": func(i int) error {
				_, err := p.db.GetDeployment(b.Context(), p.team, core.ID(fmt.Sprintf("deployment-%d", 1+i*7919%stored)))
				return err
			},
			"first-page": func(int) error {
				_, _, err := p.db.ListHistory(b.Context(), p.team, core.HistoryFilter{Limit: 10})
				return err
			},
			"page-far-back": func(i int) error {
				at := 1 + i*7919%stored
				_, _, err := p.db.ListHistory(b.Context(), p.team, core.HistoryFilter{Limit: 10, Cursor: fmt.Sprintf("%d.%d", 1_700_000_000_000_000+at*1_000_000, 1_000_000+at)})
				return err
			},
			"of-service": func(i int) error {
				_, _, err := p.db.ListByResource(b.Context(), p.team, core.KindService, p.service[i%services].RowID, 0, 10)
				return err
			},
			"active-of-server": func(int) error {
				_, err := p.db.ListActiveOfServer(b.Context(), p.team, p.server.RowID)
				return err
			},
			"active": func(int) error {
				_, err := p.db.ListActive(b.Context(), p.team)
				return err
			},
		} {
			b.Run(engine+"/"+name, func(b *testing.B) { percentiles(b, read) })
		}
	}
}

// BenchmarkClaim queues, claims and settles a deployment beside a history of 100,000.
func BenchmarkClaim(b *testing.B) {
	for engine, open := range engines() {
		b.Run(engine, func(b *testing.B) {
			p := newPast(b, open(b))
			if _, err := p.db.Raw().ExecContext(b.Context(), `UPDATE service_deployment_queues SET status = 'finished'`); err != nil {
				b.Fatal(err)
			}
			percentiles(b, func(i int) error {
				d := core.Deployment{Kind: core.KindService, TeamID: p.team, Resource: core.Resource{RowID: p.service[i%services].RowID}, Server: p.server.Ref(), Verb: core.VerbDeploy}
				if _, _, err := p.db.EnqueueDeployment(b.Context(), d); err != nil {
					return err
				}
				d, _, err := p.db.ClaimDeployment(b.Context(), "bench", time.Hour)
				if err != nil {
					return err
				}
				d.Status = core.StatusFinished
				return p.db.Settle(b.Context(), d, core.Batch{})
			})
		})
	}
}
