package api

// Application is something that is built and run: from git, a Dockerfile, an image or a
// compose file in a repository.
type Application struct {
	ID                    int64   `json:"id"`
	UUID                  string  `json:"uuid"`
	Description           *string `json:"description"`
	Name                  string  `json:"name"`
	BuildPack             string  `json:"build_pack" rule:"enum=nixpacks|railpack|static|dockerfile|dockerimage|dockercompose|buildpacks"`
	ComposeParsingVersion string  `json:"compose_parsing_version" doc:"Always 5; clients expect the key."`
	ConfigHash            *string `json:"config_hash" doc:"Of what runs."`
	DestinationID         int64   `json:"destination_id"`
	DestinationType       string  `json:"destination_type"`
	EnvironmentID         int64   `json:"environment_id"`
	PrivateKeyID          *int64  `json:"private_key_id" doc:"Of the deploy key."`
	RepositoryProjectID   *int64  `json:"repository_project_id" doc:"Always null; clients expect the key."`
	ServerID              int64   `json:"server_id"`
	SourceID              *int64  `json:"source_id" doc:"Of the GitHub App."`
	Status                string  `json:"status" doc:"<state>:<health>, as last seen."`
	ApplicationSource
	ApplicationBuild
	ApplicationServe
	ApplicationRun
	Limits
	ApplicationHealth
	ApplicationHooks
	Settings ApplicationSetting `json:"settings"`
	ApplicationPlace
	ApplicationTimes
}

// ApplicationSource is where an application comes from.
type ApplicationSource struct {
	GitRepository string  `json:"git_repository" doc:"Empty for a pasted Dockerfile and for an image."`
	GitBranch     string  `json:"git_branch"`
	GitCommitSHA  string  `json:"git_commit_sha" doc:"What is deployed when nobody says otherwise: a commit, or HEAD."`
	GitFullURL    *string `json:"git_full_url" doc:"Always null; clients expect the key."`
	WatchPaths    *string `json:"watch_paths" doc:"One pattern a line; a push that touches none of them does not deploy. Null: every push deploys."`
}

// ApplicationBuild says how the image of an application is made.
type ApplicationBuild struct {
	BaseDirectory            string  `json:"base_directory" doc:"Below the repository; / is its root."`
	BuildCommand             *string `json:"build_command"`
	CustomNginxConfiguration *string `json:"custom_nginx_configuration,omitempty" doc:"Of static sites, in place of our own. Sensitive."`
	DockerCompose            *string `json:"docker_compose,omitempty" doc:"The compose file as the last deployment wrote it to the server; null before. Sensitive."`
	DockerComposeDomains     *string `json:"docker_compose_domains" doc:"JSON object: compose service, then {domain, redirect}."`
	DockerComposeLocation    string  `json:"docker_compose_location"`
	DockerComposeRaw         *string `json:"docker_compose_raw,omitempty" doc:"The compose file as the last deployment read it from the repository; null before. Sensitive."`
	ComposeBuildCommand      *string `json:"docker_compose_custom_build_command"`
	Dockerfile               *string `json:"dockerfile,omitempty" doc:"Pasted text. Sensitive."`
	DockerfileLocation       string  `json:"dockerfile_location"`
	DockerfileTargetBuild    *string `json:"dockerfile_target_build" doc:"Stage to build."`
	ImageName                *string `json:"docker_registry_image_name" doc:"Of the build pack dockerimage: the image; otherwise where the image is pushed to."`
	ImageTag                 *string `json:"docker_registry_image_tag" doc:"Tag, or sha256:… for a digest."`
	InstallCommand           *string `json:"install_command"`
	PublishDirectory         *string `json:"publish_directory" doc:"Of static sites."`
	StaticImage              string  `json:"static_image"`
}

// ApplicationServe says how requests reach an application.
type ApplicationServe struct {
	Fqdn              *string  `json:"fqdn" doc:"Comma-separated URLs."`
	BasicAuth         bool     `json:"is_http_basic_auth_enabled"`
	BasicAuthPassword *string  `json:"http_basic_auth_password,omitempty" doc:"Sensitive."`
	BasicAuthUsername *string  `json:"http_basic_auth_username"`
	CustomLabels      *string  `json:"custom_labels,omitempty" doc:"Labels of its containers, one a line, in base64. Sensitive."`
	NetworkAliases    *string  `json:"custom_network_aliases" doc:"Comma-separated names in its network."`
	NoIndexDomains    []string `json:"noindex_domains" doc:"Domains that search engines are asked to leave out."`
	PortsExposes      string   `json:"ports_exposes" doc:"Comma-separated ports that it listens on; the first gets the requests."`
	PortsMappings     *string  `json:"ports_mappings" doc:"host:container,… published directly; there is no rolling update then."`
	PreviewURL        string   `json:"preview_url_template"`
	Redirect          *string  `json:"redirect" rule:"enum=www|non-www|both"`
}

// ApplicationRun says how the container of an application runs.
type ApplicationRun struct {
	ComposeStartCommand    *string `json:"docker_compose_custom_start_command"`
	CustomDockerRunOptions *string `json:"custom_docker_run_options"`
	MaxRestartCount        int     `json:"max_restart_count"`
	StartCommand           *string `json:"start_command"`
	SwarmPlacement         *string `json:"swarm_placement_constraints" doc:"Always null; clients expect the key."`
	SwarmReplicas          *int    `json:"swarm_replicas" doc:"Always null; clients expect the key."`
}

// ApplicationHealth is how an application shows that it is well. Times are seconds.
type ApplicationHealth struct {
	Enabled      bool    `json:"health_check_enabled"`
	Type         string  `json:"health_check_type" rule:"enum=http|cmd"`
	Command      *string `json:"health_check_command" doc:"Of cmd, run in the container."`
	Method       string  `json:"health_check_method"`
	Scheme       string  `json:"health_check_scheme"`
	Host         *string `json:"health_check_host"`
	Port         *string `json:"health_check_port" doc:"Integer, as text; null: the first of ports_exposes."`
	Path         string  `json:"health_check_path"`
	ReturnCode   int     `json:"health_check_return_code"`
	ResponseText *string `json:"health_check_response_text" doc:"That the answer must hold."`
	Interval     int     `json:"health_check_interval"`
	Timeout      int     `json:"health_check_timeout"`
	Retries      int     `json:"health_check_retries"`
	StartPeriod  int     `json:"health_check_start_period"`
	CustomFound  bool    `json:"custom_healthcheck_found" doc:"Always false: a HEALTHCHECK of the image is looked for when it is deployed."`
}

// ApplicationHooks are commands around a deployment, and the secrets of those who ask for one.
type ApplicationHooks struct {
	PreCommand       *string `json:"pre_deployment_command"`
	PreContainer     *string `json:"pre_deployment_command_container"`
	PostCommand      *string `json:"post_deployment_command"`
	PostContainer    *string `json:"post_deployment_command_container"`
	GitHubSecret     *string `json:"manual_webhook_secret_github,omitempty" doc:"Sensitive."`
	GitLabSecret     *string `json:"manual_webhook_secret_gitlab,omitempty" doc:"Sensitive."`
	BitbucketSecret  *string `json:"manual_webhook_secret_bitbucket,omitempty" doc:"Sensitive."`
	GiteaSecret      *string `json:"manual_webhook_secret_gitea,omitempty" doc:"Sensitive."`
	GenericSecret    *string `json:"manual_webhook_secret_generic,omitempty" doc:"Of any other sender that signs. Sensitive."`
	AutoDeployPaused *Paused `json:"auto_deploy_paused" doc:"Pushes do not deploy until somebody resumes it; null: they do."`
}

// Paused says who paused something, and why.
type Paused struct {
	At             Time    `json:"at"`
	By             string  `json:"by" doc:"Name of who rolled back."`
	DeploymentUUID *string `json:"deployment_uuid" doc:"The rollback."`
}

// ApplicationPlace says where an application is.
type ApplicationPlace struct {
	EnvironmentUUID string `json:"environment_uuid"`
	ProjectUUID     string `json:"project_uuid"`
	ServerUUID      string `json:"server_uuid"`
}

// ApplicationTimes are the dates of an application.
type ApplicationTimes struct {
	CreatedAt Time `json:"created_at"`
	UpdatedAt Time `json:"updated_at"`
	DeletedAt Time `json:"deleted_at"`
}

// ApplicationSetting is a part of an application's settings, where clients look for it.
type ApplicationSetting struct {
	SourceSetting
	BuildSetting
	ServeSetting
	RunSetting
}

// SourceSetting is about where an application comes from.
type SourceSetting struct {
	AutoDeploy     bool `json:"is_auto_deploy_enabled" doc:"A push to the branch deploys."`
	GitLFS         bool `json:"is_git_lfs_enabled"`
	Shallow        bool `json:"is_git_shallow_clone_enabled"`
	Submodules     bool `json:"is_git_submodules_enabled"`
	Previews       bool `json:"is_preview_deployments_enabled" doc:"Pull requests get a deployment of their own."`
	PublicPreviews bool `json:"is_pr_deployments_public_enabled" doc:"Those of forks too."`
	KeepRepository bool `json:"is_preserve_repository_enabled" doc:"Always false; clients expect the key."`
}

// BuildSetting is about how the image is made.
type BuildSetting struct {
	NoCache       bool `json:"disable_build_cache"`
	KeepImages    int  `json:"docker_images_to_keep" doc:"Of earlier deployments."`
	IncludeCommit bool `json:"include_source_commit_in_build"`
	InjectArgs    bool `json:"inject_build_args_to_dockerfile"`
	BuildServer   bool `json:"is_build_server_enabled"`
	IsSPA         bool `json:"is_spa"`
	IsStatic      bool `json:"is_static"`
	UseSecrets    bool `json:"use_build_secrets"`
}

// ServeSetting is about how requests reach an application.
type ServeSetting struct {
	ForceHTTPS    bool `json:"is_force_https_enabled"`
	Gzip          bool `json:"is_gzip_enabled"`
	StripPrefix   bool `json:"is_stripprefix_enabled"`
	LabelEscape   bool `json:"is_container_label_escape_enabled"`
	LabelReadonly bool `json:"is_container_label_readonly_enabled" doc:"Always true: labels are made anew for every deployment."`
}

// RunSetting is about how the container runs. What Taffrail does not have is false, null
// or zero always; clients expect the keys.
type RunSetting struct {
	ConnectToDockerNetwork bool    `json:"connect_to_docker_network"`
	CustomInternalName     *string `json:"custom_internal_name"`
	FixedName              bool    `json:"is_consistent_container_name_enabled"`
	RawCompose             bool    `json:"is_raw_compose_deployment_enabled"`
	StopGracePeriod        *int    `json:"stop_grace_period" doc:"Seconds; null: 30."`
	EnvSorting             bool    `json:"is_env_sorting_enabled"`
	Debug                  bool    `json:"is_debug_enabled"`
	LogDrain               bool    `json:"is_log_drain_enabled"`
	Timestamps             bool    `json:"is_include_timestamps"`
	SwarmOnlyWorkers       bool    `json:"is_swarm_only_worker_nodes"`
	GPU                    bool    `json:"is_gpu_enabled"`
	GPUDriver              *string `json:"gpu_driver"`
	GPUCount               *string `json:"gpu_count"`
	GPUDeviceIDs           *string `json:"gpu_device_ids"`
	GPUOptions             *string `json:"gpu_options"`
}
