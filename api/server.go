package api

// Server is a machine that Taffrail deploys to.
type Server struct {
	UUID           string         `json:"uuid"`
	Description    *string        `json:"description"`
	Name           string         `json:"name"`
	HostKey        *string        `json:"host_key" doc:"Pinned at first contact; null before."`
	IP             string         `json:"ip"`
	IsLocalhost    bool           `json:"is_localhost"`
	IsReachable    bool           `json:"is_reachable"`
	IsUsable       bool           `json:"is_usable"`
	Port           int            `json:"port"`
	PrivateKeyUUID *string        `json:"private_key_uuid,omitempty"`
	ProxyType      string         `json:"proxy_type"`
	Resources      []Resource     `json:"resources,omitempty" doc:"With resources=true."`
	Facts          ServerFacts    `json:"facts"`
	Settings       ServerSettings `json:"settings"`
	User           string         `json:"user"`
	ValidationLogs *string        `json:"validation_logs"`
	CreatedAt      Time           `json:"created_at"`
	UpdatedAt      Time           `json:"updated_at"`
}

// ServerSettings are what can be set on a server, and two of the facts, where clients
// look for them.
type ServerSettings struct {
	ID                   int64  `json:"id"`
	ConcurrentBuilds     int    `json:"concurrent_builds"`
	ConnectionTimeout    int    `json:"connection_timeout" doc:"Seconds."`
	DeploymentQueueLimit int    `json:"deployment_queue_limit"`
	DynamicTimeout       int    `json:"dynamic_timeout" doc:"Longest deployment in seconds."`
	IsBuildServer        bool   `json:"is_build_server"`
	IsReachable          bool   `json:"is_reachable"`
	IsUsable             bool   `json:"is_usable"`
	RemoteDir            string `json:"remote_dir"`
	ServerID             int64  `json:"server_id"`
	CreatedAt            Time   `json:"created_at"`
	UpdatedAt            Time   `json:"updated_at"`
}

// ServerFacts are what the last validation found.
type ServerFacts struct {
	OS             string `json:"os"`
	Arch           string `json:"arch"`
	DockerVersion  string `json:"docker_version"`
	ComposeVersion string `json:"compose_version"`
	DiskFree       int64  `json:"disk_free" doc:"Bytes."`
	DiskTotal      int64  `json:"disk_total" doc:"Bytes."`
	CheckedAt      Time   `json:"checked_at"`
}

// ServerCreate adds a server.
type ServerCreate struct {
	Name            string `json:"name,omitempty" rule:"max=255"`
	Description     string `json:"description,omitempty"`
	IP              string `json:"ip" rule:"required" doc:"Host name or address."`
	Port            *int   `json:"port,omitempty" rule:"min=1,max=65535" doc:"Default 22."`
	User            string `json:"user,omitempty" doc:"Default root."`
	PrivateKeyUUID  string `json:"private_key_uuid" rule:"required"`
	IsBuildServer   bool   `json:"is_build_server,omitempty"`
	InstantValidate bool   `json:"instant_validate,omitempty"`
	ProxyType       string `json:"proxy_type,omitempty" doc:"traefik, caddy or none."`
}

// ServerUpdate changes a server; nil fields stay as they are.
type ServerUpdate struct {
	Name                 *string  `json:"name,omitempty" rule:"max=255"`
	Description          *string  `json:"description,omitempty"`
	IP                   *string  `json:"ip,omitempty"`
	Port                 *int     `json:"port,omitempty" rule:"min=1,max=65535"`
	User                 *string  `json:"user,omitempty"`
	PrivateKeyUUID       *string  `json:"private_key_uuid,omitempty"`
	IsBuildServer        *bool    `json:"is_build_server,omitempty"`
	InstantValidate      bool     `json:"instant_validate,omitempty"`
	ProxyType            *string  `json:"proxy_type,omitempty"`
	ConcurrentBuilds     *int     `json:"concurrent_builds,omitempty" rule:"min=1"`
	DynamicTimeout       *int     `json:"dynamic_timeout,omitempty" rule:"min=1"`
	DeploymentQueueLimit *int     `json:"deployment_queue_limit,omitempty" rule:"min=1"`
	ConnectionTimeout    *int     `json:"connection_timeout,omitempty" rule:"min=1,max=300"`
	RemoteDir            *string  `json:"remote_dir,omitempty"`
	HostKey              *string  `json:"host_key,omitempty" doc:"Empty forgets the pinned host key; the next contact pins anew."`
	_                    struct{} `ignore:"server_disk_usage_notification_threshold,server_disk_usage_check_frequency,is_terminal_enabled"`
}

// ValidateRequest is the optional body of POST /servers/{uuid}/validate.
type ValidateRequest struct {
	Install bool `json:"install,omitempty" doc:"Install Docker and Compose where they are missing."`
}

// Domains are the domains that lead to one address.
type Domains struct {
	IP      string   `json:"ip"`
	Domains []string `json:"domains"`
}

// Destination is a Docker network on a server.
type Destination struct {
	UUID       string `json:"uuid"`
	Name       string `json:"name"`
	Network    string `json:"network"`
	ServerUUID string `json:"server_uuid"`
	Type       string `json:"type"`
	CreatedAt  Time   `json:"created_at"`
	UpdatedAt  Time   `json:"updated_at"`
}

// DestinationCreate adds a Docker network to those that resources of a server can be put on.
type DestinationCreate struct {
	Name    string `json:"name,omitempty" rule:"max=255" doc:"Default: that of the network."`
	Network string `json:"network,omitempty" rule:"max=255" doc:"Default: a new one. It is made on the server by the first deployment."`
	Type    string `json:"type,omitempty" rule:"enum=standalone"`
}

// DestinationUpdate renames a destination; its network stays.
type DestinationUpdate struct {
	Name *string `json:"name,omitempty" rule:"max=255"`
}

// Resource is an application, service or database, as lists of all kinds show it.
type Resource struct {
	ID              int64   `json:"id"`
	UUID            string  `json:"uuid"`
	Description     *string `json:"description"`
	Name            string  `json:"name"`
	Type            string  `json:"type"`
	Status          string  `json:"status"`
	ServerUUID      string  `json:"server_uuid,omitempty"`
	EnvironmentUUID string  `json:"environment_uuid,omitempty"`
	ProjectUUID     string  `json:"project_uuid,omitempty"`
	CreatedAt       Time    `json:"created_at"`
	UpdatedAt       Time    `json:"updated_at"`
}

// ServerProxy is the reverse proxy of a server.
type ServerProxy struct {
	ProxyType string  `json:"proxy_type" rule:"enum=traefik|caddy|none"`
	Status    *string `json:"status" doc:"<state>:<health> of its container; null when there is none, or it cannot be looked at."`
}

// ServerProxyUpdate changes the reverse proxy of a server.
type ServerProxyUpdate struct {
	ProxyType string `json:"proxy_type" rule:"required,enum=traefik|caddy|none" doc:"The one that runs goes on until the next start."`
}
