package core

import "time"

// Service is a compose stack.
type Service struct {
	RowID                  int64
	UUID                   ID
	TeamID                 int64
	Name                   string
	Description            string
	Type                   string // one-click template it was made from; empty for own compose text
	EnvironmentID          int64
	ServerID               int64
	DestinationID          int64
	ComposeRaw             Secret // the text as the user wrote it; may hold passwords
	Compose                Secret // as it was last written to the server
	ConnectToDockerNetwork bool
	LabelEscape            bool
	Status                 string // "<state>:<health>", as last seen
	ConfigHash             string // of what runs
	Parts                  []ServicePart
	CreatedAt              time.Time
	UpdatedAt              time.Time
	DeletedAt              time.Time // zero: not deleted
}

// PartKind tells the two sorts of service parts apart.
type PartKind string

// The sorts: by its image a part counts as a database, otherwise as an application.
const (
	PartApplication PartKind = "application"
	PartDatabase    PartKind = "database"
)

// ServicePart is one compose service of a Service: a sub-application or sub-database.
type ServicePart struct {
	RowID             int64
	UUID              ID
	ServiceID         int64
	Kind              PartKind
	Name              string // compose service name
	HumanName         string
	Description       string
	Image             string
	Fqdn              string // comma-separated URLs of a sub-application
	ExcludeFromStatus bool
	Status            string
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// EnvVar is an environment variable of a resource.
type EnvVar struct {
	RowID       int64
	UUID        ID
	Owner       Owner
	Key         string
	Value       Secret
	Comment     string
	IsLiteral   bool // the value is taken as it is, "$" included
	IsMultiline bool
	IsShownOnce bool // locked: never shown again
	IsPreview   bool
	IsRuntime   bool
	IsBuildtime bool
	IsRequired  bool // the compose file says it must not be empty
	IsGenerated bool // made by Taffrail: a magic variable or a default of the compose file
	Version     string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Owner names the resource that a variable belongs to.
type Owner struct {
	Kind  Kind
	RowID int64
}

// ServiceDraft is what a compose text means for a service that is to be stored.
type ServiceDraft struct {
	Parts    []ServicePart
	Envs     []EnvVar // variables that were not known before: generated, defaults, required
	Domains  []string // URLs of the sub-applications
	Warnings []string // what will be done differently from the text, and why
}
