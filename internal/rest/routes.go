package rest

import (
	"net/http"
	"slices"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// table is the whole API. Paths are below Prefix; a fixed segment beats a {parameter}.
func (a *API) table() []Route {
	return slices.Concat(a.systemRoutes(), a.teamRoutes(), a.serverRoutes(), a.projectRoutes(),
		a.applicationRoutes(), a.gitHubRoutes(), a.sharedRoutes(), a.serviceRoutes(), a.databaseRoutes(), a.backupRoutes(), a.tagRoutes(), a.deploymentRoutes())
}

func (a *API) systemRoutes() []Route {
	return []Route{
		raw[string](http.MethodGet, "/health", "", "Whether the server is well", mediaHTML, a.health),
		raw[string](http.MethodGet, "/version", auth.Read, "Version of the API contract", mediaHTML, a.version),
		raw[any](http.MethodGet, "/openapi.json", "", "This document", mediaJSON, a.document),
		raw[string](http.MethodGet, "/docs", "", "This document for people", mediaHTML, a.docs),
		raw[api.Event](http.MethodGet, "/events", auth.Read, "Follow changes of status", mediaStream, a.events),
		get("/resources", auth.Read, "List resources of all kinds", a.listResources),
		post("/enable", auth.Write, 200, "Turn the API on", a.enable(true)),
		post("/disable", auth.Write, 200, "Turn the API off for all tokens, but for turning it on again", a.enable(false)),
		get("/settings", auth.Read, "Get the settings of the instance", a.getSettings),
		patch("/settings", auth.Write, 200, "Change the settings of the instance", a.updateSettings),
		get("/resources/{uuid}/queue", auth.Read, "Get how deployments of a resource queue", a.getQueue),
		patch("/resources/{uuid}/queue", auth.Write, 200, "Change how deployments of a resource queue", a.updateQueue),
	}
}

func (a *API) teamRoutes() []Route {
	return []Route{
		get("/teams", auth.Read, "List the teams of the token", a.listTeams),
		get("/teams/current", auth.Read, "Get the team of the token", a.currentTeam),
		get("/teams/current/members", auth.Read, "List the members of the team", a.currentMembers),
		get("/teams/{id}", auth.Read, "Get a team", a.getTeam),
		get("/teams/{id}/members", auth.Read, "List the members of a team", a.listMembers),
		get("/team", auth.Read, "Get the team of the token", a.currentTeam),
		patch("/team", auth.Write, 200, "Change the team of the token", a.updateTeam),
		get("/team/members", auth.Read, "List the members of the team", a.currentMembers),
		get("/security/tokens", auth.Read, "List API tokens", a.listTokens),
		post("/security/tokens", auth.Write, 201, "Make an API token", a.createToken),
		remove("/security/tokens/{id}", auth.Write, "Revoke an API token", a.deleteToken),
		get("/security/audit", auth.ReadSensitive, "List who changed what, newest first", a.audit),
		get("/security/keys", auth.Read, "List private keys", a.listKeys),
		post("/security/keys", auth.Write, 201, "Add a private key", a.createKey),
		get("/security/keys/{uuid}", auth.Read, "Get a private key", a.getKey),
		patch("/security/keys/{uuid}", auth.Write, 201, "Change a private key", a.updateKey),
		remove("/security/keys/{uuid}", auth.Write, "Delete a private key", a.deleteKey, 422),
	}
}

func (a *API) serverRoutes() []Route {
	return []Route{
		get("/servers", auth.Read, "List servers", a.listServers),
		post("/servers", auth.Write, 201, "Add a server", a.createServer, 404),
		get("/servers/{uuid}", auth.Read, "Get a server", a.getServer),
		patch("/servers/{uuid}", auth.Write, 201, "Change a server", a.updateServer),
		remove("/servers/{uuid}", auth.Write, "Delete a server", a.deleteServer, 400),
		post("/servers/{uuid}/validate", auth.Write, 201, "Begin to look at a server", a.validateServer),
		get("/servers/{uuid}/resources", auth.Read, "List what is deployed on a server", a.serverResources),
		get("/servers/{uuid}/domains", auth.Read, "List the domains that lead to a server", a.listDomains),
		get("/servers/{uuid}/destinations", auth.Read, "List the Docker networks of a server", a.listDestinations),
		post("/servers/{uuid}/destinations", auth.Write, 201, "Add a Docker network of a server", a.createDestination, 409),
		get("/destinations", auth.Read, "List the Docker networks of all servers", a.teamDestinations),
		get("/destinations/{uuid}", auth.Read, "Get a Docker network of a server", a.getDestination),
		patch("/destinations/{uuid}", auth.Write, 200, "Rename a Docker network of a server", a.updateDestination),
		remove("/destinations/{uuid}", auth.Write, "Forget a Docker network of a server", a.deleteDestination, 400),
		get("/servers/{uuid}/proxy", auth.Read, "Get the reverse proxy of a server", a.getProxy),
		patch("/servers/{uuid}/proxy", auth.Write, 200, "Choose the reverse proxy of a server", a.updateProxy),
		post("/servers/{uuid}/proxy/start", auth.Write, 200, "Start the reverse proxy of a server", a.moveProxy("started", a.control.StartProxy), 400, 503),
		post("/servers/{uuid}/proxy/restart", auth.Write, 200, "Start the reverse proxy of a server anew", a.moveProxy("restarted", a.control.RestartProxy), 400, 503),
		post("/servers/{uuid}/proxy/stop", auth.Write, 200, "Stop the reverse proxy of a server", a.moveProxy("stopped", a.control.StopProxy), 400, 503),
	}
}

func (a *API) projectRoutes() []Route {
	return []Route{
		get("/projects", auth.Read, "List projects", a.listProjects),
		post("/projects", auth.Write, 201, "Make a project", a.createProject),
		get("/projects/{uuid}", auth.Read, "Get a project", a.getProject),
		patch("/projects/{uuid}", auth.Write, 201, "Change a project", a.updateProject),
		remove("/projects/{uuid}", auth.Write, "Delete a project", a.deleteProject, 400),
		get("/projects/{uuid}/environments", auth.Read, "List environments", a.listEnvironments),
		post("/projects/{uuid}/environments", auth.Write, 201, "Make an environment", a.createEnvironment, 409),
		get("/projects/{uuid}/{environment}", auth.Read, "Get an environment with its resources", a.getEnvironment),
		get("/projects/{uuid}/environments/{environment}", auth.Read, "Get an environment with its resources", a.getEnvironment),
		patch("/projects/{uuid}/environments/{environment}", auth.Write, 200, "Change an environment", a.updateEnvironment, 409),
		remove("/projects/{uuid}/environments/{environment}", auth.Write, "Delete an environment", a.deleteEnvironment, 400),
	}
}

func (a *API) applicationRoutes() []Route {
	const (
		all  = "/applications"
		uuid = "/applications/{uuid}"
	)
	out := []Route{get(all, auth.Read, "List applications", a.listApplications)}
	for _, s := range applicationSources() {
		create := post(all+"/"+string(s.from), auth.Write, 201, "Make an application: "+s.title, a.taggedApplication(s.from), 404, 409)
		out = append(out, requiring(create, s.name, s.required...))
	}
	return slices.Concat(out, []Route{
		get(uuid, auth.Read, "Get an application", a.getApplication),
		patch(uuid, auth.Write, 200, "Change an application", a.updateApplication, 409),
		remove(uuid, auth.Write, "Stop and delete an application", deletion(core.KindApplication, a.control.DeleteApplication), 429),
		post(uuid+"/start", auth.Deploy, 200, "Queue a deployment",
			queue(saying("Deployment request queued.", a.control.StartApplication), applicationAction), 400, 429, 503),
		post(uuid+"/stop", auth.Deploy, 200, "Queue a stop",
			queue(saying("Application stopping request queued.", a.control.StopApplication), applicationAction), 400, 429),
		post(uuid+"/restart", auth.Deploy, 200, "Queue a restart, which builds nothing",
			queue(saying("Restart request queued.", a.control.RestartApplication), applicationAction), 400, 429),
		get(uuid+"/logs", auth.Read, "Get what the running application wrote last", a.applicationLogs, 400, 503),
		get(uuid+"/rollback-images", auth.Read, "List what an application can go back to", a.rollbackImages),
		post(uuid+"/rollback", auth.Deploy, 200, "Go back to an earlier deployment, its image and its configuration", a.rollback, 400, 409, 429),
		post(uuid+"/resume-auto-deploy", auth.Deploy, 200, "Let pushes deploy again after a rollback", a.resumeAutoDeploy),
		get(uuid+"/previews", auth.Read, "List the pull requests that have a deployment of their own", a.listPreviews),
		remove(uuid+"/previews/{pull_request_id}", auth.Write, "Stop and delete the deployment of a pull request", a.deletePreview, 429),
		get(uuid+"/destinations", auth.Read, "List where an application is deployed", a.listPlaces),
		post(uuid+"/destinations", auth.Write, 201, "Deploy an application to a further server", a.addPlace, 409),
		remove(uuid+"/destinations/{destination_uuid}", auth.Write, "Stop an application on a further server", a.removePlace, 429),
	}, a.envRoutes(uuid, core.KindApplication), a.storageRoutes(uuid, core.KindApplication), a.taggingRoutes(uuid, core.KindApplication))
}

// applicationSource is a way to make an application.
type applicationSource struct {
	from     control.SourceKind
	title    string
	name     string // of the body's schema
	required []string
}

func applicationSources() []applicationSource {
	git := []string{"git_repository", "git_branch", "build_pack"}
	return []applicationSource{
		{control.FromPublic, "from a repository that everybody may read", "ApplicationCreatePublic", git},
		{control.FromDeployKey, "from a repository that a private key may read", "ApplicationCreateDeployKey", append(git, "private_key_uuid")},
		{control.FromGitHubApp, "from a repository that a GitHub App may read", "ApplicationCreateGitHubApp", append(git, "github_app_uuid")},
		{control.FromDockerfile, "from the text of a Dockerfile", "ApplicationCreateDockerfile", []string{"dockerfile"}},
		{control.FromImage, "from a Docker image", "ApplicationCreateDockerImage", []string{"docker_registry_image_name"}},
	}
}

// requiring is a route whose body must have these keys, too.
func requiring(route Route, name string, keys ...string) Route {
	route.In.Body = route.In.Body.Requiring(name, keys...)
	return route
}

func (a *API) gitHubRoutes() []Route {
	const (
		all = "/github-apps"
		app = "/github-apps/{github_app_id}"
	)
	return []Route{
		get(all, auth.Read, "List GitHub Apps", a.listGitHubApps),
		post(all, auth.Write, 201, "Add a GitHub App", a.createGitHubApp, 404),
		get(app, auth.Read, "Get a GitHub App", a.getGitHubApp),
		patch(app, auth.Write, 200, "Change a GitHub App", a.updateGitHubApp),
		remove(app, auth.Write, "Delete a GitHub App", a.deleteGitHubApp, 400),
		get(app+"/repositories", auth.Read, "List the repositories that a GitHub App may read", a.listGitHubRepositories, 503),
		get(app+"/repositories/{owner}/{repo}/branches", auth.Read, "List the branches of a repository", a.listGitHubBranches, 400, 503),
	}
}

func (a *API) serviceRoutes() []Route {
	const uuid = "/services/{uuid}"
	return slices.Concat([]Route{
		get("/services", auth.Read, "List services", a.listServices),
		post("/services", auth.Write, 201, "Make a service", tagging(a, core.KindService, a.createService,
			func(in createService) []string { return in.Body.Tags }, func(out api.ServiceCreated) string { return out.UUID }), 404, 409),
		get("/services/templates", auth.Read, "List the one-click services", a.listTemplates),
		get("/services/templates/{type}", auth.Read, "Get a one-click service with its compose text", a.getTemplate),
		get(uuid, auth.Read, "Get a service", a.getService),
		patch(uuid, auth.Write, 200, "Change a service", a.updateService, 409),
		remove(uuid, auth.Write, "Stop and delete a service", deletion(core.KindService, a.control.DeleteService), 429),
		post(uuid+"/start", auth.Deploy, 200, "Queue a start", queue(a.control.StartService, action), 429),
		post(uuid+"/stop", auth.Deploy, 200, "Queue a stop", queue(a.control.StopService, action), 429),
		post(uuid+"/restart", auth.Deploy, 200, "Queue a restart", queue(a.control.RestartService, action), 429),
		get(uuid+"/logs", auth.Read, "Get what a running container wrote last", a.serviceLogs, 400, 503),
		get(uuid+"/applications", auth.Read, "List the containers that are no databases", a.listParts),
		get(uuid+"/applications/{part}", auth.Read, "Get a container that is no database", a.getPart),
		get(uuid+"/applications/{part}/logs", auth.Read, "Get what a container that is no database wrote last", a.partLogs(core.PartApplication), 400, 503),
		patch(uuid+"/applications/{part}", auth.Write, 200, "Change a container that is no database", a.changePart(core.PartApplication), 409),
		patch(uuid+"/databases/{part}", auth.Write, 200, "Change a container that is a database", a.changePart(core.PartDatabase), 409),
		get(uuid+"/databases", auth.Read, "List the containers that are databases", a.listDatabaseParts),
		get(uuid+"/databases/{part}", auth.Read, "Get a container that is a database", a.getDatabasePart),
	}, a.envRoutes(uuid, core.KindService), a.taggingRoutes(uuid, core.KindService))
}

func (a *API) databaseRoutes() []Route {
	const uuid = "/databases/{uuid}"
	out := []Route{get("/databases", auth.Read, "List databases", a.listDatabases)}
	for _, spec := range engine.All() {
		create := post("/databases/"+spec.Name, auth.Write, 201, "Make a database: "+spec.Title, a.taggedDatabase(spec), 404)
		out = append(out, withFields(create, schemaName(spec), spec))
	}
	update := patch(uuid, auth.Write, 200, "Change a database", a.updateDatabase)
	return slices.Concat(out, []Route{
		get(uuid, auth.Read, "Get a database", a.getDatabase),
		withFields(update, update.In.Body.Name, engine.All()...),
		remove(uuid, auth.Write, "Stop and delete a database", deletion(core.KindDatabase, a.control.DeleteDatabase), 429),
		post(uuid+"/start", auth.Deploy, 200, "Queue a start", queue(a.control.StartDatabase, databaseAction), 409, 429),
		post(uuid+"/stop", auth.Deploy, 200, "Queue a stop", queue(a.control.StopDatabase, databaseAction), 429),
		post(uuid+"/restart", auth.Deploy, 200, "Queue a restart", queue(a.control.RestartDatabase, databaseAction), 409, 429),
		get(uuid+"/logs", auth.Read, "Get what the running database wrote last", a.databaseLogs, 400, 503),
	}, a.envRoutes(uuid, core.KindDatabase), a.storageRoutes(uuid, core.KindDatabase), a.taggingRoutes(uuid, core.KindDatabase))
}

func (a *API) backupRoutes() []Route {
	const (
		backups    = "/databases/{uuid}/backups"
		backup     = backups + "/{backup}"
		executions = "/databases/{uuid}/executions"
		s3         = "/s3-storages"
	)
	return []Route{
		get(backups, auth.Read, "List when a database is dumped", a.listBackups),
		post(backups, auth.Write, 201, "Make a schedule of dumps", a.createBackup),
		post(backups+"/run", auth.Deploy, 200, "Dump a database once", a.runBackup, 429),
		get(backup, auth.Read, "Get a schedule", a.getBackup),
		patch(backup, auth.Write, 200, "Change a schedule", a.updateBackup),
		remove(backup, auth.Write, "Delete a schedule", a.deleteBackup, 400, 503),
		get(backup+"/executions", auth.Read, "List the dumps of a schedule", a.listScheduledExecutions),
		get(backup+"/executions/{execution}", auth.Read, "Get a dump of a schedule", a.getScheduledExecution),
		remove(backup+"/executions/{execution}", auth.Write, "Delete a dump of a schedule", a.deleteScheduledExecution, 400, 503),
		post(backup+"/executions/{execution}/restore", auth.Write, 201, "Read a dump back into a new database", a.restoreScheduledExecution, 429),
		get(executions, auth.Read, "List all dumps of a database", a.listExecutions),
		get(executions+"/{execution}", auth.Read, "Get a dump", a.getExecution),
		remove(executions+"/{execution}", auth.Write, "Delete a dump", a.deleteExecution, 400, 503),
		post(executions+"/{execution}/restore", auth.Write, 201, "Read a dump back into a new database", a.restoreExecution, 429),
		get(s3, auth.Read, "List buckets for backups", a.listS3Storages),
		post(s3, auth.Write, 201, "Add a bucket", a.createS3Storage),
		get(s3+"/{uuid}", auth.Read, "Get a bucket", a.getS3Storage),
		patch(s3+"/{uuid}", auth.Write, 200, "Change a bucket", a.updateS3Storage),
		remove(s3+"/{uuid}", auth.Write, "Delete a bucket", a.deleteS3Storage, 400),
		post(s3+"/{uuid}/validate", auth.Write, 200, "Try a bucket out", a.validateS3Storage),
	}
}

func (a *API) deploymentRoutes() []Route {
	const uuid = "/deployments/{uuid}"
	return []Route{
		post("/deploy", auth.Deploy, 200, "Deploy resources", a.deploy, deployRefusals()...),
		get("/deployments", auth.Read, "List queued and running deployments", a.listDeployments),
		get("/history", auth.Read, "List deployments of all kinds, newest first", a.history),
		get("/deployments/applications/{uuid}", auth.Read, "List deployments of an application", a.listApplicationDeployments),
		raw[[]api.Deployment](http.MethodGet, "/deployments/services/{uuid}", auth.Read, "List deployments of a service", mediaJSON, a.listServiceDeployments),
		raw[[]api.Deployment](http.MethodGet, "/deployments/databases/{uuid}", auth.Read, "List deployments of a database", mediaJSON, a.listDatabaseDeployments),
		get("/deployments/services/deployment/{uuid}", auth.Read, "Get a deployment of a service", a.getServiceDeployment),
		get("/deployments/databases/deployment/{uuid}", auth.Read, "Get a deployment of a database", a.getDatabaseDeployment),
		get(uuid, auth.Read, "Get a deployment of any kind", a.getDeployment),
		post(uuid+"/cancel", auth.Deploy, 200, "Cancel a deployment", a.cancelDeployment, 400),
		get(uuid+"/steps", auth.Read, "List the steps of a deployment", a.listSteps),
		post(uuid+"/retry", auth.Deploy, 200, "Queue once more what a deployment was to do", a.retryDeployment, 400, 429),
		post(uuid+"/rollback", auth.Deploy, 200, "Go back to a deployment, its image and its configuration", a.rollbackDeployment, 400, 409, 429),
		post(uuid+"/pin", auth.Deploy, 200, "Have retention keep a deployment, or no longer", a.pinDeployment),
		post(uuid+"/note", auth.Deploy, 200, "Write down why there is a deployment", a.noteDeployment),
		get("/compare", auth.Read, "Compare what two deployments ran with", a.compareDeployments, 400, 404),
		get("/retention", auth.Read, "Get how long deployments are kept", a.getRetention),
		patch("/retention", auth.Root, 200, "Change how long deployments are kept", a.updateRetention),
		get("/retention/plan", auth.Read, "List what retention would take away now, and why", a.planRetention),
		post("/retention/prune", auth.Root, 200, "Have retention take away now what is to go", a.prune),
		post(uuid+"/rescrub", auth.Write, 200, "Mask in a stored log what became secret later; a line in it says so", a.rescrub),
		remove(uuid+"/log", auth.Write, "Delete a log; a line in its place says who did so", a.deleteLog, 400),
		get(uuid+"/log", auth.ReadSensitive, "Read a log by cursor", a.getLog),
		raw[api.LogLine](http.MethodGet, uuid+"/log/stream", auth.ReadSensitive, "Follow a log", mediaStream, a.followLog, 400),
		raw[string](http.MethodGet, uuid+"/log.txt", auth.ReadSensitive, "Read a log as text", mediaText, a.getLogText),
	}
}
