-- +goose Up

-- Facts about the instance itself. A row of it is also the lock under which something
-- that may happen only once is done.
CREATE TABLE instance (
    key TEXT PRIMARY KEY,
    value BLOB
);

CREATE TABLE teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    personal_team BOOLEAN NOT NULL DEFAULT FALSE,
    allow_host_access BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password BLOB, -- sealed
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE team_user (
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_user_user ON team_user (user_id);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE, -- the secret itself is nowhere
    abilities TEXT NOT NULL, -- JSON
    expires_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX tokens_team ON tokens (team_id);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX projects_team ON projects (team_id);

CREATE TABLE environments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE private_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    private_key BLOB, -- sealed
    public_key TEXT NOT NULL DEFAULT '',
    fingerprint TEXT NOT NULL,
    is_git_related BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (team_id, fingerprint)
);

CREATE TABLE servers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    ip TEXT NOT NULL,
    port INTEGER NOT NULL,
    username TEXT NOT NULL,
    private_key_id BIGINT REFERENCES private_keys (id), -- NULL: the controller's own machine
    host_key TEXT NOT NULL DEFAULT '',
    proxy_type TEXT NOT NULL DEFAULT '',
    concurrent_builds INTEGER NOT NULL,
    deployment_queue_limit INTEGER NOT NULL,
    dynamic_timeout INTEGER NOT NULL,
    connection_timeout INTEGER NOT NULL,
    is_build_server BOOLEAN NOT NULL DEFAULT FALSE,
    remote_dir TEXT NOT NULL,
    is_reachable BOOLEAN NOT NULL DEFAULT FALSE,
    is_usable BOOLEAN NOT NULL DEFAULT FALSE,
    os TEXT NOT NULL DEFAULT '',
    arch TEXT NOT NULL DEFAULT '',
    docker_version TEXT NOT NULL DEFAULT '',
    compose_version TEXT NOT NULL DEFAULT '',
    disk_free BIGINT NOT NULL DEFAULT 0,
    disk_total BIGINT NOT NULL DEFAULT 0,
    validation_logs TEXT NOT NULL DEFAULT '',
    validated_at BIGINT,
    claim_seq BIGINT NOT NULL DEFAULT 0, -- raised to lock the row: limits are decided under it
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (team_id, ip, port)
);
CREATE INDEX servers_private_key ON servers (private_key_id);

CREATE TABLE destinations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    network TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (server_id, network)
);
