package web

// routes is the whole table. The address of a resource and of a deployment is the one
// that clients know as deployment_url: see control.DeploymentPath.
func (s *Site) routes() []route {
	const (
		project     = "/project/{project}"
		environment = project + "/environment/{environment}"
		resource    = environment + "/{kind}/{uuid}"
		deployment  = resource + "/deployment/{deployment}"
		log         = "/deployments/{deployment}"
	)
	return []route{
		get("/setup", showSetup).public(), post("/setup", doSetup).public(),
		get("/login", showLogin).public(), post("/login", doLogin).public(),
		get("/login/code", showCode).public(), post("/login/code", doCode).public(),
		post("/logout", doLogout).public(), post("/theme", setTheme).public(),

		get("/account", showAccount), post("/account/password", changePassword),
		post("/account/factor", beginFactor), post("/account/factor/on", confirmFactor), post("/account/factor/off", dropFactor),
		post("/account/sessions/end", endSession),

		get("/", showHome), get("/search", search), get("/events", events),
		get("/projects", listProjects), post("/projects", createProject),
		get(project, showProject), post(project+"/environments", createEnvironment),
		get(environment, showEnvironment),
		get("/deployments", showHistory),
		get("/servers", listServers), get("/servers/{server}", showServer), post("/servers/{server}/validate", validateServer), post("/servers", createServer),
		get("/security/keys", listKeys), post("/security/keys", createKey), get("/security/tokens", listTokens),
		post("/security/tokens", createToken), post("/security/tokens/{token}/revoke", revokeToken),
		get("/team", showTeam),

		get(environment+"/new", newService), post(environment+"/new", createService),
		get(environment+"/new/database", newDatabase), post(environment+"/new/database", createDatabase),
		get(resource, showResource), post(resource+"/act", actOnResource),
		get(resource+"/logs", resourceLogs),
		get(resource+"/envs", resourceEnvs), post(resource+"/envs", saveEnv), post(resource+"/envs/delete", deleteEnv),
		get(resource+"/settings", resourceSettings), post(resource+"/settings", saveSettings),
		get(resource+"/danger", resourceDanger), post(resource+"/danger", deleteResource),

		get(deployment, showDeployment), get(log, findDeployment),
		get(log+"/lines", logLines), get(log+"/stream", followLog), get(log+"/find", findInLog), get(log+"/first-error", firstError),
		get(log+"/log.txt", logText),
		post(log+"/cancel", cancelDeployment), post(log+"/retry", retryDeployment), post(log+"/rollback", rollBack),
		post(log+"/pin", pinDeployment), get("/compare", compare),
	}
}
