package api

// PrivateKey is an SSH key of the team.
type PrivateKey struct {
	ID           int64   `json:"id"`
	UUID         string  `json:"uuid"`
	Description  *string `json:"description"`
	Name         string  `json:"name"`
	Fingerprint  string  `json:"fingerprint"`
	IsGitRelated bool    `json:"is_git_related"`
	PrivateKey   *string `json:"private_key,omitempty" doc:"Sensitive."`
	PublicKey    string  `json:"public_key"`
	TeamID       int64   `json:"team_id"`
	CreatedAt    Time    `json:"created_at"`
	UpdatedAt    Time    `json:"updated_at"`
}

// KeyCreate adds a private key.
type KeyCreate struct {
	Name        string `json:"name,omitempty" rule:"max=255"`
	Description string `json:"description,omitempty"`
	PrivateKey  string `json:"private_key" rule:"required" doc:"PEM, or base64 of PEM."`
}

// KeyUpdate changes a private key; nil fields stay as they are.
type KeyUpdate struct {
	Name        *string `json:"name,omitempty" rule:"max=255"`
	Description *string `json:"description,omitempty"`
	PrivateKey  *string `json:"private_key,omitempty" doc:"PEM, or base64 of PEM."`
}
