package rest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/rest"
)

const newPlace = `"project_uuid":"{project}","server_uuid":"{server}","environment_name":"production"`

func TestCreateDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const pg, path = "POST /api/v1/databases/postgresql", "POST /api/v1/databases/"
	allowed := `{"message":"Validation failed.","errors":{"`
	w.run(t, []row{
		{"plain", asWriter, pg, `{` + newPlace + `}`, 201, `…{"uuid":"`},
		{"as clients send it", asWriter, pg, `{` + newPlace + `,"destination_uuid":"","environment_uuid":"","tags":["a"],"public_port":null,"postgres_conf":""}`, 201, `…{"uuid":"`},
		{"other name of the environment", asWriter, path + "valkey", `{"project_uuid":"{project}","server_uuid":"{server}","environment":"{environment}"}`, 201, `…{"uuid":"`},
		{"the address is a secret", asRoot, path + "redis", `{` + newPlace + `,"redis_password":"x"}`, 201, `…"internal_db_url":"redis://default:x@`},
		{"public", asRoot, path + "redis", `{` + newPlace + `,"is_public":true,"public_port":7000}`, 201, `…"external_db_url":"redis://`},
		{"public, again", asWriter, path + "redis", `{` + newPlace + `,"is_public":true,"public_port":7000}`, 400, `…is already used by the database`},
		{"at once", asWriter, path + "mariadb", `{` + newPlace + `,"instant_deploy":true}`, 201, `…"deployment_uuid":"`},
		{"of another engine", asWriter, pg, `{` + newPlace + `,"mysql_user":"x"}`, 422, allowed + `mysql_user":["This field is not allowed."]}}`},
		{"of a cousin", asWriter, path + "redis", `{` + newPlace + `,"valkey_password":"x","keydb_conf":""}`, 422, allowed + `keydb_conf":["This field is not allowed."],"valkey_password":["This field is not allowed."]}}`},
		{"mass assignment", asWriter, pg, `{` + newPlace + `,"team_id":2,"status":"running","uuid":"x"}`, 422, `…"team_id":["This field is not allowed."]`},
		{"several faults", asWriter, pg, `{"postgres_user":1,"public_port":80,"limits_memory_swappiness":101,"health_check_retries":0,"init_scripts":[{"content":"?"}]}`, 422,
			allowed + `health_check_retries":["The health check retries field must be at least 1."],"init_scripts.0.content":["The init_scripts.0.content should be base64 encoded."],"init_scripts.0.filename":["This field is required."],` +
				`"limits_memory_swappiness":["The limits memory swappiness field must not be greater than 100."],"postgres_user":["The postgres user field must be a string."],"project_uuid":["This field is required."],"public_port":["The public port field must be at least 1024."],"server_uuid":["This field is required."]}}`},
		{"no base64", asWriter, pg, `{` + newPlace + `,"postgres_conf":"max_connections = 1"}`, 422, allowed + `postgres_conf":["The postgres_conf should be base64 encoded."]}}`},
		{"no text", asWriter, pg, `{` + newPlace + `,"postgres_conf":"//8="}`, 422, allowed + `postgres_conf":["The postgres_conf should be base64 encoded."]}}`},
		{"no environment", asWriter, pg, `{"project_uuid":"{project}","server_uuid":"{server}"}`, 422, `…You need to provide at least one of environment_name or environment_uuid.`},
		{"no project", asWriter, pg, `{"project_uuid":"{unknown}","server_uuid":"{server}","environment_name":"production"}`, 404, `{"message":"Project not found."}`},
		{"no server", asWriter, pg, `{"project_uuid":"{project}","server_uuid":"{unknown}","environment_name":"production"}`, 404, `{"message":"Server not found."}`},
		{"no engine", asWriter, path + "oracle", `{` + newPlace + `}`, 405, `…This path does not have the method POST.`},
		{"an engine is no database", asReader, "GET /api/v1/databases/redis", "", 404, `{"message":"Database not found."}`},
	})
	if got := w.ask(asWriter, http.MethodPost, "/api/v1/databases/redis", w.fill(`{`+newPlace+`}`)); strings.Contains(got.body, "db_url") {
		t.Errorf("an address for one who may not see it: %s", got.body)
	}
}

func TestChangeDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one, patch = "GET /api/v1/databases/{database}", "PATCH /api/v1/databases/{database}"
	w.run(t, []row{
		{"change", asWriter, patch, `{"description":"","limits_memory":"512m","limits_cpus":"0.5","health_check_interval":30,"postgres_conf":null}`, 200, `…{"message":"Database updated.","uuid":"{database}"`},
		{"cleared", asSensitive, one, "", 200, `…"postgres_conf":null`},
		{"kept", asSensitive, one, "", 200, `…"limits_memory":"512m"`},
		{"description", asReader, one, "", 200, `…"description":null`},
		{"places are ignored", asWriter, patch, `{"name":"books2","server_uuid":"{machine}","project_uuid":"x"}`, 200, `…{"message":"Database updated."`},
		{"of another engine", asWriter, patch, `{"redis_password":"x","postgres_db":"y"}`, 422, `{"message":"Validation failed.","errors":{"redis_password":["This field is not allowed."]}}`},
		{"of none", asWriter, patch, `{"oracle_user":"x"}`, 422, `{"message":"Validation failed.","errors":{"oracle_user":["This field is not allowed."]}}`},
		{"nothing", asWriter, patch, `{}`, 400, `{"message":"Invalid request.","error":"Empty JSON."}`},
		{"taken port", asWriter, "PATCH /api/v1/databases/{cache}", `{"is_public":true,"public_port":5433}`, 400, `…is already used by the database`},
		{"public at once", asWriter, patch, `{"public_port":5434}`, 200, `…"deployment_uuid":"`},
		{"no such", asWriter, "PATCH /api/v1/databases/{unknown}", `{"name":"x"}`, 404, `{"message":"Database not found."}`},
		{"delete", asWriter, "DELETE /api/v1/databases/{database}?delete_volumes=false&delete_connected_networks=maybe", "", 422, `…delete_connected_networks`},
		{"delete", asWriter, "DELETE /api/v1/databases/{database}?delete_configurations=true&delete_volumes=true&docker_cleanup=true&delete_connected_networks=true", "", 200, `{"message":"Database deletion request queued."}`},
		{"gone", asReader, one, "", 404, `{"message":"Database not found."}`},
		{"history stays", asReader, "GET /api/v1/deployments/{started}", "", 200, `…"database_name":"books"`},
	})
}

func TestDatabaseVerbs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "POST /api/v1/databases/{database}/"
	w.run(t, []row{
		{"get a start", asRoot, "GET /api/v1/databases/{database}/start", "", 405, `{"message":"This endpoint has changed to a POST request."}`},
		{"stop", asDeployer, path + "stop?docker_cleanup=true", "", 200, `…{"message":"Database stopping request queued.","deployment_uuid":"`},
		{"restart", asDeployer, path + "restart", `{"latest":true,"note":"new image","instant_deploy":false}`, 200, `…{"message":"Database restarting request queued.","deployment_uuid":"`},
		{"start", asDeployer, path + "start?force_version_change=true", "", 200, `…{"message":"Database starting request queued.","deployment_uuid":"`},
		{"with a dump", asDeployer, path + "restart", `{"backup_before":true,"force_version_change":true}`, 200, `…"deployment_uuid":"`},
		{"what only services have", asDeployer, path + "start", `{"stop_before_start":true}`, 422, `…"stop_before_start":["This field is not allowed."]`},
		{"deploy", asDeployer, "POST /api/v1/deploy", `{"uuid":"{database},{cache}"}`, 200, `…{"message":"Database cache started.","resource_uuid":"{cache}","deployment_uuid":"`},
		{"deploy with a dump", asDeployer, "POST /api/v1/deploy?uuid={database}&backup_before=true&force_version_change=true", "", 200, `…"deployment_uuid":"`},
		{"a dump of a service", asDeployer, "POST /api/v1/deploy", `{"uuid":"{service}","backup_before":true}`, 422, `…"backup_before":["Only databases can be dumped`},
		{"logs", asReader, "GET /api/v1/databases/{database}/logs?lines=7&show_timestamps=true", "", 200, `{"logs":"ready to accept connections\n"}`},
		{"too many lines", asReader, "GET /api/v1/databases/{database}/logs?lines=10001", "", 422, `…lines`},
		{"its deployments", asReader, "GET /api/v1/deployments/databases/{database}?skip=0&take=1", "", 200, `…"database_name":"books"`},
		{"its deployment", asReader, "GET /api/v1/deployments/databases/deployment/{started}", "", 200, `…"database_type":"postgresql","database_name":"books","backup_uuid":null,"restored_uuid":null,"force_version_change":false`},
		{"not of a service", asReader, "GET /api/v1/deployments/services/deployment/{started}", "", 404, `{"message":"Deployment not found."}`},
		{"not a service's", asReader, "GET /api/v1/deployments/databases/deployment/{finished}", "", 404, `{"message":"Deployment not found."}`},
		{"in lists", asReader, "GET /api/v1/resources", "", 200, `…"type":"standalone-postgresql"`},
		{"in its environment", asReader, "GET /api/v1/projects/{project}/production", "", 200, `…"databases":[{"id":`},
	})
	list, total, err := w.client(asRoot).ListDatabaseDeployments(t.Context(), string(w.database), 0, 1)
	must(t, err)
	d := list[0]
	if total < 5 || d.DatabaseDeployment == nil || d.BackupUUID == nil && !d.ForceVersionChange {
		t.Errorf("%d deployments, the last one %+v %+v", total, d, d.DatabaseDeployment)
	}
	if _, err := w.client(asReader).GetExecution(t.Context(), string(w.database), "", *d.BackupUUID); err != nil {
		t.Errorf("the dump before the restart: %v", err)
	}
}

// TestReadBack makes a database of every engine with a value for each of its fields, and
// gets what was sent.
func TestReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(asRoot)
	for _, spec := range engine.All() {
		sent, want := map[string]string{}, map[string]*string{}
		for _, f := range spec.Fields {
			value := map[engine.Role]string{
				engine.RolePassword: ` #p"w'<&>$1/@: `, engine.RoleRootPassword: `r%o\t`, engine.RoleConf: "# ä: <&>\n\n", engine.RoleDatabase: "shop", engine.RoleUser: "clerk",
			}[f.Role]
			if value == "" {
				value = map[string]string{"postgres_initdb_args": "--data-checksums", "postgres_host_auth_method": "md5"}[f.Name]
			}
			sent[f.Name], want[f.Name] = value, &value
			if f.Role == engine.RoleConf {
				sent[f.Name] = client.EncodeText([]byte(value))
			}
		}
		made, err := c.CreateDatabase(t.Context(), spec.Name, api.DatabaseCreate{
			ProjectUUID: string(w.project), EnvironmentUUID: string(w.environment), ServerUUID: string(w.localhost),
			DatabaseSettings: api.DatabaseSettings{Name: pointer(spec.Title), Description: pointer("a & b (c)")},
			LimitSettings:    api.LimitSettings{Memory: pointer("512m"), CPUs: pointer("0.5"), CPUSet: pointer("0-1"), CPUShares: pointer(512)},
			Fields:           sent,
		})
		if err != nil {
			t.Errorf("%s: %v", spec.Name, err)
			continue
		}
		got, err := c.GetDatabase(t.Context(), made.UUID)
		must(t, err)
		if diff := cmp.Diff(want, got.Fields); diff != "" {
			t.Errorf("%s:\n%s", spec.Name, diff)
		}
		if got.Type != spec.Name || got.DatabaseType != "standalone-"+spec.Name || got.Image != spec.Image || made.InternalURL == nil || !reflect.DeepEqual(got.InternalURL, made.InternalURL) {
			t.Errorf("%s: %+v", spec.Name, got)
		}
		limits := api.Limits{Memory: "512m", MemorySwap: "0", MemorySwappiness: 60, MemoryReservation: "0", CPUs: "0.5", CPUSet: pointer("0-1"), CPUShares: 512}
		if diff := cmp.Diff(limits, got.Limits); diff != "" || *got.Description != "a & b (c)" {
			t.Errorf("%s: %s%v", spec.Name, diff, got.Description)
		}
		w.hidden(t, spec, made.UUID)
	}
}

// hidden asks for a database without leave to see secrets: they are missing, and what is
// no secret is not.
func (w *world) hidden(t *testing.T, spec *engine.Spec, uuid string) {
	t.Helper()
	got, err := w.client(asReader).GetDatabase(t.Context(), uuid)
	must(t, err)
	for _, f := range spec.Fields {
		if _, shown := got.Fields[f.Name]; shown == f.Secret() {
			t.Errorf("%s: %s is shown: %v", spec.Name, f.Name, shown)
		}
	}
	if got.InternalURL != nil {
		t.Errorf("%s: the address is shown", spec.Name)
	}
}

// TestDefaultsStay changes one thing of a database; everything else is as it was.
func TestDefaultsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(asRoot)
	before, err := c.GetDatabase(t.Context(), string(w.database))
	must(t, err)
	_, err = c.UpdateDatabase(t.Context(), string(w.database), api.DatabaseUpdate{Fields: map[string]string{"postgres_user": "other"}})
	must(t, err)
	after, err := c.GetDatabase(t.Context(), string(w.database))
	must(t, err)
	if *after.Fields["postgres_user"] != "other" || after.InternalURL == nil || !strings.Contains(*after.InternalURL, "://other:") {
		t.Fatalf("not changed: %+v", after)
	}
	after.Fields, after.InternalURL, after.ExternalURL, after.UpdatedAt = before.Fields, before.InternalURL, before.ExternalURL, before.UpdatedAt
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	empty := api.DatabaseUpdate{DatabaseSettings: api.DatabaseSettings{InitScripts: &[]api.InitScriptWrite{}, PublicAllowList: &[]string{}}}
	_, err = c.UpdateDatabase(t.Context(), string(w.database), empty)
	must(t, err)
	after, err = c.GetDatabase(t.Context(), string(w.database))
	if err != nil || len(after.InitScripts) != 0 || len(after.PublicAllowList) != 0 || len(before.InitScripts) != 1 || len(before.PublicAllowList) != 1 {
		t.Errorf("not emptied: %+v, %v", after, err)
	}
}

// TestDatabaseSecrets asks for everything about databases that has a secret in it.
func TestDatabaseSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secrets := []string{`p\"w <&> $1'`, "nobody-reads-this", "in-a-script", dbFile, dbValue, bucketKey, bucketWord, "postgres://"}
	shown := map[string]bool{}
	for _, path := range []string{"/databases", "/databases/{database}", "/databases/{database}/envs", "/databases/{database}/storages",
		"/databases/{database}/backups", "/databases/{database}/executions", "/s3-storages", "/s3-storages/{bucket}", "/resources", "/servers/{server}/resources",
		"/projects/{project}/production", "/deployments/databases/{database}", "/deployments/{started}", "/history", "/deployments"} {
		for _, as := range []string{asReader, asMember, asSensitive} {
			got := w.ask(as, http.MethodGet, w.fill(rest.Prefix+path), "")
			for _, secret := range secrets {
				has := strings.Contains(got.body, secret)
				shown[secret] = shown[secret] || has && as == asSensitive
				if got.status != 200 || has && as != asSensitive {
					t.Errorf("%s as %s: %d shows %s: %s", path, as, got.status, secret, got.body)
				}
			}
		}
	}
	for _, secret := range secrets {
		if !shown[secret] {
			t.Errorf("nobody sees %q: this test looks for the wrong text", secret)
		}
	}
	got := w.ask(asWriter, http.MethodPatch, w.fill("/api/v1/databases/{database}/storages"), w.fill(`{"type":"file","uuid":"{file}","mount_path":"/etc/other.conf"}`))
	if got.status != 200 || strings.Contains(got.body, dbFile) {
		t.Errorf("the reply to a writer: %d %s", got.status, got.body)
	}
}

// TestTypesOfDatabases holds the JSON types that clients insist on: null is always fine.
func TestTypesOfDatabases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	database := map[string]string{
		"string": "uuid name description image status type limits_memory limits_memory_swap limits_memory_reservation limits_cpus limits_cpuset postgres_user postgres_password postgres_db postgres_initdb_args postgres_host_auth_method postgres_conf database_type internal_db_url external_db_url ssl_mode ports_mappings created_at updated_at deleted_at destination_type config_hash",
		"bool":   "is_public enable_ssl health_check_enabled", "array": "backup_configs init_scripts",
		"int": "id public_port limits_memory_swappiness limits_cpu_shares public_port_timeout environment_id destination_id server_id health_check_interval health_check_timeout health_check_retries health_check_start_period",
	}
	backup := map[string]string{
		"string": "uuid description frequency databases_to_backup s3_storage_uuid", "bool": "enabled save_s3 dump_all disable_local_backup",
		"int":    "database_backup_retention_amount_locally database_backup_retention_days_locally database_backup_retention_amount_s3 database_backup_retention_days_s3 timeout",
		"number": "database_backup_retention_max_storage_locally database_backup_retention_max_storage_s3",
	}
	execution := map[string]string{"string": "uuid filename status message created_at", "int": "size"}
	env := map[string]string{"string": "uuid key value comment real_value", "bool": "is_buildtime is_literal is_shown_once is_runtime is_shared"}
	bucket := map[string]string{"string": "uuid name description endpoint bucket region key secret created_at updated_at", "bool": "is_usable", "int": "team_id"}
	volume := map[string]string{"string": "uuid name mount_path resource_type", "int": "id resource_id", "bool": "is_preview_suffix_enabled is_readonly"}
	file := map[string]string{"string": "uuid fs_path mount_path content resource_type", "int": "id resource_id", "bool": "is_directory is_based_on_git is_preview_suffix_enabled"}
	for _, tt := range []struct {
		path, key string
		want      map[string]string
	}{
		{"/databases/{database}", "", database},
		{"/databases", "", database},
		{"/databases/{database}/backups", "", backup},
		{"/databases/{database}", "backup_configs", backup},
		{"/databases/{database}/backups/{backup}/executions", "executions", execution},
		{"/databases/{database}/envs", "", env},
		{"/databases/{database}/storages", "persistent_storages", volume},
		{"/databases/{database}/storages", "file_storages", file},
		{"/s3-storages", "", bucket},
	} {
		got := w.ask(asRoot, http.MethodGet, w.fill(rest.Prefix+tt.path), "")
		checkTypes(t, tt.path, first(t, got.body, tt.key), tt.want)
	}
}

// first is the object of a reply, or the first of its array, or that below a key.
func first(t *testing.T, body, key string) map[string]any {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(body))
	in.UseNumber()
	var v any
	must(t, in.Decode(&v))
	if object, ok := v.(map[string]any); ok && key != "" {
		v = object[key]
	}
	if array, ok := v.([]any); ok && len(array) > 0 {
		v = array[0]
	}
	object, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("no object in %s", body)
	}
	return object
}

func checkTypes(t *testing.T, path string, got map[string]any, want map[string]string) {
	t.Helper()
	for kind, names := range want {
		for name := range strings.FieldsSeq(names) {
			value, there := got[name]
			has := map[string]string{"boolean": "bool", "integer": "int", "null": kind}[kindOf(value)]
			if has == "" {
				has = kindOf(value)
			}
			if !there || (has != kind && (kind != "number" || has != "int")) {
				t.Errorf("%s: %s is %s (%v), clients want %s", path, name, has, value, kind)
			}
		}
	}
}

// TestDocumentKnowsTheEngines holds that each route says which fields it takes.
func TestDocumentKnowsTheEngines(t *testing.T) {
	t.Parallel()
	d := document(t, newWorld(t))
	every := map[string]bool{}
	common := slices.Sorted(maps.Keys(d.at("components", "schemas", "DatabaseUpdate", "properties")))
	for _, spec := range engine.All() {
		schema := d.resolve(d.at("paths", "/databases/"+spec.Name, "post", "requestBody", "content", "application/json", "schema")["$ref"].(string))
		properties := schema["properties"].(map[string]any)
		if schema["additionalProperties"] != false || properties["project_uuid"] == nil || properties["limits_memory"] == nil {
			t.Errorf("%s: %v", spec.Name, schema)
		}
		for _, other := range engine.All() {
			for _, f := range other.Fields {
				every[f.Name] = true
				_, own := spec.Field(f.Name)
				property, has := properties[f.Name].(map[string]any)
				if has != own || own && !strings.HasPrefix(property["description"].(string), spec.Title+": ") {
					t.Errorf("%s has %s: %v %v", spec.Name, f.Name, has, property)
				}
				if own && (property["contentEncoding"] == "base64") != (f.Role == engine.RoleConf) {
					t.Errorf("%s: encoding of %s: %v", spec.Name, f.Name, property)
				}
			}
		}
	}
	shown := d.at("components", "schemas", "Database", "properties")
	for name := range every {
		if !slices.Contains(common, name) || shown[name] == nil {
			t.Errorf("%s is not in the bodies of changes and replies", name)
		}
	}
}

// TestVersionGuard changes the image of a database to one that cannot read its volume.
func TestVersionGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := w.db.GetDatabase(t.Context(), w.team, w.cache)
	must(t, err)
	ran := &core.DatabaseRan{Image: "redis:7.2", Version: "7.2.4"}
	must(t, w.db.SetDatabaseStatus(t.Context(), w.team, d.RowID, "exited:unhealthy", "hash", ran))
	const one, path = " /api/v1/databases/{cache}", "POST /api/v1/databases/{cache}/"
	w.run(t, []row{
		{"what ran", asReader, "GET" + one, "", 200, `…"version":"7.2.4"`},
		{"change", asWriter, "PATCH" + one, `{"image":"redis:6.2"}`, 200, `…force_version_change=true`},
		{"start", asDeployer, path + "start", "", 409, `…Repeat with force_version_change=true`},
		{"restart", asDeployer, path + "restart?latest=true", "", 409, `…Repeat with force_version_change=true`},
		{"deploy", asDeployer, "POST /api/v1/deploy?uuid={cache}", "", 409, `…Repeat with force_version_change=true`},
		{"deploy all the same", asDeployer, "POST /api/v1/deploy", `{"uuid":"{cache}","force_version_change":true}`, 200, `…"deployment_uuid":"`},
		{"start all the same", asDeployer, path + "start?force_version_change=true", "", 200, `…"deployment_uuid":"`},
		{"the record says so", asReader, "GET /api/v1/deployments/databases/{cache}?take=1", "", 200, `…"force_version_change":true`},
	})
}
