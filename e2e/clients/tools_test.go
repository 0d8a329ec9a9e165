package clients

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/testenv"
)

const stack = "services:\n  web:\n    image: alpine:3\n    command: [\"sh\", \"-c\", \"echo hello; trap 'exit 0' TERM; while :; do sleep 1 & wait; done\"]\n    stop_grace_period: 1s\n"

// TestDoctor: the client's own diagnosis finds nothing to complain about.
func TestDoctor(t *testing.T) {
	t.Parallel()
	program := requireMCP(t)
	c := testenv.Start(t)
	cmd := exec.CommandContext(t.Context(), "node", program, "doctor", "--json")
	cmd.Env = append(os.Environ(), "COOLIFY_BASE_URL="+c.URL, "COOLIFY_ACCESS_TOKEN="+c.Token)
	out, err := cmd.Output()
	var report struct {
		OK        bool
		Instances []struct {
			Checks []struct{ Check, Status, Detail string }
		}
	}
	if jsonErr := json.Unmarshal(out, &report); err != nil || jsonErr != nil || !report.OK || len(report.Instances) != 1 {
		t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	for _, check := range report.Instances[0].Checks {
		if check.Status != "pass" {
			t.Errorf("%s: %s %s", check.Check, check.Status, check.Detail)
		}
	}
}

// TestTools calls every tool that the MCP server has, with each of its actions.
func TestTools(t *testing.T) {
	t.Parallel()
	testenv.RequireDocker(t)
	c := testenv.Start(t)
	server, err := c.Client.ListServers(t.Context())
	if err != nil || len(server) != 1 {
		t.Fatalf("%v, %v", server, err)
	}
	key, err := exec.CommandContext(t.Context(), "openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(string(key))
	m := connect(t, c)
	m.vars["server"], m.vars["key text"] = server[0].UUID, strings.Trim(string(text), `"`)
	m.vars["compose"] = base64.StdEncoding.EncodeToString([]byte(stack))
	t.Cleanup(func() { clearAway(m.vars["svc"], m.vars["db"], m.vars["app"]) })
	for _, part := range [][]step{setting(), services(), databases(), applications(), overview(), ending()} {
		m.run(part)
	}
	tools, err := m.session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools.Tools {
		if !m.called[tool.Name] && !slices.Contains(others(), tool.Name) {
			t.Errorf("the tool %s is not called", tool.Name)
		}
	}
}

// others are tools that are not called: the first reads a file of its own, and the routes
// of the others are still to come.
func others() []string { return []string{"search_docs", "tags", "scheduled_tasks"} }

// clearAway takes away what is left on this machine when a step failed.
func clearAway(ids ...string) {
	for _, id := range ids {
		if id == "" {
			continue
		}
		_ = exec.Command("docker", "compose", "-p", id, "down", "-v", "-t", "0", "--remove-orphans").Run()
		for _, kind := range []string{"services", "databases", "applications"} {
			_ = os.RemoveAll(filepath.Join("/data/taffrail", kind, id))
		}
	}
}

func setting() []step {
	return []step{
		{tool: "get_version", args: `{}`, want: `4\.3\.11`},
		{tool: "get_mcp_version", args: `{}`, want: `3\.5\.0`},
		{tool: "system", args: `{"action":"health"}`, want: `OK`},
		{tool: "list_servers", args: `{}`, want: `"uuid": "{server}"`},
		{tool: "get_server", args: `{"uuid":"{server}"}`, want: `"name": "localhost".*"settings"`},
		{tool: "server_resources", args: `{"uuid":"{server}"}`, want: `^\[\]`},
		{tool: "server_domains", args: `{"uuid":"{server}"}`, want: `^\[`},
		{tool: "validate_server", args: `{"uuid":"{server}"}`, want: `Validation started`},
		{tool: "list_destinations", args: `{}`, want: `"network": "taffrail"`, keep: "destination=uuid"},
		{tool: "list_destinations", args: `{"server_uuid":"{server}"}`, want: `"uuid": "{destination}"`},
		{tool: "projects", args: `{"action":"create","name":"shop","description":"of the test"}`, keep: "project=uuid"},
		{tool: "projects", args: `{"action":"list"}`, want: `"name": "shop"`},
		{tool: "projects", args: `{"action":"get","uuid":"{project}"}`, want: `"environments": \[`},
		{tool: "projects", args: `{"action":"update","uuid":"{project}","name":"shop two"}`, want: `{project}`},
		{tool: "environments", args: `{"action":"create","project_uuid":"{project}","name":"staging"}`, keep: "staging=uuid"},
		{tool: "environments", args: `{"action":"list","project_uuid":"{project}"}`, want: `"name": "staging"`},
		{tool: "environments", args: `{"action":"get","project_uuid":"{project}","name":"production"}`, want: `"name": "production"`},
		{tool: "teams", args: `{"action":"list"}`, want: `"name"`, keep: "team=id"},
		{tool: "teams", args: `{"action":"get","id":{team}}`, want: `"id": {team}`},
		{tool: "teams", args: `{"action":"get_members","id":{team}}`, want: `"email"`},
		{tool: "teams", args: `{"action":"get_current"}`, want: `"id": {team}`},
		{tool: "teams", args: `{"action":"get_current_members"}`, want: `"email"`},
		{tool: "private_keys", args: `{"action":"create","name":"deploy key","private_key":"{key text}"}`, keep: "key=uuid"},
		{tool: "private_keys", args: `{"action":"list"}`, want: `"uuid": "{key}"`},
		{tool: "private_keys", args: `{"action":"get","uuid":"{key}"}`, want: `"name": "deploy key"`},
		{tool: "private_keys", args: `{"action":"update","uuid":"{key}","name":"key two","private_key":"{key text}"}`, want: `{key}`},
		{tool: "github_apps", args: `{"action":"create","name":"app","api_url":"https://api.github.com","html_url":"https://github.com","app_id":1,"installation_id":2,"client_id":"c","client_secret":"s","private_key_uuid":"{key}"}`, keep: "ghapp=id"},
		{tool: "github_apps", args: `{"action":"list"}`, want: `"name": "app"`},
		{tool: "github_apps", args: `{"action":"get","id":{ghapp}}`, want: `"id": {ghapp}`},
		{tool: "github_apps", args: `{"action":"update","id":{ghapp},"name":"app two"}`},
		{tool: "github_apps", args: `{"action":"delete","id":{ghapp}}`},
		{tool: "private_keys", args: `{"action":"delete","uuid":"{key}"}`},
		{tool: "cloud_tokens", args: `{"action":"list"}`, want: `Error: .*not offered`},
		{tool: "hetzner", args: `{"action":"list_locations","cloud_provider_token_uuid":"x"}`, want: `Error: .*not offered`},
		{tool: "system", args: `{"action":"disable_api"}`, want: `API disabled`},
		{tool: "list_servers", args: `{}`, want: `Error: .*API is disabled`},
		{tool: "system", args: `{"action":"enable_api"}`, want: `API enabled`},
	}
}

func services() []step {
	return []step{
		{tool: "service", args: `{"action":"create","server_uuid":"{server}","project_uuid":"{project}","environment_name":"production","name":"web","docker_compose_raw":"{compose}","instant_deploy":true}`, keep: "svc=uuid", rest: true},
		{tool: "service", args: `{"action":"update","uuid":"{svc}","description":"changed"}`, want: `{svc}`},
		{tool: "list_services", args: `{}`, want: `"uuid": "{svc}"`},
		{tool: "get_service", args: `{"uuid":"{svc}"}`, want: `"status": "running:`},
		{tool: "service", args: `{"action":"list_containers","uuid":"{svc}"}`, want: `"name": "web"`, keep: "part=uuid"},
		{tool: "service", args: `{"action":"update_application","uuid":"{svc}","app_uuid":"{part}","human_name":"the web","exclude_from_status":false}`, want: `{part}|the web`},
		{tool: "logs", args: `{"resource":"service","uuid":"{svc}","container":"web"}`, want: `hello`},
		{tool: "env_vars", args: `{"resource":"service","action":"create","uuid":"{svc}","key":"TOKEN","value":"v"}`, keep: "svcenv=uuid"},
		{tool: "env_vars", args: `{"resource":"service","action":"list","uuid":"{svc}"}`, want: `"key": "TOKEN"`},
		{tool: "env_vars", args: `{"resource":"service","action":"update","uuid":"{svc}","key":"TOKEN","value":"w"}`},
		{tool: "env_vars", args: `{"resource":"service","action":"bulk_update","uuid":"{svc}","data":[{"key":"TOKEN","value":"x"}]}`},
		{tool: "env_vars", args: `{"resource":"service","action":"delete","uuid":"{svc}","env_uuid":"{svcenv}"}`},
		{tool: "control", args: `{"resource":"service","action":"restart","uuid":"{svc}","pull_latest":false}`, want: `restarting request queued`, rest: true},
		{tool: "control", args: `{"resource":"service","action":"stop","uuid":"{svc}"}`, want: `stopping request queued`, rest: true},
		{tool: "control", args: `{"resource":"service","action":"start","uuid":"{svc}"}`, want: `starting request queued`, rest: true},
		{tool: "deploy", args: `{"tag_or_uuid":"{svc}","force":true}`, want: `"resource_uuid": "{svc}"`, rest: true},
	}
}

func databases() []step {
	return []step{
		{tool: "database", args: `{"action":"create","type":"redis","server_uuid":"{server}","project_uuid":"{project}","environment_name":"production","name":"cache","redis_password":"secret-of-redis","instant_deploy":true}`, keep: "db=uuid", rest: true},
		{tool: "list_databases", args: `{}`, want: `"uuid": "{db}"`},
		{tool: "get_database", args: `{"uuid":"{db}","reveal":true}`, want: `secret-of-redis`},
		{tool: "database", args: `{"action":"update","uuid":"{db}","description":"changed","limits_memory":"256m"}`},
		{tool: "logs", args: `{"resource":"database","uuid":"{db}"}`, want: `eady`},
		{tool: "env_vars", args: `{"resource":"database","action":"create","uuid":"{db}","key":"TZ","value":"UTC"}`, keep: "dbenv=uuid"},
		{tool: "env_vars", args: `{"resource":"database","action":"list","uuid":"{db}"}`, want: `"key": "TZ"`},
		{tool: "env_vars", args: `{"resource":"database","action":"delete","uuid":"{db}","env_uuid":"{dbenv}"}`},
		{tool: "storages", args: `{"resource":"database","action":"create","uuid":"{db}","type":"persistent","name":"more","mount_path":"/more"}`, keep: "dbstore=uuid"},
		{tool: "storages", args: `{"resource":"database","action":"list","uuid":"{db}"}`, want: `"uuid": "{dbstore}"`},
		{tool: "storages", args: `{"resource":"database","action":"update","uuid":"{db}","storage_uuid":"{dbstore}","type":"persistent","mount_path":"/most"}`},
		{tool: "storages", args: `{"resource":"database","action":"delete","uuid":"{db}","storage_uuid":"{dbstore}"}`},
		{tool: "database_backups", args: `{"action":"create","database_uuid":"{db}","frequency":"daily"}`, keep: "backup=uuid"},
		{tool: "database_backups", args: `{"action":"list_schedules","database_uuid":"{db}"}`, want: `"uuid": "{backup}"`},
		{tool: "database_backups", args: `{"action":"get_schedule","database_uuid":"{db}","backup_uuid":"{backup}"}`, want: `{backup}`},
		{tool: "database_backups", args: `{"action":"update","database_uuid":"{db}","backup_uuid":"{backup}","enabled":false}`},
		{tool: "database_backups", args: `{"action":"list_executions","database_uuid":"{db}","backup_uuid":"{backup}"}`, want: `"executions"|\[\]`},
		{tool: "database_backups", args: `{"action":"get_execution","database_uuid":"{db}","backup_uuid":"{backup}","execution_uuid":"aaaaaaaaaaaaaaaaaaaaaaaa"}`, want: `Error: .*not found`},
		{tool: "database_backups", args: `{"action":"delete_execution","database_uuid":"{db}","backup_uuid":"{backup}","execution_uuid":"aaaaaaaaaaaaaaaaaaaaaaaa"}`, want: `Error: .*not found`},
		{tool: "database_backups", args: `{"action":"delete","database_uuid":"{db}","backup_uuid":"{backup}"}`},
		{tool: "control", args: `{"resource":"database","action":"restart","uuid":"{db}"}`, want: `restarting request queued`, rest: true},
		{tool: "control", args: `{"resource":"database","action":"stop","uuid":"{db}"}`, want: `stopping request queued`, rest: true},
		{tool: "control", args: `{"resource":"database","action":"start","uuid":"{db}"}`, want: `starting request queued`, rest: true},
	}
}

func applications() []step {
	return []step{
		{tool: "application", args: `{"action":"create_dockerimage","server_uuid":"{server}","project_uuid":"{project}","environment_name":"production","name":"hello","docker_registry_image_name":"lab/hello","docker_registry_image_tag":"1","ports_exposes":"3000"}`, keep: "app=uuid"},
		{tool: "list_applications", args: `{}`, want: `"uuid": "{app}"`},
		{tool: "get_application", args: `{"uuid":"{app}"}`, want: `"build_pack": "dockerimage"`},
		{tool: "application", args: `{"action":"update","uuid":"{app}","description":"changed","health_check_enabled":true,"health_check_port":3000,"custom_network_aliases":"hello"}`, want: `{app}`},
		{tool: "environments", args: `{"action":"verify_app","project_uuid":"{project}","name":"production","application_uuid":"{app}"}`, want: `{app}`},
		{tool: "env_vars", args: `{"resource":"application","action":"create","uuid":"{app}","key":"TOKEN","value":"v","is_buildtime":true}`, keep: "appenv=uuid"},
		{tool: "env_vars", args: `{"resource":"application","action":"list","uuid":"{app}"}`, want: `"key": "TOKEN"`},
		{tool: "env_vars", args: `{"resource":"application","action":"update","uuid":"{app}","key":"TOKEN","value":"w"}`},
		{tool: "env_vars", args: `{"resource":"application","action":"bulk_update","uuid":"{app}","data":[{"key":"TOKEN","value":"x"},{"key":"OTHER","value":"y"}]}`},
		{tool: "bulk_env_update", args: `{"app_uuids":["{app}"],"key":"OTHER","value":"z"}`, want: `"succeeded"|"success`},
		{tool: "env_vars", args: `{"resource":"application","action":"delete","uuid":"{app}","env_uuid":"{appenv}"}`},
		{tool: "storages", args: `{"resource":"application","action":"create","uuid":"{app}","type":"persistent","name":"data","mount_path":"/data"}`, keep: "appstore=uuid"},
		{tool: "storages", args: `{"resource":"application","action":"list","uuid":"{app}"}`, want: `"uuid": "{appstore}"`},
		{tool: "deploy", args: `{"tag_or_uuid":"{app}","force":true,"wait":true,"timeout_seconds":100}`, want: `finished`},
		{tool: "list_deployments", args: `{}`, want: `"data": \[\]`},
		{tool: "deployment", args: `{"action":"list_for_app","uuid":"{app}"}`, want: `finished`, keep: "deployment=deployment_uuid"},
		{tool: "deployment", args: `{"action":"get","uuid":"{deployment}","include_logs":true,"lines":50}`, want: `finished.*lab/hello`},
		{tool: "deployment", args: `{"action":"cancel","uuid":"{deployment}"}`, want: `cannot be cancelled`},
		{tool: "application_logs", args: `{"uuid":"{app}","lines":20}`},
		{tool: "logs", args: `{"resource":"application","uuid":"{app}"}`},
		{tool: "control", args: `{"resource":"application","action":"restart","uuid":"{app}"}`, want: `Restart request queued`, rest: true},
		{tool: "control", args: `{"resource":"application","action":"stop","uuid":"{app}"}`, want: `stopping request queued`, rest: true},
		{tool: "control", args: `{"resource":"application","action":"start","uuid":"{app}"}`, want: `Deployment request queued`, rest: true},
		{tool: "application", args: `{"action":"delete_preview","uuid":"{app}","pull_request_id":7}`, want: `Preview deletion request queued|not found`},
		{tool: "restart_project_apps", args: `{"project_uuid":"{project}"}`, want: `"succeeded"|success`, rest: true},
		{tool: "redeploy_project", args: `{"project_uuid":"{project}","force":false}`, want: `"succeeded"|success`, rest: true},
	}
}

func overview() []step {
	return []step{
		{tool: "get_infrastructure_overview", args: `{}`, want: `"applications".*"hello"`},
		{tool: "system", args: `{"action":"list_resources"}`, want: `"uuid": "{app}"`},
		{tool: "diagnose_app", args: `{"query":"hello"}`, want: `"uuid": "{app}"`},
		{tool: "diagnose_server", args: `{"query":"localhost"}`, want: `"uuid": "{server}"`},
		{tool: "find_issues", args: `{}`, want: `"summary"|issues`},
		{tool: "server_resources", args: `{"uuid":"{server}"}`, want: `"name": "hello"`},
		{tool: "stop_all_apps", args: `{"confirm":true}`, want: `"succeeded"|success`, rest: true},
	}
}

func ending() []step {
	return []step{
		{tool: "application", args: `{"action":"delete","uuid":"{app}"}`, want: `deletion request queued`, rest: true},
		{tool: "service", args: `{"action":"delete","uuid":"{svc}","delete_volumes":true}`, want: `deletion request queued`, rest: true},
		{tool: "database", args: `{"action":"delete","uuid":"{db}","delete_volumes":true}`, want: `deletion request queued`, rest: true},
		{tool: "get_application", args: `{"uuid":"{app}"}`, want: `Error: .*Application not found`},
		{tool: "environments", args: `{"action":"delete","project_uuid":"{project}","name":"staging"}`},
		{tool: "projects", args: `{"action":"delete","uuid":"{project}"}`},
	}
}
