package api

// Service is a compose stack.
type Service struct {
	ID                     int64         `json:"id"`
	UUID                   string        `json:"uuid"`
	Description            *string       `json:"description"`
	Name                   string        `json:"name"`
	Applications           []ServicePart `json:"applications" doc:"Its containers that are not databases."`
	ConfigHash             *string       `json:"config_hash"`
	ConnectToDockerNetwork bool          `json:"connect_to_docker_network"`
	Databases              []ServicePart `json:"databases" doc:"Its containers that are databases, by their image."`
	DestinationID          int64         `json:"destination_id"`
	DestinationType        string        `json:"destination_type"`
	DockerCompose          *string       `json:"docker_compose,omitempty" doc:"As written to the server. Sensitive."`
	DockerComposeRaw       *string       `json:"docker_compose_raw,omitempty" doc:"As its author wrote it. Sensitive."`
	EnvironmentID          int64         `json:"environment_id"`
	LabelEscape            bool          `json:"is_container_label_escape_enabled"`
	ServerID               int64         `json:"server_id"`
	ServiceType            *string       `json:"service_type"`
	Status                 string        `json:"status" doc:"<state>:<health>, as last seen."`
	CreatedAt              Time          `json:"created_at"`
	UpdatedAt              Time          `json:"updated_at"`
	DeletedAt              Time          `json:"deleted_at"`
}

// ServicePart is one container of a service.
type ServicePart struct {
	ID                int64   `json:"id"`
	UUID              string  `json:"uuid"`
	Description       *string `json:"description"`
	Name              string  `json:"name"`
	ExcludeFromStatus bool    `json:"exclude_from_status"`
	Fqdn              *string `json:"fqdn" doc:"Comma-separated URLs."`
	HumanName         *string `json:"human_name"`
	Image             string  `json:"image"`
	ServiceID         int64   `json:"service_id"`
	Status            string  `json:"status"`
	CreatedAt         Time    `json:"created_at"`
	UpdatedAt         Time    `json:"updated_at"`
}

// ServiceCreate makes a service from compose text.
type ServiceCreate struct {
	Type                   string       `json:"type,omitempty" doc:"Key of a one-click template; not with docker_compose_raw."`
	Name                   string       `json:"name,omitempty" rule:"max=255"`
	Description            string       `json:"description,omitempty"`
	ProjectUUID            string       `json:"project_uuid" rule:"required"`
	EnvironmentName        string       `json:"environment_name,omitempty" doc:"This or environment_uuid."`
	EnvironmentUUID        string       `json:"environment_uuid,omitempty" alias:"environment"`
	ServerUUID             string       `json:"server_uuid" rule:"required"`
	DestinationUUID        string       `json:"destination_uuid,omitempty" doc:"Needed when the server has several."`
	DockerComposeRaw       string       `json:"docker_compose_raw,omitempty" rule:"base64" alias:"docker_compose" doc:"The compose text in base64, at most 1 MiB."`
	InstantDeploy          bool         `json:"instant_deploy,omitempty" doc:"Queue its first deployment at once."`
	ConnectToDockerNetwork bool         `json:"connect_to_docker_network,omitempty"`
	URLs                   []ServiceURL `json:"urls,omitempty"`
	ForceDomainOverride    bool         `json:"force_domain_override,omitempty"`
	LabelEscape            *bool        `json:"is_container_label_escape_enabled,omitempty" doc:"Default true."`
	Tags                   []string     `json:"tags,omitempty"`
}

// ServiceTemplate is a stack that people make with one click: its key is the type of a new
// service.
type ServiceTemplate struct {
	Type        string   `json:"type"`
	Aliases     []string `json:"aliases" doc:"Other names of the type."`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Category    string   `json:"category"`
	Tags        []string `json:"tags"`
	Port        int      `json:"port" doc:"Of the container that people open in a browser."`
	Docs        string   `json:"documentation"`
	Compose     string   `json:"docker_compose,omitempty" doc:"The compose text; only of a single template."`
}

// ServiceURL gives a container of a service its addresses.
type ServiceURL struct {
	Name string `json:"name" rule:"required" doc:"Name in the compose text."`
	URL  string `json:"url" doc:"Comma-separated URLs; empty takes them away."`
}

// ServiceUpdate changes a service; nil fields stay as they are.
type ServiceUpdate struct {
	Name                   *string      `json:"name,omitempty" rule:"max=255"`
	Description            *string      `json:"description,omitempty"`
	DockerComposeRaw       *string      `json:"docker_compose_raw,omitempty" rule:"base64" alias:"docker_compose" doc:"The compose text in base64, at most 1 MiB."`
	InstantDeploy          bool         `json:"instant_deploy,omitempty"`
	ConnectToDockerNetwork *bool        `json:"connect_to_docker_network,omitempty"`
	URLs                   []ServiceURL `json:"urls,omitempty"`
	ForceDomainOverride    bool         `json:"force_domain_override,omitempty"`
	LabelEscape            *bool        `json:"is_container_label_escape_enabled,omitempty"`
	_                      struct{}     `ignore:"destination_uuid,environment_name,environment_uuid,project_uuid,server_uuid"`
}

// ServiceCreated is the reply to making or changing a service.
type ServiceCreated struct {
	UUID           string   `json:"uuid"`
	Domains        []string `json:"domains"`
	Warnings       []string `json:"warnings,omitempty" doc:"What will be done differently from the compose text, and why."`
	DeploymentUUID string   `json:"deployment_uuid,omitempty" doc:"With instant_deploy."`
}

// ServicePartUpdate changes a container of a service; nil fields stay as they are.
type ServicePartUpdate struct {
	HumanName         *string  `json:"human_name,omitempty" rule:"max=255"`
	Description       *string  `json:"description,omitempty"`
	ExcludeFromStatus *bool    `json:"exclude_from_status,omitempty" doc:"Its health does not count in that of the service."`
	URL               *string  `json:"url,omitempty" doc:"Comma-separated URLs; empty takes them away."`
	Image             *string  `json:"image,omitempty" doc:"Can only be what it is: the compose text says it."`
	_                 struct{} `ignore:"is_log_drain_enabled,is_gzip_enabled,is_stripprefix_enabled"`
}

// ActionRequest is the optional body (or query) of start, stop and restart.
type ActionRequest struct {
	Latest          bool     `json:"latest,omitempty" doc:"Pull images even when they are there."`
	StopBeforeStart bool     `json:"stop_before_start,omitempty" doc:"Stop what runs before the new one starts."`
	Force           bool     `json:"force,omitempty" doc:"Do not join an equal queued deployment."`
	DockerCleanup   *bool    `json:"docker_cleanup,omitempty" doc:"With stop: remove unused images of it."`
	Note            string   `json:"note,omitempty" rule:"max=1000" doc:"Why."`
	_               struct{} `ignore:"instant_deploy"`
}

// RemoveOptions say what goes with a deleted resource. They travel in the query.
type RemoveOptions struct {
	DeleteConfigurations    *bool    `json:"delete_configurations,omitempty" doc:"Its folder on the server. Default true."`
	DeleteVolumes           *bool    `json:"delete_volumes,omitempty" doc:"Its named volumes with their data. Default true."`
	DockerCleanup           *bool    `json:"docker_cleanup,omitempty" doc:"Its unused images. Default true."`
	DeleteConnectedNetworks *bool    `json:"delete_connected_networks,omitempty" doc:"Its own network. Default true."`
	_                       struct{} `ignore:"force"`
}
