package api

// GitHubApp is a GitHub App by which private repositories are read and answered.
type GitHubApp struct {
	ID             int64   `json:"id"`
	UUID           string  `json:"uuid"`
	Name           string  `json:"name"`
	APIURL         string  `json:"api_url"`
	AppID          *int64  `json:"app_id" doc:"Its number at GitHub."`
	ClientID       *string `json:"client_id"`
	ClientSecret   *string `json:"client_secret,omitempty" doc:"Sensitive."`
	CustomPort     int     `json:"custom_port"`
	CustomUser     string  `json:"custom_user"`
	HTMLURL        string  `json:"html_url"`
	InstallationID *int64  `json:"installation_id"`
	IsPublic       bool    `json:"is_public" doc:"No app: public repositories only."`
	IsSystemWide   bool    `json:"is_system_wide"`
	Organization   *string `json:"organization"`
	PrivateKeyID   *int64  `json:"private_key_id"`
	TeamID         int64   `json:"team_id"`
	WebhookSecret  *string `json:"webhook_secret,omitempty" doc:"Sensitive."`
	CreatedAt      Time    `json:"created_at"`
	UpdatedAt      Time    `json:"updated_at"`
}

// GitHubAppCreate adds a GitHub App.
type GitHubAppCreate struct {
	Name           string `json:"name" rule:"required,max=255"`
	AppID          int64  `json:"app_id" rule:"required,min=1" doc:"Its number at GitHub."`
	InstallationID int64  `json:"installation_id" rule:"required,min=1"`
	PrivateKeyUUID string `json:"private_key_uuid" rule:"required" doc:"The RSA key that GitHub made for it."`
	GitHubAppSettings
}

// GitHubAppUpdate changes a GitHub App; nil fields stay as they are.
type GitHubAppUpdate struct {
	Name           *string `json:"name,omitempty" rule:"max=255"`
	AppID          *int64  `json:"app_id,omitempty" rule:"min=1" doc:"Its number at GitHub."`
	InstallationID *int64  `json:"installation_id,omitempty" rule:"min=1"`
	PrivateKeyUUID *string `json:"private_key_uuid,omitempty" doc:"The RSA key that GitHub made for it."`
	GitHubAppSettings
}

// GitHubAppSettings are what need not be set of a GitHub App.
type GitHubAppSettings struct {
	Organization  *string `json:"organization,omitempty" rule:"max=255"`
	APIURL        *string `json:"api_url,omitempty" doc:"Default: that of github.com."`
	HTMLURL       *string `json:"html_url,omitempty" doc:"Default: github.com."`
	CustomUser    *string `json:"custom_user,omitempty" rule:"max=255" doc:"For git by SSH. Default git."`
	CustomPort    *int    `json:"custom_port,omitempty" rule:"min=1,max=65535" doc:"For git by SSH. Default 22."`
	ClientID      *string `json:"client_id,omitempty" rule:"max=255"`
	ClientSecret  *string `json:"client_secret,omitempty"`
	WebhookSecret *string `json:"webhook_secret,omitempty" doc:"What its deliveries are signed with. Without one they are all refused."`
	IsSystemWide  *bool   `json:"is_system_wide,omitempty"`
}

// GitHubAppUpdated is the reply to changing a GitHub App.
type GitHubAppUpdated struct {
	Message string    `json:"message"`
	Data    GitHubApp `json:"data"`
}

// GitHubRepositories are those that a GitHub App may read.
type GitHubRepositories struct {
	Repositories []GitHubRepository `json:"repositories"`
}

// GitHubRepository is a repository, with GitHub's names for its fields.
type GitHubRepository struct {
	ID            int64   `json:"id"`
	Name          string  `json:"name"`
	FullName      string  `json:"full_name"`
	Description   *string `json:"description"`
	CloneURL      string  `json:"clone_url"`
	DefaultBranch string  `json:"default_branch"`
	HTMLURL       string  `json:"html_url"`
	Private       bool    `json:"private"`
}

// GitHubBranches are those of a repository.
type GitHubBranches struct {
	Branches []GitHubBranch `json:"branches"`
}

// GitHubBranch is a branch, with GitHub's names for its fields.
type GitHubBranch struct {
	Name      string       `json:"name"`
	Commit    GitHubCommit `json:"commit"`
	Protected bool         `json:"protected"`
}

// GitHubCommit is the newest commit of a branch.
type GitHubCommit struct {
	SHA string `json:"sha"`
	URL string `json:"url"`
}

// HookResult is what came of a webhook for one application; for none, when it is about
// nothing that anybody deploys.
type HookResult struct {
	ApplicationUUID *string `json:"application_uuid"`
	ApplicationName *string `json:"application_name"`
	DeploymentUUID  *string `json:"deployment_uuid"`
	Message         string  `json:"message" doc:"What happened, or why nothing did."`
	Status          string  `json:"status" rule:"enum=success|skipped"`
}
