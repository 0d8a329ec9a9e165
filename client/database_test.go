package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func pointer[T any](v T) *T { return &v }

func drops[T any](_ T, err error) error { return err }

// TestDatabaseRequests holds what each method puts on the wire.
func TestDatabaseRequests(t *testing.T) {
	t.Parallel()
	yes := true
	tests := []struct {
		want string
		call func(ctx context.Context, c *client.Client) error
	}{
		{"GET /databases", func(ctx context.Context, c *client.Client) error { return drops(c.ListDatabases(ctx)) }},
		{"GET /databases/a%2Fb", func(ctx context.Context, c *client.Client) error { return drops(c.GetDatabase(ctx, "a/b")) }},
		{`POST /databases/redis {"project_uuid":"p","server_uuid":"s","limits_cpus":"0.5","conf":"YSA8IGI=","password":" & "}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateDatabase(ctx, "redis", api.DatabaseCreate{
				ProjectUUID: "p", ServerUUID: "s", LimitSettings: api.LimitSettings{CPUs: pointer("0.5")},
				Fields: map[string]string{"password": " & ", "conf": client.EncodeText([]byte("a < b"))},
			}))
		}},
		{`PATCH /databases/d {"user":"x"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateDatabase(ctx, "d", api.DatabaseUpdate{Fields: map[string]string{"user": "x"}}))
		}},
		{`PATCH /databases/d {"is_public":true,"public_allow_list":[],"init_scripts":[]}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateDatabase(ctx, "d", api.DatabaseUpdate{DatabaseSettings: api.DatabaseSettings{
				IsPublic: &yes, PublicAllowList: &[]string{}, InitScripts: &[]api.InitScriptWrite{},
			}}))
		}},
		{"DELETE /databases/d?delete_volumes=true", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteDatabase(ctx, "d", api.RemoveOptions{DeleteVolumes: &yes}))
		}},
		{`POST /databases/d/start {"force_version_change":true,"backup_before":true}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.StartDatabase(ctx, "d", api.DatabaseActionRequest{ForceVersion: true, BackupBefore: true}))
		}},
		{`POST /databases/d/stop {"docker_cleanup":true}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.StopDatabase(ctx, "d", api.DatabaseActionRequest{DockerCleanup: &yes}))
		}},
		{`POST /databases/d/restart {}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.RestartDatabase(ctx, "d", api.DatabaseActionRequest{}))
		}},
		{"GET /databases/d/logs?lines=5&show_timestamps=false", func(ctx context.Context, c *client.Client) error { return drops(c.DatabaseLogs(ctx, "d", 5, false)) }},
		{"GET /services/s/logs?show_timestamps=true&sub_service_name=web", func(ctx context.Context, c *client.Client) error {
			return drops(c.ServiceLogs(ctx, "s", "web", 0, true))
		}},
		{"GET /databases/d/storages", func(ctx context.Context, c *client.Client) error {
			return drops(c.ListStorages(ctx, client.Databases, "d"))
		}},
		{`POST /databases/d/storages {"type":"persistent","name":"n","mount_path":"/x"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateStorage(ctx, client.Databases, "d", api.StorageCreate{Type: "persistent", Name: "n", MountPath: "/x"}))
		}},
		{`PATCH /databases/d/storages {"uuid":"v","type":"file","content":""}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateStorage(ctx, client.Databases, "d", api.StorageUpdate{UUID: "v", Type: "file", Content: pointer("")}))
		}},
		{"DELETE /databases/d/storages/v", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteStorage(ctx, client.Databases, "d", "v"))
		}},
		{"GET /databases/d/envs", func(ctx context.Context, c *client.Client) error {
			return drops(c.ListEnvs(ctx, client.Databases, "d"))
		}},
		{`POST /services/s/envs {"key":"A"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateEnv(ctx, client.Services, "s", api.EnvWrite{Key: "A"}))
		}},
		{`PATCH /databases/d/envs {"key":"A","value":"b"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateEnv(ctx, client.Databases, "d", api.EnvWrite{Key: "A", Value: pointer("b")}))
		}},
		{`PATCH /databases/d/envs/bulk {"data":null}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpsertEnvs(ctx, client.Databases, "d", api.EnvBulk{}))
		}},
		{"DELETE /databases/d/envs/e", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteEnv(ctx, client.Databases, "d", "e"))
		}},
	}
	for _, tt := range tests {
		if got := onTheWire(t, tt.call); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestBackupRequests(t *testing.T) {
	t.Parallel()
	tests := []struct {
		want string
		call func(ctx context.Context, c *client.Client) error
	}{
		{"GET /databases/d/backups", func(ctx context.Context, c *client.Client) error { return drops(c.ListBackups(ctx, "d")) }},
		{"GET /databases/d/backups/b", func(ctx context.Context, c *client.Client) error { return drops(c.GetBackup(ctx, "d", "b")) }},
		{`POST /databases/d/backups {"frequency":"daily","backup_now":true,"database_backup_retention_max_storage_locally":0.5}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateBackup(ctx, "d", api.BackupCreate{
				Frequency: "daily", BackupSettings: api.BackupSettings{BackupNow: true},
				RetentionSettings: api.RetentionSettings{MaxStorageLocally: pointer(0.5)},
			}))
		}},
		{`PATCH /databases/d/backups/b {"enabled":false}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateBackup(ctx, "d", "b", api.BackupUpdate{BackupSettings: api.BackupSettings{Enabled: pointer(false)}}))
		}},
		{"DELETE /databases/d/backups/b?delete_s3=true", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteBackup(ctx, "d", "b", api.DeleteBackupOptions{DeleteS3: true}))
		}},
		{`POST /databases/d/backups/run {"note":"before the move"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.RunBackup(ctx, "d", api.BackupRunRequest{Note: "before the move"}))
		}},
		{"GET /databases/d/backups/b/executions", func(ctx context.Context, c *client.Client) error { return drops(c.ListExecutions(ctx, "d", "b")) }},
		{"GET /databases/d/backups/b/executions/e", func(ctx context.Context, c *client.Client) error { return drops(c.GetExecution(ctx, "d", "b", "e")) }},
		{"DELETE /databases/d/backups/b/executions/e?delete_s3=false", func(ctx context.Context, c *client.Client) error {
			return drops(c.DeleteExecution(ctx, "d", "b", "e", api.DeleteBackupOptions{}))
		}},
		{`POST /databases/d/backups/b/executions/e/restore {"name":"again"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.RestoreExecution(ctx, "d", "b", "e", api.RestoreRequest{Name: "again"}))
		}},
		{"GET /databases/d/executions", func(ctx context.Context, c *client.Client) error { return drops(c.ListExecutions(ctx, "d", "")) }},
		{`POST /databases/d/executions/e/restore {}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.RestoreExecution(ctx, "d", "", "e", api.RestoreRequest{}))
		}},
		{"GET /s3-storages", func(ctx context.Context, c *client.Client) error { return drops(c.ListS3Storages(ctx)) }},
		{"GET /s3-storages/x", func(ctx context.Context, c *client.Client) error { return drops(c.GetS3Storage(ctx, "x")) }},
		{`POST /s3-storages {"name":"n","endpoint":"e","region":"r","bucket":"b","key":"k","secret":"s"}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.CreateS3Storage(ctx, api.S3StorageCreate{Name: "n", Endpoint: "e", Region: "r", Bucket: "b", Key: "k", Secret: "s"}))
		}},
		{`PATCH /s3-storages/x {"path":""}`, func(ctx context.Context, c *client.Client) error {
			return drops(c.UpdateS3Storage(ctx, "x", api.S3StorageUpdate{Path: pointer("")}))
		}},
		{"DELETE /s3-storages/x", func(ctx context.Context, c *client.Client) error { return drops(c.DeleteS3Storage(ctx, "x")) }},
		{"POST /s3-storages/x/validate", func(ctx context.Context, c *client.Client) error { return drops(c.ValidateS3Storage(ctx, "x")) }},
	}
	for _, tt := range tests {
		if got := onTheWire(t, tt.call); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// onTheWire is the request that a call makes: method, path and body.
func onTheWire(t *testing.T, call func(ctx context.Context, c *client.Client) error) string {
	t.Helper()
	got := ""
	c, _, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.RequestURI[len("/api/v1"):]
		if len(body) > 0 {
			got += " " + unescaped(body)
		}
		_, _ = w.Write([]byte("null"))
	})
	if err := call(t.Context(), c); err != nil {
		t.Errorf("%s: %v", got, err)
	}
	return got
}

// unescaped is JSON text without the escapes that only HTML wants.
func unescaped(body []byte) string {
	return strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(body))
}

// TestDatabaseThereAndBack holds that the engine's own fields stand beside the others.
func TestDatabaseThereAndBack(t *testing.T) {
	t.Parallel()
	in := api.Database{
		UUID: "u", Name: "n", Description: pointer("<b>"), Limits: api.Limits{Memory: "512m", CPUShares: 1024},
		HealthCheck: api.HealthCheck{Enabled: true, Interval: 15}, DatabaseAccess: api.DatabaseAccess{PublicPort: pointer(5555), PublicAllowList: []string{"10.0.0.0/8"}},
		BackupConfigs: []api.BackupSchedule{{UUID: "b", Retention: api.Retention{MaxStorageS3: 1.5}}}, InitScripts: []api.InitScript{},
		Fields: map[string]*string{"some_user": pointer("a&b"), "some_conf": nil},
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var flat map[string]any
	if err := json.Unmarshal(data, &flat); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	conf, there := flat["some_conf"]
	if flat["some_user"] != "a&b" || !there || conf != nil || flat["limits_memory"] != "512m" || flat["public_port"] != 5555.0 || flat["health_check_interval"] != 15.0 {
		t.Errorf("on the wire: %s", data)
	}
	var out api.Database
	if err := json.Unmarshal(data, &out); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%v\nsent %+v\ngot  %+v", err, in, out)
	}
	if err := json.Unmarshal([]byte(`{"uuid":"u","later":{"a":1},"also":3,"text":"x"}`), &out); err != nil || len(out.Fields) != 1 || *out.Fields["text"] != "x" {
		t.Errorf("keys of a later server: %v, %+v", err, out.Fields)
	}
	if err := json.Unmarshal([]byte(`{"uuid":1}`), &out); err == nil {
		t.Error("a number was taken for a uuid")
	}
}
