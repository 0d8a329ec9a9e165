package rest

import (
	"net/http"
	"slices"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
)

// table is the whole API. Paths are below Prefix; a fixed segment beats a {parameter}.
func (a *API) table() []Route {
	return slices.Concat(a.systemRoutes(), a.teamRoutes(), a.serverRoutes(), a.projectRoutes(),
		a.serviceRoutes(), a.deploymentRoutes())
}

func (a *API) systemRoutes() []Route {
	return []Route{
		raw[string](http.MethodGet, "/health", "", "Whether the server is well", mediaHTML, a.health),
		raw[string](http.MethodGet, "/version", auth.Read, "Version of the API contract", mediaHTML, a.version),
		raw[any](http.MethodGet, "/openapi.json", "", "This document", mediaJSON, a.document),
		raw[string](http.MethodGet, "/docs", "", "This document for people", mediaHTML, a.docs),
		raw[api.Event](http.MethodGet, "/events", auth.Read, "Follow changes of status", mediaStream, a.events),
		get("/applications", auth.Read, "List applications", a.listApplications),
		get("/databases", auth.Read, "List databases", a.listDatabases),
		get("/resources", auth.Read, "List resources of all kinds", a.listResources),
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

func (a *API) serviceRoutes() []Route {
	return []Route{
		get("/services", auth.Read, "List services", a.listServices),
		post("/services", auth.Write, 201, "Make a service", a.createService, 404, 409),
		get("/services/{uuid}", auth.Read, "Get a service", a.getService),
		patch("/services/{uuid}", auth.Write, 200, "Change a service", a.updateService, 409),
		remove("/services/{uuid}", auth.Write, "Stop and delete a service", a.deleteService, 429),
		post("/services/{uuid}/start", auth.Deploy, 200, "Queue a start", a.startService, 429),
		post("/services/{uuid}/stop", auth.Deploy, 200, "Queue a stop", a.stopService, 429),
		post("/services/{uuid}/restart", auth.Deploy, 200, "Queue a restart", a.restartService, 429),
		get("/services/{uuid}/logs", auth.Read, "Get what a running container wrote last", a.serviceLogs, 400, 503),
		get("/services/{uuid}/applications", auth.Read, "List the containers that are no databases", a.listParts),
		get("/services/{uuid}/applications/{part}", auth.Read, "Get a container that is no database", a.getPart),
		get("/services/{uuid}/databases", auth.Read, "List the containers that are databases", a.listDatabaseParts),
		get("/services/{uuid}/databases/{part}", auth.Read, "Get a container that is a database", a.getDatabasePart),
		get("/services/{uuid}/envs", auth.Read, "List variables", a.listEnvs),
		post("/services/{uuid}/envs", auth.Write, 201, "Add a variable", a.createEnv, 409),
		patch("/services/{uuid}/envs", auth.Write, 201, "Change a variable", a.updateEnv),
		patch("/services/{uuid}/envs/bulk", auth.Write, 201, "Add or change many variables", a.upsertEnvs),
		remove("/services/{uuid}/envs/{env}", auth.Write, "Delete a variable", a.deleteEnv),
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
		get(uuid+"/log", auth.ReadSensitive, "Read a log by cursor", a.getLog),
		raw[api.LogLine](http.MethodGet, uuid+"/log/stream", auth.ReadSensitive, "Follow a log", mediaStream, a.followLog, 400),
		raw[string](http.MethodGet, uuid+"/log.txt", auth.ReadSensitive, "Read a log as text", mediaText, a.getLogText),
	}
}
