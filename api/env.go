package api

// EnvironmentVariable is a variable of a resource. Value and RealValue are absent for
// tokens that may not read sensitive data, and of locked variables always.
type EnvironmentVariable struct {
	ID               int64   `json:"id"`
	UUID             string  `json:"uuid"`
	Comment          *string `json:"comment"`
	IsBuildtime      bool    `json:"is_buildtime"`
	IsLiteral        bool    `json:"is_literal" doc:"The value is taken as it is, $ included."`
	IsMultiline      bool    `json:"is_multiline"`
	IsPreview        bool    `json:"is_preview"`
	IsRequired       bool    `json:"is_required" doc:"The compose text says it must not be empty."`
	IsRuntime        bool    `json:"is_runtime"`
	IsShared         bool    `json:"is_shared"`
	IsShownOnce      bool    `json:"is_shown_once" doc:"Locked: never shown again."`
	Key              string  `json:"key"`
	RealValue        *string `json:"real_value,omitempty"`
	ResourceableID   int64   `json:"resourceable_id"`
	ResourceableType string  `json:"resourceable_type"`
	Value            *string `json:"value,omitempty"`
	Version          string  `json:"version"`
	CreatedAt        Time    `json:"created_at"`
	UpdatedAt        Time    `json:"updated_at"`
}

// EnvWrite makes a variable, or changes the one with its key.
type EnvWrite struct {
	Key         string  `json:"key" rule:"required,max=255"`
	Value       *string `json:"value,omitempty" rule:"keep"`
	Comment     *string `json:"comment,omitempty" rule:"max=256"`
	IsPreview   bool    `json:"is_preview,omitempty"`
	IsLiteral   *bool   `json:"is_literal,omitempty"`
	IsMultiline *bool   `json:"is_multiline,omitempty"`
	IsShownOnce *bool   `json:"is_shown_once,omitempty"`
	IsRuntime   *bool   `json:"is_runtime,omitempty" doc:"Default true."`
	IsBuildtime *bool   `json:"is_buildtime,omitempty" alias:"is_build_time" doc:"Default true."`
}

// EnvBulk makes or changes many variables at once: all of them or none.
type EnvBulk struct {
	Data []EnvWrite `json:"data"`
}
