package api

// Database is a standalone database. What only its engine has is in Fields.
type Database struct {
	ID                     int64            `json:"id"`
	UUID                   string           `json:"uuid"`
	Description            *string          `json:"description"`
	Name                   string           `json:"name"`
	BackupConfigs          []BackupSchedule `json:"backup_configs" doc:"When it is dumped."`
	ConfigHash             *string          `json:"config_hash"`
	DatabaseType           string           `json:"database_type" doc:"The engine with standalone- before it."`
	DestinationID          int64            `json:"destination_id"`
	DestinationType        string           `json:"destination_type"`
	CustomDockerRunOptions *string          `json:"custom_docker_run_options"`
	EnvironmentID          int64            `json:"environment_id"`
	Image                  string           `json:"image"`
	InitScripts            []InitScript     `json:"init_scripts"`
	PortsMappings          *string          `json:"ports_mappings"`
	ServerID               int64            `json:"server_id"`
	Status                 string           `json:"status" doc:"<state>:<health>, as last seen."`
	Type                   string           `json:"type" doc:"The engine."`
	Version                *string          `json:"version" doc:"As the database said itself when it last started."`
	DatabaseAccess
	Limits
	HealthCheck
	Fields    map[string]*string `json:"-" keys:"data"` // by name; hidden ones are missing
	CreatedAt Time               `json:"created_at"`
	UpdatedAt Time               `json:"updated_at"`
	DeletedAt Time               `json:"deleted_at"`
}

// DatabaseAccess is how a database is reached.
type DatabaseAccess struct {
	EnableSSL         bool     `json:"enable_ssl"`
	SSLMode           *string  `json:"ssl_mode" doc:"Null where the engine knows no modes."`
	IsPublic          bool     `json:"is_public"`
	PublicPort        *int     `json:"public_port"`
	PublicPortTimeout int      `json:"public_port_timeout" doc:"Seconds without traffic after which a connection ends."`
	PublicAllowList   []string `json:"public_allow_list" doc:"Networks and addresses that may connect; empty: all."`
	InternalURL       *string  `json:"internal_db_url,omitempty" doc:"For containers on its network. Sensitive."`
	ExternalURL       *string  `json:"external_db_url,omitempty" doc:"For everybody else; only of a public one. Sensitive."`
}

// Limits are what a container may use.
type Limits struct {
	Memory            string  `json:"limits_memory" doc:"As Docker takes it: 512m. 0 is no limit."`
	MemorySwap        string  `json:"limits_memory_swap"`
	MemorySwappiness  int     `json:"limits_memory_swappiness"`
	MemoryReservation string  `json:"limits_memory_reservation"`
	CPUs              string  `json:"limits_cpus" doc:"0 is no limit."`
	CPUSet            *string `json:"limits_cpuset"`
	CPUShares         int     `json:"limits_cpu_shares"`
}

// HealthCheck says how often Docker asks a container whether it is well. Times are seconds.
type HealthCheck struct {
	Enabled     bool `json:"health_check_enabled"`
	Interval    int  `json:"health_check_interval"`
	Timeout     int  `json:"health_check_timeout"`
	Retries     int  `json:"health_check_retries"`
	StartPeriod int  `json:"health_check_start_period"`
}

// InitScript is a file that a database's image runs when its data volume is empty.
type InitScript struct {
	Filename string  `json:"filename"`
	Content  *string `json:"content,omitempty" doc:"Sensitive."`
}

// DatabaseCreate makes a database. The engine is in the path; Fields are its own.
type DatabaseCreate struct {
	ProjectUUID     string `json:"project_uuid" rule:"required"`
	EnvironmentName string `json:"environment_name,omitempty" doc:"This or environment_uuid."`
	EnvironmentUUID string `json:"environment_uuid,omitempty" alias:"environment"`
	ServerUUID      string `json:"server_uuid" rule:"required"`
	DestinationUUID string `json:"destination_uuid,omitempty" doc:"Needed when the server has several."`
	InstantDeploy   bool   `json:"instant_deploy,omitempty" doc:"Queue its first start at once."`
	DatabaseSettings
	LimitSettings
	HealthCheckSettings
	Tags   []string          `json:"tags,omitempty"`
	Fields map[string]string `json:"-" keys:"data"` // by name; what is missing takes its default
}

// DatabaseUpdate changes a database; nil fields stay as they are.
type DatabaseUpdate struct {
	DatabaseSettings
	LimitSettings
	HealthCheckSettings
	InstantDeploy bool              `json:"instant_deploy,omitempty" doc:"Deploy it at once."`
	Fields        map[string]string `json:"-" keys:"data"` // by name; empty ones are cleared, missing ones stay
	_             struct{}          `ignore:"destination_uuid,environment_name,environment_uuid,project_uuid,server_uuid"`
}

// DatabaseSettings are what can be set of a database whatever its engine.
type DatabaseSettings struct {
	Name                   *string            `json:"name,omitempty" rule:"max=255"`
	Description            *string            `json:"description,omitempty"`
	Image                  *string            `json:"image,omitempty" doc:"Default: that of the engine."`
	IsPublic               *bool              `json:"is_public,omitempty" doc:"Reachable from outside through a TCP proxy."`
	PublicPort             *int               `json:"public_port,omitempty" rule:"min=1024,max=65535"`
	PublicPortTimeout      *int               `json:"public_port_timeout,omitempty" rule:"min=1" doc:"Seconds without traffic after which a connection ends. Default 3600."`
	PublicAllowList        *[]string          `json:"public_allow_list,omitempty" doc:"Networks (10.0.0.0/8) and addresses that may connect; empty: all."`
	EnableSSL              *bool              `json:"enable_ssl,omitempty" doc:"With a certificate of the server's own authority."`
	SSLMode                *string            `json:"ssl_mode,omitempty" doc:"One of the engine's modes; empty: its default."`
	PortsMappings          *string            `json:"ports_mappings,omitempty" doc:"host:container,… published directly."`
	CustomDockerRunOptions *string            `json:"custom_docker_run_options,omitempty" doc:"Options of docker run that have a place in a compose file."`
	InitScripts            *[]InitScriptWrite `json:"init_scripts,omitempty" doc:"All of them; they run when the data volume is empty."`
}

// LimitSettings change what a container may use.
type LimitSettings struct {
	Memory            *string `json:"limits_memory,omitempty" doc:"As Docker takes it: 512m. 0 is no limit."`
	MemorySwap        *string `json:"limits_memory_swap,omitempty"`
	MemorySwappiness  *int    `json:"limits_memory_swappiness,omitempty" rule:"min=0,max=100" doc:"Default 60."`
	MemoryReservation *string `json:"limits_memory_reservation,omitempty"`
	CPUs              *string `json:"limits_cpus,omitempty" doc:"0 is no limit."`
	CPUSet            *string `json:"limits_cpuset,omitempty"`
	CPUShares         *int    `json:"limits_cpu_shares,omitempty" rule:"min=0" doc:"Default 1024."`
}

// HealthCheckSettings change how often Docker asks a container whether it is well.
type HealthCheckSettings struct {
	Enabled     *bool `json:"health_check_enabled,omitempty" doc:"Default true."`
	Interval    *int  `json:"health_check_interval,omitempty" rule:"min=1" doc:"Seconds. Default 15."`
	Timeout     *int  `json:"health_check_timeout,omitempty" rule:"min=1" doc:"Seconds. Default 5."`
	Retries     *int  `json:"health_check_retries,omitempty" rule:"min=1" doc:"Default 5."`
	StartPeriod *int  `json:"health_check_start_period,omitempty" rule:"min=0" doc:"Seconds. Default 5."`
}

// InitScriptWrite makes a file that a database's image runs when its data volume is empty.
type InitScriptWrite struct {
	Filename string `json:"filename" rule:"required,max=255"`
	Content  string `json:"content" rule:"required,base64" doc:"UTF-8 text in base64."`
}

// DatabaseCreated is the reply to making a database. The URLs are only for tokens that
// may read sensitive data.
type DatabaseCreated struct {
	UUID           string   `json:"uuid"`
	InternalURL    *string  `json:"internal_db_url,omitempty"`
	ExternalURL    *string  `json:"external_db_url,omitempty"`
	Warnings       []string `json:"warnings,omitempty"`
	DeploymentUUID string   `json:"deployment_uuid,omitempty" doc:"With instant_deploy."`
}

// DatabaseUpdated is the reply to changing a database.
type DatabaseUpdated struct {
	Message        string   `json:"message"`
	UUID           string   `json:"uuid"`
	Warnings       []string `json:"warnings,omitempty" doc:"What has no effect before the next start, and the like."`
	DeploymentUUID string   `json:"deployment_uuid,omitempty" doc:"With a change of public access to one that runs: it takes effect at once."`
}

// DatabaseActionRequest is the optional body (or query) of start, stop and restart of a
// database.
type DatabaseActionRequest struct {
	Latest        bool     `json:"latest,omitempty" doc:"Pull the image even when it is there."`
	Force         bool     `json:"force,omitempty" doc:"Do not join an equal queued deployment."`
	ForceVersion  bool     `json:"force_version_change,omitempty" doc:"Go to an image whose version may not read the data volume."`
	BackupBefore  bool     `json:"backup_before,omitempty" doc:"Dump what runs before anything else; the deployment names the backup."`
	DockerCleanup *bool    `json:"docker_cleanup,omitempty" doc:"With stop: remove unused images of it."`
	Note          string   `json:"note,omitempty" rule:"max=1000" doc:"Why."`
	_             struct{} `ignore:"instant_deploy"`
}
