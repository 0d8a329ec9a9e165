-- +goose Up

CREATE TABLE github_apps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    organization TEXT NOT NULL DEFAULT '',
    api_url TEXT NOT NULL DEFAULT '',
    html_url TEXT NOT NULL DEFAULT '',
    custom_user TEXT NOT NULL DEFAULT '',
    custom_port INTEGER NOT NULL DEFAULT 0,
    app_id BIGINT NOT NULL DEFAULT 0,
    installation_id BIGINT NOT NULL DEFAULT 0,
    client_id TEXT NOT NULL DEFAULT '',
    client_secret BLOB, -- sealed
    webhook_secret BLOB, -- sealed
    private_key_id BIGINT REFERENCES private_keys (id),
    is_public BOOLEAN NOT NULL DEFAULT FALSE,
    is_system_wide BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX github_apps_team ON github_apps (team_id);
CREATE INDEX github_apps_private_key ON github_apps (private_key_id);

-- As with databases: what people may change, secrets included, is one sealed text; what
-- the store itself has to ask for stands beside it.
ALTER TABLE applications ADD COLUMN settings BLOB; -- sealed JSON
ALTER TABLE applications ADD COLUMN git_key TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN git_branch TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN private_key_id BIGINT REFERENCES private_keys (id);
ALTER TABLE applications ADD COLUMN github_app_id BIGINT REFERENCES github_apps (id);
ALTER TABLE applications ADD COLUMN ran_deployment TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN ran_commit TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN ran_image TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN ran_build_hash TEXT NOT NULL DEFAULT '';
CREATE INDEX applications_repository ON applications (git_key, id) WHERE git_key <> '' AND deleted_at IS NULL;
CREATE INDEX applications_private_key ON applications (private_key_id);
CREATE INDEX applications_github_app ON applications (github_app_id);

CREATE TABLE application_previews (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    pull_request_id BIGINT NOT NULL,
    git_branch TEXT NOT NULL DEFAULT '',
    pull_request_html_url TEXT NOT NULL DEFAULT '',
    fqdn TEXT NOT NULL DEFAULT '',
    title TEXT NOT NULL DEFAULT '',
    is_from_fork BOOLEAN NOT NULL DEFAULT FALSE,
    pull_request_issue_comment_id BIGINT NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'exited',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (application_id, pull_request_id)
);
CREATE INDEX application_previews_team ON application_previews (team_id);

-- The further servers of an application: at most one destination on each. A live
-- application keeps its destinations from being deleted.
CREATE TABLE application_destinations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    destination_id BIGINT NOT NULL REFERENCES destinations (id),
    server_id BIGINT NOT NULL REFERENCES servers (id),
    created_at BIGINT NOT NULL,
    UNIQUE (application_id, server_id)
);
CREATE INDEX application_destinations_destination ON application_destinations (destination_id);
CREATE INDEX application_destinations_server ON application_destinations (server_id);

-- Variables of a team (the three other columns are NULL), a project, an environment or a
-- server.
CREATE TABLE shared_variables (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    project_id BIGINT REFERENCES projects (id) ON DELETE CASCADE,
    environment_id BIGINT REFERENCES environments (id) ON DELETE CASCADE,
    server_id BIGINT REFERENCES servers (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value BLOB, -- sealed
    comment TEXT NOT NULL DEFAULT '',
    is_literal BOOLEAN NOT NULL DEFAULT FALSE,
    is_multiline BOOLEAN NOT NULL DEFAULT FALSE,
    is_shown_once BOOLEAN NOT NULL DEFAULT FALSE,
    version TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((project_id IS NULL AND environment_id IS NULL) OR (project_id IS NULL AND server_id IS NULL)
        OR (environment_id IS NULL AND server_id IS NULL))
);
CREATE UNIQUE INDEX shared_variables_team ON shared_variables (team_id, key) WHERE project_id IS NULL AND environment_id IS NULL AND server_id IS NULL;
CREATE UNIQUE INDEX shared_variables_project ON shared_variables (project_id, key) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX shared_variables_environment ON shared_variables (environment_id, key) WHERE environment_id IS NOT NULL;
CREATE UNIQUE INDEX shared_variables_server ON shared_variables (server_id, key) WHERE server_id IS NOT NULL;
CREATE INDEX shared_variables_owner ON shared_variables (team_id);

-- What came by webhook lately, so that nothing of it is queued twice.
CREATE TABLE webhook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    deployments TEXT NOT NULL DEFAULT '', -- JSON: uuids
    created_at BIGINT NOT NULL,
    UNIQUE (provider, delivery_id)
);
CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created_at, id);

ALTER TABLE application_deployment_queues ADD COLUMN git_branch TEXT NOT NULL DEFAULT '';
-- The deployment that this one repeats on a further server.
ALTER TABLE application_deployment_queues ADD COLUMN further_of TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX application_deployment_queues_further ON application_deployment_queues (further_of, server_id) WHERE further_of <> '';
CREATE INDEX application_deployment_queues_pinned ON application_deployment_queues (application_id, status) WHERE pinned;
CREATE INDEX application_deployment_queues_rollback ON application_deployment_queues (application_id) WHERE rollback_of <> '';
