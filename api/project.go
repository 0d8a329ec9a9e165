package api

// Project groups environments.
type Project struct {
	ID           int64         `json:"id"`
	UUID         string        `json:"uuid"`
	Description  *string       `json:"description"`
	Name         string        `json:"name"`
	Environments []Environment `json:"environments" doc:"Of a single project."`
	CreatedAt    Time          `json:"created_at"`
	UpdatedAt    Time          `json:"updated_at"`
}

// Environment holds resources.
type Environment struct {
	ID          int64   `json:"id"`
	UUID        string  `json:"uuid"`
	Description *string `json:"description"`
	Name        string  `json:"name"`
	ProjectID   int64   `json:"project_id"`
	CreatedAt   Time    `json:"created_at"`
	UpdatedAt   Time    `json:"updated_at"`
}

// EnvironmentDetail is an environment with what is in it.
type EnvironmentDetail struct {
	Environment
	Applications []Application `json:"applications"`
	Services     []Service     `json:"services"`
	Databases    []Database    `json:"databases"`
}

// ProjectCreate makes a project, with an environment "production".
type ProjectCreate struct {
	Name        string `json:"name" rule:"required,min=3,max=255"`
	Description string `json:"description,omitempty"`
}

// ProjectUpdate changes a project; nil fields stay as they are.
type ProjectUpdate struct {
	Name        *string `json:"name,omitempty" rule:"min=3,max=255"`
	Description *string `json:"description,omitempty"`
}

// EnvironmentCreate makes an environment.
type EnvironmentCreate struct {
	Name        string `json:"name" rule:"required,max=255"`
	Description string `json:"description,omitempty"`
}

// EnvironmentUpdate changes an environment; nil fields stay as they are.
type EnvironmentUpdate struct {
	Name        *string `json:"name,omitempty" rule:"max=255"`
	Description *string `json:"description,omitempty"`
}

// Named is the reply to changing a project or an environment.
type Named struct {
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
}

// UUID is the reply to making something.
type UUID struct {
	UUID string `json:"uuid"`
}

// Message is the reply of an action that has nothing else to say.
type Message struct {
	Message string `json:"message"`
}
