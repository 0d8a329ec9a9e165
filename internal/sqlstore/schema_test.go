package sqlstore_test

import (
	"database/sql"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
)

// The driver works only with the very libc its own go.mod names; nothing else would
// notice that another library had raised it.
func TestLibcPin(t *testing.T) {
	t.Parallel()
	ours := goList(t, "-f", "{{.Version}}", "modernc.org/libc")
	file := goList(t, "-f", "{{.GoMod}}", "modernc.org/sqlite")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == "modernc.org/libc" {
			if fields[1] != ours {
				t.Errorf("modernc.org/sqlite wants libc %s, the build has %s: change them only together", fields[1], ours)
			}
			return
		}
	}
	t.Errorf("%s does not name modernc.org/libc", file)
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-m"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// columns describes every table of a database: "table.column" to "null" or "not null".
func columns(t *testing.T, db *sql.DB, query string) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var table, column string
		var nullable bool
		if err := rows.Scan(&table, &column, &nullable); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(table, "goose") && !strings.HasPrefix(table, "sqlite_") {
			found[table+"."+column] = map[bool]string{true: "null", false: "not null"}[nullable]
		}
	}
	if err := rows.Err(); err != nil || len(found) == 0 {
		t.Fatalf("no columns: %v", err)
	}
	return found
}

const (
	sqliteColumns = `SELECT m.name, c.name, c."notnull" = 0 AND c.pk = 0 FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'`
	pgColumns     = `SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public'`
	sqliteIndexes = `SELECT tbl_name, name, FALSE FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	pgIndexes     = `SELECT tablename, indexname, FALSE FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)`
)

func TestMigrationsAreTwins(t *testing.T) {
	t.Parallel()
	lite, pg := storetest.OpenSQLite(t), storetest.OpenPostgres(t)
	if diff := cmp.Diff(columns(t, lite.Raw(), sqliteColumns), columns(t, pg.Raw(), pgColumns)); diff != "" {
		t.Errorf("tables of SQLite (-) and PostgreSQL (+) differ:\n%s", diff)
	}
	if diff := cmp.Diff(columns(t, lite.Raw(), sqliteIndexes), columns(t, pg.Raw(), pgIndexes)); diff != "" {
		t.Errorf("indexes of SQLite (-) and PostgreSQL (+) differ:\n%s", diff)
	}
}

// The columns that the plan of the house promises to those who look into the database.
func TestPromisedColumns(t *testing.T) {
	t.Parallel()
	found := columns(t, storetest.OpenSQLite(t).Raw(), sqliteColumns)
	const all = ` verb actor_kind actor_id actor_name trigger note started_at finished_at lease_owner lease_until fence cancel_requested_at
		run_boot_id run_started failing_step exit_code last_stderr config_hash config_snapshot image_digests pinned rollback_of team_id log_id options`
	for table, names := range map[string]string{
		"service_deployment_queues": `id service_id deployment_uuid status current_process_id pull_latest_images stop_before_start is_api server_id
			server_name service_name deployment_url created_at updated_at`,
		"database_deployment_queues": `id database_id database_type deployment_uuid status current_process_id is_api server_id server_name
			database_name deployment_url created_at updated_at`,
		"application_deployment_queues": `id application_id deployment_uuid pull_request_id docker_registry_image_tag configuration_hash force_rebuild
			commit commit_message status is_webhook is_api restart_only only_this_server rollback git_type build_server_id application_name
			server_id server_name deployment_url destination_id current_process_id created_at updated_at`,
	} {
		for _, name := range strings.Fields(names + all) {
			if found[table+"."+name] == "" {
				t.Errorf("%s has no column %s", table, name)
			}
		}
	}
}

// The listings have to stay quick however long the history is: no plan may read a whole
// deployment table. Scans of the partial indexes of active rows are what the queue is.
func TestHistoryIsReadByIndex(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	for name, text := range sqlstore.Statements() {
		for _, line := range plan(t, db.Raw(), text) {
			whole := strings.HasPrefix(line, "SCAN d ") && !strings.Contains(line, "_active") && !strings.Contains(line, "_running")
			history := strings.HasPrefix(name, "active") && strings.HasPrefix(line, "SEARCH d ") && !strings.Contains(line, "_active")
			sorts := strings.HasPrefix(name, "page of") && strings.Contains(line, "TEMP B-TREE")
			if whole || history || sorts {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// What timers ask costs as much as there is to do: neither schedules, certificates nor
// databases are read through, and of the history only what is active.
func TestTimersReadByIndex(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	for name, text := range sqlstore.Timers() {
		for i, line := range plan(t, db.Raw(), text) {
			first := map[string]string{
				"due":      "SEARCH scheduled_database_backups USING INDEX scheduled_database_backups_due (next_run_at<?)",
				"expiring": "SEARCH c USING INDEX certificates_ending (not_after<?)",
			}[name]
			history := strings.HasPrefix(line, "SEARCH d ") && !strings.Contains(line, "(database_id=?")
			if i == 0 && line != first || strings.HasPrefix(line, "SCAN ") || history || name == "due" && strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	for name, text := range sqlstore.BackupLists() {
		for _, line := range plan(t, db.Raw(), text) {
			if strings.HasPrefix(line, "SCAN ") || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// What a push asks for costs the same however many applications and deployments there
// are: everything is found by an index, and of the history no more than is wanted.
func TestApplicationsAreReadByIndex(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	wants := map[string]string{
		"by repository": "SEARCH r USING INDEX applications_repository (git_key=?)",
		"targets":       "SEARCH d USING INDEX application_deployment_queues_resource (application_id=?)",
		"waiting":       "SEARCH d USING INDEX application_deployment_queues_active (server_id=?)",
		"kept":          "SEARCH q USING INDEX application_deployment_queues_pinned (application_id=? AND status=?)",
		"sweep":         "SEARCH o USING COVERING INDEX webhook_deliveries_created (created_at<?)",
	}
	for name, text := range sqlstore.ApplicationLists() {
		lines := plan(t, db.Raw(), text)
		for _, line := range lines {
			// Scanned are only the few rows that were found before.
			found := line == "SCAN n" || strings.HasPrefix(line, "SCAN t USING INDEX application_deployment_queues_rollback")
			sorts := strings.Contains(line, "TEMP B-TREE FOR ORDER BY") && name != "kept" && name != "shared" && name != "further"
			if strings.HasPrefix(line, "SCAN ") && !found || sorts {
				t.Errorf("%s: %s", name, line)
			}
		}
		if want := wants[name]; want != "" && !slices.Contains(lines, want) {
			t.Errorf("%s is read by %q, want %q among it", name, lines, want)
		}
	}
}

// The same on PostgreSQL, which must not be without an index where a history is long.
func TestApplicationsAreReadByIndexOnPostgres(t *testing.T) {
	t.Parallel()
	db := storetest.OpenPostgres(t).Raw()
	for name, index := range map[string]string{"by repository": "applications_repository", "waiting": "application_deployment_queues_active"} {
		lines := strings.Join(pgPlan(t, db, strings.NewReplacer("$1", "'x'", "$2", "1", "$3", "1").Replace(sqlstore.ApplicationLists()[name])), "\n")
		if !strings.Contains(lines, index) {
			t.Errorf("%s is read without %s:\n%s", name, index, lines)
		}
	}
	for name, text := range sqlstore.Statements() {
		if name != "waiting" {
			continue
		}
		if lines := strings.Join(pgPlan(t, db, text), "\n"); strings.Contains(lines, "Seq Scan on application_deployment_queues") {
			t.Errorf("a claim reads the whole history:\n%s", lines)
		}
	}
}

// pgPlan is how PostgreSQL goes about a statement when reading through a table is dear,
// as it is when there is much in it.
func pgPlan(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
		t.Fatal(err)
	}
	rows, err := tx.QueryContext(t.Context(), "EXPLAIN "+text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// plan is how SQLite goes about a statement.
func plan(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, 1, 1, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// A page of a log costs the same however long the log is, and looking for logs to pack
// costs as much as there are.
func TestKeepingReadsByIndex(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	for name, text := range sqlstore.KeepingLists() {
		for _, line := range plan(t, db.Raw(), text) {
			whole := strings.HasPrefix(line, "SCAN ") && line != "SCAN logs USING INDEX logs_unpacked" && line != "SCAN logs USING COVERING INDEX logs_unpacked"
			if whole || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
