package api

// SharedEnvironmentVariable is a variable of a team, project, environment or server, which
// variables of applications name: {{team.KEY}}, {{project.KEY}}, {{environment.KEY}},
// {{server.KEY}}. Value is absent as that of an EnvironmentVariable is.
type SharedEnvironmentVariable struct {
	ID          int64   `json:"id"`
	UUID        string  `json:"uuid"`
	Comment     *string `json:"comment"`
	IsLiteral   bool    `json:"is_literal" doc:"The value is taken as it is, $ included."`
	IsMultiline bool    `json:"is_multiline"`
	IsShownOnce bool    `json:"is_shown_once" doc:"Locked: never shown again."`
	Key         string  `json:"key"`
	Type        string  `json:"type" rule:"enum=team|project|environment|server"`
	Value       *string `json:"value,omitempty"`
	CreatedAt   Time    `json:"created_at"`
	UpdatedAt   Time    `json:"updated_at"`
}

// SharedEnvCreate makes a shared variable.
type SharedEnvCreate struct {
	Key string `json:"key" rule:"required,max=255"`
	SharedEnvSettings
}

// SharedEnvUpdate changes a shared variable; nil fields stay as they are.
type SharedEnvUpdate struct {
	Key string `json:"key,omitempty" rule:"max=255" doc:"It stays; clients send it."`
	SharedEnvSettings
}

// SharedEnvSettings are what can be set of a shared variable.
type SharedEnvSettings struct {
	Value       *string `json:"value,omitempty" rule:"keep"`
	Comment     *string `json:"comment,omitempty" rule:"max=256"`
	IsLiteral   *bool   `json:"is_literal,omitempty"`
	IsMultiline *bool   `json:"is_multiline,omitempty"`
	IsShownOnce *bool   `json:"is_shown_once,omitempty"`
}

// SharedEnvCreated is the reply to making a shared variable.
type SharedEnvCreated struct {
	ID   int64  `json:"id"`
	UUID string `json:"uuid"`
}
