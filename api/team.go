package api

// Team is the token's team.
type Team struct {
	ID           int64   `json:"id"`
	Name         string  `json:"name"`
	Description  *string `json:"description"`
	PersonalTeam bool    `json:"personal_team"`
	ShowBoarding bool    `json:"show_boarding"`
	AllowHost    bool    `json:"allow_host_access" doc:"Compose texts may use the host: privileged containers, its Docker socket, its namespaces and folders."`
	CreatedAt    Time    `json:"created_at"`
	UpdatedAt    Time    `json:"updated_at"`
}

// TeamUpdate changes the token's team; nil fields stay as they are.
type TeamUpdate struct {
	Name        *string `json:"name,omitempty" rule:"max=255"`
	Description *string `json:"description,omitempty"`
	AllowHost   *bool   `json:"allow_host_access,omitempty" doc:"Only an owner may change it."`
}

// User is a member of a team.
type User struct {
	ID                   int64  `json:"id"`
	Name                 string `json:"name"`
	Email                string `json:"email"`
	EmailVerifiedAt      Time   `json:"email_verified_at"`
	ForcePasswordReset   bool   `json:"force_password_reset"`
	MarketingEmails      bool   `json:"marketing_emails"`
	Role                 string `json:"role" rule:"enum=owner|admin|member"`
	TwoFactorConfirmedAt Time   `json:"two_factor_confirmed_at"`
	CreatedAt            Time   `json:"created_at"`
	UpdatedAt            Time   `json:"updated_at"`
}

// Token is an API token, without its secret part.
type Token struct {
	ID         int64    `json:"id"`
	Name       string   `json:"name"`
	Abilities  []string `json:"abilities"`
	ExpiresAt  Time     `json:"expires_at" doc:"Null: never."`
	LastUsedAt Time     `json:"last_used_at"`
	CreatedAt  Time     `json:"created_at"`
}

// TokenCreate makes a token for the asking user in the asking token's team. It cannot
// have an ability that the asking token lacks.
type TokenCreate struct {
	Name          string   `json:"name" rule:"required,max=255"`
	Abilities     []string `json:"abilities" rule:"required" doc:"root, read, read:sensitive, write, write:sensitive, deploy."`
	ExpiresInDays int      `json:"expires_in_days,omitempty" rule:"min=0,max=3650" doc:"0: never."`
}

// TokenCreated is the only reply that ever has the whole token.
type TokenCreated struct {
	Token
	PlainText string `json:"token" doc:"<id>|<secret>; shown once."`
}

// InstanceSettings are what is set for the whole instance. Only the root team sees them.
type InstanceSettings struct {
	APIEnabled bool `json:"is_api_enabled"`
	LegacyGet  bool `json:"is_legacy_get_enabled" doc:"GET may ask for deployments, starts and stops, as clients of Coolify before 4.2 do."`
}

// InstanceUpdate changes them; nil fields stay as they are.
type InstanceUpdate struct {
	APIEnabled *bool `json:"is_api_enabled,omitempty"`
	LegacyGet  *bool `json:"is_legacy_get_enabled,omitempty"`
}

// AuditEntry says who changed what, when, and from where.
type AuditEntry struct {
	ID        int64  `json:"id"`
	Actor     Actor  `json:"actor"`
	Trigger   string `json:"trigger" doc:"ui, api, cli, webhook, schedule or mcp."`
	Address   string `json:"address" doc:"That the request came from; empty when there was none."`
	Action    string `json:"action" doc:"Such as \"service created\"."`
	Subject   string `json:"subject" doc:"Uuid of what was changed, or id of a token; empty: the team itself."`
	CreatedAt Time   `json:"created_at"`
}

// Audit is a page of the audit log.
type Audit struct {
	Entries    []AuditEntry `json:"entries"`
	NextCursor *string      `json:"next_cursor" doc:"Give it as cursor for the next page; null at the end."`
}
