package rest_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
	"github.com/taffrail/taffrail/internal/rest"
)

const newGit = newPlace + `,"git_repository":"https://git.example.com/acme/shop","git_branch":"main","build_pack":"dockerfile","ports_exposes":"3000"`

func TestCreateApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path, public = "POST /api/v1/applications/", "POST /api/v1/applications/public"
	required := `"This field is required."`
	w.run(t, []row{
		{"public", asWriter, public, `{` + newGit + `,"autogenerate_domain":false}`, 201, `…"domains":null`},
		{"with domains", asWriter, public, `{` + newGit + `,"domains":"https://a.example.com,https://b.example.com"}`, 201, `…"domains":"https://a.example.com,https://b.example.com"`},
		{"as clients send it", asWriter, public, `{` + newGit + `,"destination_uuid":"","environment_uuid":"","tags":["a"],"health_check_port":null,"limits_cpuset":null,"redirect":"","stop_grace_period":null,"use_build_server":null,"is_env_sorting_enabled":true}`, 201, `…{"uuid":"`},
		{"other name of the environment", asWriter, public, strings.Replace(`{`+newGit+`}`, `"environment_name":"production"`, `"environment":"{environment}"`, 1), 201, `…{"uuid":"`},
		{"at once", asWriter, public, `{` + newGit + `,"instant_deploy":true}`, 201, `…"deployment_uuid":"`},
		{"without effect", asWriter, public, `{` + newGit + `,"is_gpu_enabled":true,"gpu_count":"all","is_log_drain_enabled":false,"swarm_replicas":1}`, 201,
			`…"warnings":["is_gpu_enabled has no effect. Use --gpus in custom_docker_run_options.","gpu_count has no effect. Use --gpus in custom_docker_run_options."`},
		{"by a key", asWriter, path + "private-deploy-key", `{` + newGit + `,"private_key_uuid":"{key}"}`, 201, `…{"uuid":"`},
		{"by no key", asWriter, path + "private-deploy-key", `{` + newGit + `}`, 422, `{"message":"Validation failed.","errors":{"private_key_uuid":[` + required + `]}}`},
		{"by a key that is not there", asWriter, path + "private-deploy-key", `{` + newGit + `,"private_key_uuid":"{unknown}"}`, 404, `{"message":"Private Key not found."}`},
		{"by an App", asWriter, path + "private-github-app", strings.Replace(`{`+newGit+`,"github_app_uuid":"{githubapp}"}`, "https://git.example.com/", "", 1), 201, `…{"uuid":"`},
		{"by no App", asWriter, path + "private-github-app", `{` + newGit + `}`, 422, `{"message":"Validation failed.","errors":{"github_app_uuid":[` + required + `]}}`},
		{"by an App that is not there", asWriter, path + "private-github-app", `{` + newGit + `,"github_app_uuid":"{unknown}"}`, 404, `{"message":"Github App not found."}`},
		{"a Dockerfile", asWriter, path + "dockerfile", `{` + newPlace + `,"dockerfile":"FROM scratch\n"}`, 201, `…{"uuid":"`},
		{"a Dockerfile in base64", asWriter, path + "dockerfile", `{` + newPlace + `,"dockerfile":"` + encode("# x\nFROM scratch\n") + `","ports_exposes":"80","dockerfile_target_build":"x"}`, 201, `…{"uuid":"`},
		{"no Dockerfile", asWriter, path + "dockerfile", `{` + newPlace + `}`, 422, `{"message":"Validation failed.","errors":{"dockerfile":[` + required + `]}}`},
		{"neither text nor base64", asWriter, path + "dockerfile", `{` + newPlace + `,"dockerfile":"?? RUN x"}`, 422, `…{"dockerfile":["The dockerfile has no FROM line`},
		{"an image", asWriter, path + "dockerimage", `{` + newPlace + `,"docker_registry_image_name":"nginx","docker_registry_image_tag":"stable-alpine","ports_exposes":"80"}`, 201, `…{"uuid":"`},
		{"no image", asWriter, path + "dockerimage", `{` + newPlace + `}`, 422, `{"message":"Validation failed.","errors":{"docker_registry_image_name":[` + required + `]}}`},
		{"a compose text is a service", asWriter, path + "dockercompose", `{` + newPlace + `,"docker_compose_raw":"` + encode("services: {web: {image: x}}") + `"}`, 405, `…{"message":"`},
		{"nothing", asWriter, public, `{"name":1}`, 422,
			`{"message":"Validation failed.","errors":{"build_pack":[` + required + `],"git_branch":[` + required + `],"git_repository":[` + required + `],"name":["The name field must be a string."],"project_uuid":[` + required + `],"server_uuid":[` + required + `]}}`},
		{"no environment", asWriter, public, strings.Replace(`{`+newGit+`}`, `"environment_name":"production",`, "", 1) + ` `, 422, `…You need to provide at least one of environment_name or environment_uuid.`},
		{"no project", asWriter, public, strings.Replace(`{`+newGit+`}`, "{project}", "{unknown}", 1), 404, `{"message":"Project not found."}`},
		{"no server", asWriter, public, strings.Replace(`{`+newGit+`}`, "{server}", "{unknown}", 1), 404, `{"message":"Server not found."}`},
		{"mass assignment", asWriter, public, `{` + newGit + `,"team_id":2,"status":"running","uuid":"x","settings":{}}`, 422, `…"team_id":["This field is not allowed."]`},
		{"conflict", asWriter, public, `{` + newGit + `,"domains":"https://shop.example.com"}`, 409, `…"conflicts":[{"domain":"https://shop.example.com","resource_name":"web","resource_uuid":"{application}","resource_type":"application","message":"`},
		{"taken all the same", asWriter, public, `{` + newGit + `,"domains":"https://shop.example.com","force_domain_override":true}`, 201, `…"domains":"https://shop.example.com"`},
	})
}

func TestApplicationFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const public = "POST /api/v1/applications/public"
	for field, value := range map[string]string{
		"build_pack": `"make"`, "redirect": `"maybe"`, "health_check_port": `"0"`, "health_check_method": `"PUT"`, "health_check_type": `"tcp"`,
		"health_check_scheme": `"ftp"`, "health_check_return_code": `99`, "health_check_interval": `0`, "stop_grace_period": `3601`,
		"docker_images_to_keep": `101`, "limits_memory_swappiness": `101`, "max_restart_count": `-1`, "custom_labels": `"a=b c"`,
		"custom_nginx_configuration": `"server {}"`, "domains": `["https://x.example.com"]`, "ports_exposes": `3000`, "limits_cpus": `1`,
		"is_static": `"yes"`, "noindex_domains": `"x"`, "docker_compose_domains": `{"web":{"domain":"x"}}`, "private_key_uuid": `7`,
		"git_commit_sha": `"--upload-pack=x"`, "base_directory": `"/../.."`, "custom_docker_run_options": `"--privileged"`,
	} {
		body := strings.Replace(`{`+newGit+`}`, `,"`+field+`":"3000"`, "", 1)
		if field == "build_pack" {
			body = strings.Replace(body, `,"build_pack":"dockerfile"`, "", 1)
		}
		got := w.ask(asWriter, http.MethodPost, strings.TrimPrefix(public, "POST "), w.fill(strings.TrimSuffix(body, "}")+`,"`+field+`":`+value+`}`))
		if got.status != 422 || !strings.Contains(got.body, `"`+field) {
			t.Errorf("%s %s: %d %s", field, value, got.status, got.body)
		}
	}
}

func TestChangeApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one, patch = "GET /api/v1/applications/{application}", "PATCH /api/v1/applications/{application}"
	w.run(t, []row{
		{"list", asReader, "GET /api/v1/applications", "", 200, `…"uuid":"{application}"`},
		{"no tags yet", asReader, "GET /api/v1/applications?tag=x", "", 200, `[]`},
		{"change", asWriter, patch, `{"description":"","limits_memory":"512m","is_gzip_enabled":false,"docker_images_to_keep":5,"health_check_port":"8080","stop_grace_period":60,"watch_paths":"src/**\nlib/**"}`, 200, `…{"uuid":"{application}","domains":"https://shop.example.com"`},
		{"what was changed", asReader, one, "", 200, `…"limits_memory":"512m"`},
		{"port is text", asReader, one, "", 200, `…"health_check_port":"8080"`},
		{"settings", asReader, one, "", 200, `…"stop_grace_period":60`},
		{"cleared", asReader, one, "", 200, `…"description":null`},
		{"port as a number", asWriter, patch, `{"health_check_port":9090}`, 200, `…{"uuid":"`},
		{"port is text all the same", asReader, one, "", 200, `…"health_check_port":"9090"`},
		{"half a port", asWriter, patch, `{"health_check_port":80.5}`, 422, `…"health_check_port":["The health check port field must be an integer from 1 to 65535."]`},
		{"port", asWriter, patch, `{"health_check_port":""}`, 200, `…{"uuid":"`},
		{"no port", asReader, one, "", 200, `…"health_check_port":null`},
		{"other name of domains", asWriter, patch, `{"fqdn":"https://other.example.com"}`, 200, `…"domains":"https://other.example.com"`},
		{"places are ignored", asWriter, patch, `{"name":"web2","server_uuid":"{machine}","project_uuid":"x"}`, 200, `…{"uuid":"{application}"`},
		{"deploy", asWriter, patch, `{"name":"web3","instant_deploy":true}`, 200, `…"deployment_uuid":"`},
		{"nothing", asWriter, patch, `{}`, 400, `{"message":"Invalid request.","error":"Empty JSON."}`},
		{"no such key", asWriter, patch, `{"dockerfile_path":"x"}`, 422, `…"dockerfile_path":["This field is not allowed."]`},
		{"conflict", asWriter, "PATCH /api/v1/applications/{image}", `{"domains":"https://other.example.com"}`, 409, `…"warning":"`},
		{"domains of the server", asReader, "GET /api/v1/servers/{server}/domains?uuid={application}", "", 200, `[{"ip":"localhost","domains":["other.example.com"]}]`},
		{"in its environment", asReader, "GET /api/v1/projects/{project}/production", "", 200, `…"applications":[{"id":1,"uuid":"{application}"`},
		{"in lists", asReader, "GET /api/v1/resources", "", 200, `…"type":"application"`},
		{"no such", asWriter, "PATCH /api/v1/applications/{unknown}", `{"name":"x"}`, 404, `{"message":"Application not found."}`},
		{"delete", asWriter, "DELETE /api/v1/applications/{application}?delete_volumes=maybe", "", 422, `…delete_volumes`},
		{"delete", asWriter, "DELETE /api/v1/applications/{application}?delete_configurations=true&delete_volumes=true&docker_cleanup=true&delete_connected_networks=true", "", 200, `{"message":"Application deletion request queued."}`},
		{"gone", asReader, one, "", 404, `{"message":"Application not found."}`},
		{"history stays", asReader, "GET /api/v1/deployments/{deployed}", "", 200, `…"application_name":"web"`},
	})
}

func TestApplicationVerbs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one, path = "/api/v1/applications/{application}/", "POST /api/v1/applications/{application}/"
	w.run(t, []row{
		{"get a start", asRoot, "GET " + one + "start", "", 405, `{"message":"This endpoint has changed to a POST request."}`},
		{"restart", asDeployer, path + "restart", "", 200, `…{"message":"Restart request queued.","deployment_uuid":"`},
		{"start", asDeployer, path + "start?force=true&instant_deploy=true", "", 200, `…{"message":"Deployment request queued.","deployment_uuid":"`},
		{"stop", asDeployer, path + "stop?docker_cleanup=true", "", 200, `…{"message":"Application stopping request queued.","deployment_uuid":"`},
		{"what only databases have", asDeployer, path + "start", `{"backup_before":true}`, 422, `…"backup_before":["This field is not allowed."]`},
		{"deploy", asDeployer, "POST /api/v1/deploy", `{"uuid":"{application},{service}","force":true}`, 200, `…{"message":"Application web deployment queued.","resource_uuid":"{application}","deployment_uuid":"`},
		{"deploy a pull request", asDeployer, "POST /api/v1/deploy?uuid={application}&pr=7", "", 200, `…"deployment_uuid":"`},
		{"one that is not there", asDeployer, "POST /api/v1/deploy", `{"uuid":"{application}","pull_request_id":8}`, 404, `{"message":"Pull request 8 not found for this resource."}`},
		{"tag of a pull request", asDeployer, "POST /api/v1/deploy", `{"uuid":"{application}","pr":7,"docker_tag":"x"}`, 400, `…docker_tag`},
		{"logs of nothing", asReader, "GET " + one + "logs?lines=10&service_name=none", "", 400, `{"message":"Application is not running."}`},
		{"logs", asReader, "GET " + one + "logs?lines=10&service_name=web&show_timestamps=true", "", 200, `{"logs":"hello from web\n"}`},
		{"too many lines", asReader, "GET " + one + "logs?lines=10001", "", 422, `…lines`},
		{"deployments", asReader, "GET /api/v1/deployments/applications/{application}?skip=0&take=1", "", 200, `…{"count":`},
		{"of a pull request", asReader, "GET /api/v1/deployments/applications/{application}?take=10", "", 200, `…"pull_request_id":7`},
		{"deployment", asReader, "GET /api/v1/deployments/{deployed}", "", 200, `…"application_id":"1","application_name":"web","build_server_id":null,"commit":"` + someCommit + `","commit_message":"fix: the shop"`},
	})
	page, err := w.client(asRoot).ListApplicationDeployments(t.Context(), string(w.application), 0, 100)
	must(t, err)
	oldest := page.Deployments[len(page.Deployments)-1]
	if page.Count != len(page.Deployments) || page.Count < 5 || oldest.DeploymentUUID != string(w.deployed) || oldest.ApplicationDeployment == nil {
		t.Errorf("%d deployments, the first %+v", page.Count, oldest)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one, path = "/api/v1/applications/{application}/", "POST /api/v1/applications/{application}/rollback"
	nobody := `{"message":"Validation failed.","errors":{"commit":["This field is required when deployment_uuid is absent."]}}`
	w.run(t, []row{
		{"images", asReader, "GET " + one + "rollback-images", "", 200, `…{"current":"` + someCommit + `","images":[{"tag":"` + someCommit + `","branch":"main","commit_message":"fix: the shop","deployment_uuid":"{deployed}","is_current":true`},
		{"of none", asReader, "GET /api/v1/applications/{image}/rollback-images", "", 200, `{"current":null,"images":[]}`},
		{"to nothing", asDeployer, path, `{}`, 422, nobody},
		{"to nothing, without a body", asDeployer, path, "", 422, nobody},
		{"to an option", asDeployer, path, `{"commit":"--force"}`, 422, `…"commit":["The commit field must be one of the tags of rollback-images."]`},
		{"to what is not there", asDeployer, path, `{"commit":"ffff"}`, 404, `…not found.`},
		{"to a deployment that is not there", asDeployer, path, `{"deployment_uuid":"{finished}"}`, 404, `…not found.`},
		{"plan", asRoot, path, `{"commit":"` + someCommit + `","dry_run":true}`, 200, `…"target":{"tag":"` + someCommit},
		{"plan without leave to read", asDeployer, path, `{"commit":"` + someCommit + `","dry_run":true}`, 403, `{"message":"Missing required permissions: read"}`},
		{"by commit", asDeployer, path, `{"commit":"` + someCommit + `","note":"it was better"}`, 200, `…{"message":"Rollback deployment queued.","deployment_uuid":"`},
		{"in the list", asReader, "GET /api/v1/deployments/applications/{application}?take=1", "", 200, `…"rollback":true`},
		{"of what", asReader, "GET /api/v1/deployments/applications/{application}?take=1", "", 200, `…"rollback_of":"{deployed}"`},
		{"resume", asDeployer, "POST " + one + "resume-auto-deploy", "", 200, `{"message":"Automatic deployments resumed."}`},
		{"nothing is paused", asReader, "GET /api/v1/applications/{application}", "", 200, `…"auto_deploy_paused":null`},
	})
}

func TestPausedApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o, err := w.db.GetApplication(t.Context(), w.team, w.application)
	must(t, err)
	o.AutoDeploy.PausedAt, o.AutoDeploy.PausedBy, o.AutoDeploy.PausedFor = w.now.Now(), "somebody", w.deployed
	must(t, w.db.UpdateApplication(t.Context(), o))
	c := w.client(asRoot)
	got, err := c.GetApplication(t.Context(), string(w.application))
	must(t, err)
	if p := got.AutoDeployPaused; p == nil || p.By != "somebody" || p.DeploymentUUID == nil || *p.DeploymentUUID != string(w.deployed) || p.At.IsZero() {
		t.Errorf("paused %+v", p)
	}
	_, err = c.ResumeAutoDeploy(t.Context(), string(w.application))
	must(t, err)
	if got, err = c.GetApplication(t.Context(), string(w.application)); err != nil || got.AutoDeployPaused != nil {
		t.Errorf("still paused: %+v, %v", got.AutoDeployPaused, err)
	}
}

func TestPreviewsAndPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const one = " /api/v1/applications/{application}/"
	w.run(t, []row{
		{"previews", asReader, "GET" + one + "previews", "", 200, `…"fqdn":"https://7.shop.example.com","is_fork":false,"pull_request_id":7,"pull_request_html_url":"https://git.example.com/acme/shop/pulls/7"`},
		{"no number", asWriter, "DELETE" + one + "previews/x", "", 404, `…not found.`},
		{"no preview", asWriter, "DELETE" + one + "previews/8", "", 404, `{"message":"Pull request 8 not found for this resource."}`},
		{"delete", asWriter, "DELETE" + one + "previews/7", "", 200, `…{"message":"Preview deletion request queued.","deployment_uuid":"`},
		{"gone", asReader, "GET" + one + "previews", "", 200, `[]`},
		{"places", asReader, "GET" + one + "destinations", "", 200, `…"uuid":"{elsewhere}"`},
		{"the main one", asReader, "GET /api/v1/applications/{image}/destinations", "", 200, `…"server_uuid":"{server}","type":"standalone"`},
		{"add", asWriter, "POST /api/v1/applications/{image}/destinations", `{"destination_uuid":"{elsewhere}"}`, 201, `…{"message":"`},
		{"add again", asWriter, "POST" + one + "destinations", `{"destination_uuid":"{elsewhere}"}`, 409, `…{"message":"`},
		{"add none", asWriter, "POST" + one + "destinations", `{"destination_uuid":"{unknown}"}`, 404, `{"message":"Destination not found."}`},
		{"remove", asWriter, "DELETE" + one + "destinations/{elsewhere}", "", 200, `…{"message":"Destination removed: what runs there is being stopped.","deployment_uuid":"`},
		{"remove again", asWriter, "DELETE" + one + "destinations/{elsewhere}", "", 404, `{"message":"Destination not found."}`},
	})
	list, err := w.client(asReader).ListApplicationDestinations(t.Context(), string(w.image))
	if err != nil || len(list) != 2 || !list[0].IsMain || list[1].IsMain || list[1].UUID != string(w.elsewhere) {
		t.Errorf("destinations %+v, %v", list, err)
	}
}

func TestApplicationEnvs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = " /api/v1/applications/{application}/envs"
	w.run(t, []row{
		{"both sets", asReader, "GET" + path, "", 200, `…"is_preview":true`},
		{"exists", asWriter, "POST" + path, `{"key":"TOKEN","value":"x"}`, 409, `{"message":"Environment variable already exists. Use PATCH request to update it."}`},
		{"exists for previews", asWriter, "POST" + path, `{"key":"TOKEN","value":"x","is_preview":true}`, 409, `{"message":"Environment variable already exists. Use PATCH request to update it."}`},
		{"previews only", asWriter, "POST" + path, `{"key":"PREVIEW","value":"x","is_preview":true,"is_build_time":false}`, 201, `…{"uuid":"`},
		{"not the other one", asWriter, "PATCH" + path, `{"key":"PREVIEW","value":"x"}`, 404, `{"message":"Environment variable not found."}`},
		{"shared", asRoot, "PATCH" + path, `{"key":"TOKEN","value":"{{team.SHARED}}"}`, 201, `…"value":"{{team.SHARED}}"`},
		{"bulk", asRoot, "PATCH" + path + "/bulk", `{"data":[{"key":"TOKEN","value":"a","is_preview":true},{"key":"MORE","value":"b"}]}`, 201, `…"resourceable_type":"Application"`},
		{"delete", asWriter, "DELETE" + path + "/{appenv}", "", 200, `{"message":"Environment variable deleted."}`},
		{"of another", asWriter, "DELETE /api/v1/applications/{image}/envs/{appenv}", "", 404, `{"message":"Environment variable not found."}`},
	})
}

// TestReadBackApplication makes an application with a value for everything, and gets what
// was sent.
func TestReadBackApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(asRoot)
	made, err := c.CreateApplication(t.Context(), client.FromDeployKey, api.ApplicationCreate{
		ProjectUUID: string(w.project), EnvironmentUUID: string(w.environment), ServerUUID: string(w.localhost), ApplicationSettings: everySetting(w),
	})
	must(t, err)
	if made.Domains == nil || *made.Domains != "https://read.example.com/path" {
		t.Errorf("saved %+v", made)
	}
	got, err := c.GetApplication(t.Context(), made.UUID)
	must(t, err)
	key, err := c.GetKey(t.Context(), string(w.key))
	must(t, err)
	want := everyReply()
	want.UUID, want.PrivateKeyID = made.UUID, &key.ID
	want.ApplicationPlace = api.ApplicationPlace{EnvironmentUUID: string(w.environment), ProjectUUID: string(w.project), ServerUUID: string(w.localhost)}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(api.Application{}, "ID", "ApplicationTimes", "DestinationID", "EnvironmentID", "ServerID")); diff != "" {
		t.Error(diff)
	}
	_, err = c.UpdateApplication(t.Context(), made.UUID, api.ApplicationUpdate{ApplicationSettings: api.ApplicationSettings{Name: pointer("changed")}})
	must(t, err)
	after, err := c.GetApplication(t.Context(), made.UUID)
	must(t, err)
	got.Name, got.UpdatedAt = "changed", after.UpdatedAt
	if diff := cmp.Diff(got, after); diff != "" {
		t.Errorf("what was not changed:\n%s", diff)
	}
}

func everySetting(w *world) api.ApplicationSettings {
	text, yes, no := pointer[string], pointer(true), pointer(false)
	return api.ApplicationSettings{
		Name: text("every"), Description: text("a & b (c)"),
		SourceSettings: api.SourceSettings{
			GitRepository: text("git@git.example.com:acme/every.git"), GitBranch: text("release/1"), GitCommitSHA: text(someCommit),
			PrivateKeyUUID: text(string(w.key)), Submodules: no, LFS: no, Shallow: no, WatchPaths: text("src/**\n!docs/**"),
		},
		BuildSettings: api.BuildSettings{
			BuildPack: text("nixpacks"), BaseDirectory: text("/app"), DockerfilePath: text("/build/Dockerfile"), TargetStage: text("final"),
			InstallCommand: text("npm ci"), BuildCommand: text("npm run build"), ImageName: text("registry.example.com/every"), ImageTag: text("v1"),
			NoCache: yes, UseSecrets: yes, InjectArgs: no, IncludeCommit: yes, BuildServer: yes, KeepImages: pointer(7),
		},
		StaticSettings: api.StaticSettings{
			IsStatic: yes, IsSPA: yes, PublishDirectory: text("/dist"), StaticImage: text("nginx:stable-alpine"), NginxConf: text(client.EncodeText([]byte(appNginx))),
		},
		ServeSettings: api.ServeSettings{
			Domains: text("https://read.example.com/path"), Redirect: text("non-www"), Ports: text("3000,3001"), ForceHTTPS: no, Gzip: no, StripPrefix: no,
			NoIndex: &[]string{"read.example.com"}, BasicAuth: yes, BasicAuthUsername: text("clerk"), BasicAuthPassword: text(appPassword),
			Labels: text(client.EncodeText([]byte(appLabels))), LabelEscape: no, PreviewURL: text("pr-{{pr_id}}.{{domain}}"), Aliases: text("every,all"),
		},
		RunSettings: api.RunSettings{
			StartCommand: text("npm start"), DockerOptions: text("--init"), StopGracePeriod: pointer(45), MaxRestarts: pointer(3), ConnectToDockerNetwork: yes,
		},
		LimitSettings: api.LimitSettings{Memory: text("512m"), CPUs: text("0.5"), CPUSet: text("0-1"), CPUShares: pointer(512)},
		ApplicationHealthSettings: api.ApplicationHealthSettings{
			Enabled: yes, Type: text("http"), Method: text("HEAD"), Scheme: text("http"), Host: text("127.0.0.1"), Port: text("3001"), Path: text("/health"),
			ReturnCode: pointer(204), ResponseText: text("fine"), Interval: pointer(2), Timeout: pointer(3), Retries: pointer(4), StartPeriod: pointer(0),
		},
		HookSettings: api.HookSettings{
			PreCommand: text("./before --now"), PostCommand: text("./behind"), GitHubSecret: text("s1"), GitLabSecret: text("s2"), BitbucketSecret: text("s3"),
			GiteaSecret: text("s4"), GenericSecret: text("s5"), AutoDeploy: no, Previews: yes, PublicPreviews: yes,
		},
	}
}

func everyReply() api.Application {
	text := pointer[string]
	return api.Application{
		Description: text("a & b (c)"), Name: "every", BuildPack: "nixpacks", ComposeParsingVersion: "5", DestinationType: "standalone", Status: "exited:unhealthy",
		ApplicationSource: api.ApplicationSource{
			GitRepository: "git@git.example.com:acme/every.git", GitBranch: "release/1", GitCommitSHA: someCommit, WatchPaths: text("src/**\n!docs/**"),
		},
		ApplicationBuild: api.ApplicationBuild{
			BaseDirectory: "/app", BuildCommand: text("npm run build"), CustomNginxConfiguration: text(strings.TrimSpace(appNginx)), DockerComposeLocation: "/docker-compose.yaml",
			DockerfileLocation: "/build/Dockerfile", DockerfileTargetBuild: text("final"), ImageName: text("registry.example.com/every"), ImageTag: text("v1"),
			InstallCommand: text("npm ci"), PublishDirectory: text("/dist"), StaticImage: "nginx:stable-alpine",
		},
		ApplicationServe: api.ApplicationServe{
			Fqdn: text("https://read.example.com/path"), BasicAuth: true, BasicAuthPassword: text(appPassword), BasicAuthUsername: text("clerk"),
			CustomLabels: text(base64.StdEncoding.EncodeToString([]byte(appLabels))), NetworkAliases: text("every,all"), NoIndexDomains: []string{"read.example.com"},
			PortsExposes: "3000,3001", PreviewURL: "pr-{{pr_id}}.{{domain}}", Redirect: text("non-www"),
		},
		ApplicationRun: api.ApplicationRun{CustomDockerRunOptions: text("--init"), MaxRestartCount: 3, StartCommand: text("npm start")},
		Limits:         api.Limits{Memory: "512m", MemorySwap: "0", MemorySwappiness: 60, MemoryReservation: "0", CPUs: "0.5", CPUSet: text("0-1"), CPUShares: 512},
		ApplicationHealth: api.ApplicationHealth{
			Enabled: true, Type: "http", Method: "HEAD", Scheme: "http", Host: text("127.0.0.1"), Port: text("3001"), Path: "/health", ReturnCode: 204,
			ResponseText: text("fine"), Interval: 2, Timeout: 3, Retries: 4,
		},
		ApplicationHooks: api.ApplicationHooks{
			PreCommand: text("./before --now"), PostCommand: text("./behind"), GitHubSecret: text("s1"), GitLabSecret: text("s2"), BitbucketSecret: text("s3"),
			GiteaSecret: text("s4"), GenericSecret: text("s5"),
		},
		Settings: api.ApplicationSetting{
			SourceSetting: api.SourceSetting{Previews: true, PublicPreviews: true},
			BuildSetting:  api.BuildSetting{NoCache: true, KeepImages: 7, IncludeCommit: true, BuildServer: true, IsSPA: true, IsStatic: true, UseSecrets: true},
			ServeSetting:  api.ServeSetting{LabelReadonly: true},
			RunSetting:    api.RunSetting{ConnectToDockerNetwork: true, StopGracePeriod: pointer(45)},
		},
	}
}

// TestApplicationSecrets asks for everything about applications that has a secret in it.
func TestApplicationSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	labels := base64.StdEncoding.EncodeToString([]byte(strings.TrimSpace(appLabels)))
	secrets := []string{"nobody=reads-this-file", "nobody-reads-this-conf", labels[:16], "basic & <word>", appHook, appValue, appShared, gitHubSecret}
	shown := map[string]bool{}
	for _, path := range []string{"/applications", "/applications/{application}", "/applications/{image}", "/applications/{application}/envs", "/applications/{application}/storages",
		"/applications/{application}/previews", "/applications/{application}/rollback-images", "/github-apps", "/github-apps/{githubapp}", "/team/envs", "/projects/{project}/envs",
		"/projects/{project}/environments/production/envs", "/servers/{server}/envs", "/projects/{project}/production", "/resources", "/deployments/applications/{application}",
		"/deployments/{deployed}", "/history", "/servers/{server}"} {
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
	w.run(t, []row{
		{"reply to a writer", asWriter, "PATCH /api/v1/github-apps/{githubapp}", `{"name":"x"}`, 200, `…"message":"GitHub app updated successfully."`},
		{"reply to a writer of a value", asWriter, "PATCH /api/v1/team/envs/{teamenv}", `{"comment":"x"}`, 200, `…"comment":"x"`},
	})
	for _, path := range []string{"/github-apps/{githubapp}", "/team/envs/{teamenv}"} {
		if got := w.ask(asWriter, http.MethodPatch, w.fill(rest.Prefix+path), `{"key":"SHARED"}`); strings.Contains(got.body, appShared) || strings.Contains(got.body, gitHubSecret) {
			t.Errorf("%s: the reply to a writer has a secret: %s", path, got.body)
		}
	}
}

// TestTypesOfApplications holds the JSON types that clients insist on: null is always fine.
func TestTypesOfApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	application := map[string]string{
		"string": "uuid name description status fqdn git_repository git_branch build_pack ports_exposes git_commit_sha git_full_url install_command build_command start_command base_directory publish_directory static_image dockerfile_location docker_registry_image_name docker_registry_image_tag docker_compose_location custom_docker_run_options custom_labels custom_nginx_configuration ports_mappings redirect preview_url_template health_check_path health_check_port health_check_host health_check_method health_check_scheme health_check_response_text limits_cpus limits_cpuset limits_memory limits_memory_reservation limits_memory_swap pre_deployment_command pre_deployment_command_container post_deployment_command post_deployment_command_container manual_webhook_secret_gitea watch_paths config_hash docker_compose_domains swarm_placement_constraints destination_type compose_parsing_version http_basic_auth_username http_basic_auth_password health_check_type health_check_command custom_network_aliases dockerfile_target_build docker_compose_custom_start_command docker_compose_custom_build_command created_at updated_at deleted_at",
		"bool":   "health_check_enabled is_http_basic_auth_enabled custom_healthcheck_found",
		"int":    "id health_check_return_code health_check_interval health_check_timeout health_check_retries health_check_start_period limits_cpu_shares limits_memory_swappiness swarm_replicas max_restart_count repository_project_id destination_id source_id private_key_id environment_id",
		"array":  "noindex_domains",
		"object": "settings",
	}
	settings := map[string]string{
		"bool":   "is_static is_git_submodules_enabled is_git_lfs_enabled is_auto_deploy_enabled is_force_https_enabled is_debug_enabled is_preview_deployments_enabled is_log_drain_enabled is_gpu_enabled is_include_timestamps is_swarm_only_worker_nodes is_raw_compose_deployment_enabled is_build_server_enabled is_consistent_container_name_enabled is_gzip_enabled is_stripprefix_enabled connect_to_docker_network is_container_label_escape_enabled is_env_sorting_enabled is_container_label_readonly_enabled is_preserve_repository_enabled disable_build_cache is_spa is_git_shallow_clone_enabled is_pr_deployments_public_enabled use_build_secrets inject_build_args_to_dockerfile include_source_commit_in_build",
		"string": "gpu_driver gpu_count gpu_device_ids gpu_options custom_internal_name", "int": "docker_images_to_keep stop_grace_period",
	}
	deployment := map[string]string{
		"int":    "id server_id pull_request_id build_server_id",
		"string": "deployment_uuid application_id application_name server_name status commit commit_message deployment_url finished_at created_at updated_at destination_id docker_registry_image_tag configuration_hash current_process_id git_type horizon_job_id horizon_job_worker",
		"bool":   "force_rebuild is_webhook is_api restart_only only_this_server rollback",
	}
	env := map[string]string{"string": "uuid key value comment real_value", "bool": "is_buildtime is_preview is_literal is_shown_once is_runtime is_shared"}
	shared := map[string]string{"int": "id", "string": "key value comment type created_at updated_at", "bool": "is_literal is_multiline is_shown_once"}
	app := map[string]string{
		"int": "id custom_port app_id installation_id private_key_id team_id", "bool": "is_system_wide",
		"string": "uuid name organization api_url html_url custom_user client_id",
	}
	for _, tt := range []struct {
		path, key string
		want      map[string]string
	}{
		{"/applications/{application}", "", application}, {"/applications", "", application}, {"/applications/{application}", "settings", settings},
		{"/projects/{project}/production", "applications", application},
		{"/deployments/applications/{application}", "deployments", deployment}, {"/deployments/{deployed}", "", deployment},
		{"/applications/{application}/envs", "", env}, {"/team/envs", "", shared}, {"/servers/{server}/envs", "", shared},
		{"/github-apps", "", app}, {"/github-apps/{githubapp}", "", app},
		{"/applications/{application}/rollback-images", "images", map[string]string{"string": "tag created_at", "bool": "is_current"}},
		{"/applications/{application}/destinations", "", map[string]string{"string": "uuid name network type server_uuid created_at updated_at", "bool": "is_main"}},
		{"/servers/{machine}/proxy", "", map[string]string{"string": "proxy_type status"}},
	} {
		got := w.ask(asRoot, http.MethodGet, w.fill(rest.Prefix+tt.path), "")
		checkTypes(t, tt.path, first(t, got.body, tt.key), tt.want)
	}
}

// TestCreateApplicationsDocument holds that each path says what it requires.
func TestCreateApplicationsDocument(t *testing.T) {
	t.Parallel()
	d := document(t, newWorld(t))
	for from, want := range map[string][]any{
		"public":     {"project_uuid", "server_uuid", "git_repository", "git_branch", "build_pack"},
		"dockerfile": {"project_uuid", "server_uuid", "dockerfile"}, "dockerimage": {"project_uuid", "server_uuid", "docker_registry_image_name"},
		"private-deploy-key": {"project_uuid", "server_uuid", "git_repository", "git_branch", "private_key_uuid", "build_pack"},
		"private-github-app": {"project_uuid", "server_uuid", "git_repository", "git_branch", "github_app_uuid", "build_pack"},
	} {
		schema := d.resolve(d.at("paths", "/applications/"+from, "post", "requestBody", "content", "application/json", "schema")["$ref"].(string))
		if diff := cmp.Diff(want, schema["required"]); diff != "" || schema["additionalProperties"] != false {
			t.Errorf("%s:\n%s", from, diff)
		}
	}
}

// TestKeysAreUnique holds that no body has a key twice, which encoding/json would leave out.
func TestKeysAreUnique(t *testing.T) {
	t.Parallel()
	for _, r := range newWorld(t).api.Routes() {
		if r.In.Body == nil {
			continue
		}
		seen := map[string]bool{}
		for _, f := range r.In.Body.Fields {
			if seen[f.Name] || seen[f.Alias] && f.Alias != "" {
				t.Errorf("%s: %s is there twice", name(r), f.Name)
			}
			seen[f.Name], seen[f.Alias] = true, true
		}
	}
}

// TestDocumentOfPorts holds that what may be text or a number is said to be either.
func TestDocumentOfPorts(t *testing.T) {
	t.Parallel()
	d := document(t, newWorld(t))
	port := d.at("components", "schemas", "ApplicationUpdate", "properties", "health_check_port")
	if diff := cmp.Diff([]any{"string", "null", "integer"}, port["type"]); diff != "" {
		t.Error(diff)
	}
	if shown := d.at("components", "schemas", "Application", "properties", "health_check_port"); !allows(shown["type"], "string") || allows(shown["type"], "integer") {
		t.Errorf("shown as %v", shown["type"])
	}
}
