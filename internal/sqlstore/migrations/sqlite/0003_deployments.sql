-- +goose Up

-- The three tables are the history and the queue at once. server_id, names and uuids
-- are kept as they were then, without a foreign key: a server may be deleted, and the
-- record of what ran on it stays. Columns that only repeat another one in the words of
-- the API are generated.

CREATE TABLE application_deployment_queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    deployment_uuid TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'queued',
    current_process_id TEXT,
    pull_request_id BIGINT NOT NULL DEFAULT 0,
    docker_registry_image_tag TEXT,
    "commit" TEXT NOT NULL DEFAULT 'HEAD',
    commit_message TEXT,
    force_rebuild BOOLEAN NOT NULL DEFAULT FALSE,
    only_this_server BOOLEAN NOT NULL DEFAULT FALSE,
    git_type TEXT,
    build_server_id BIGINT,
    destination_id TEXT NOT NULL DEFAULT '',
    server_id BIGINT NOT NULL,
    server_name TEXT NOT NULL,
    application_name TEXT NOT NULL,
    deployment_url TEXT NOT NULL DEFAULT '',
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    log_id BIGINT NOT NULL UNIQUE,
    resource_uuid TEXT NOT NULL,
    project_uuid TEXT NOT NULL DEFAULT '',
    environment_uuid TEXT NOT NULL DEFAULT '',
    server_uuid TEXT NOT NULL,
    verb TEXT NOT NULL,
    options TEXT NOT NULL, -- JSON
    actor_kind TEXT NOT NULL,
    actor_id BIGINT NOT NULL DEFAULT 0,
    actor_name TEXT NOT NULL DEFAULT '',
    trigger TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    started_at BIGINT,
    finished_at BIGINT,
    cancel_requested_at BIGINT,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    run_boot_id TEXT NOT NULL DEFAULT '',
    run_started TEXT NOT NULL DEFAULT '',
    failing_step TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    last_stderr TEXT NOT NULL DEFAULT '', -- JSON
    config_hash TEXT NOT NULL DEFAULT '',
    config_snapshot BLOB, -- sealed
    image_digests TEXT NOT NULL DEFAULT '', -- JSON
    pinned BOOLEAN NOT NULL DEFAULT FALSE,
    rollback_of TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    configuration_hash TEXT GENERATED ALWAYS AS (config_hash) STORED,
    is_webhook BOOLEAN GENERATED ALWAYS AS (trigger = 'webhook') STORED,
    is_api BOOLEAN GENERATED ALWAYS AS (trigger = 'api') STORED,
    restart_only BOOLEAN GENERATED ALWAYS AS (verb = 'restart') STORED,
    rollback BOOLEAN GENERATED ALWAYS AS (verb = 'rollback') STORED
);
CREATE INDEX application_deployment_queues_status ON application_deployment_queues (application_id, status);
CREATE INDEX application_deployment_queues_resource ON application_deployment_queues (application_id, created_at, log_id);
CREATE INDEX application_deployment_queues_created ON application_deployment_queues (created_at);
CREATE INDEX application_deployment_queues_team ON application_deployment_queues (team_id, created_at, log_id);
CREATE INDEX application_deployment_queues_server ON application_deployment_queues (server_id, status, created_at);
-- The queue proper: it stays small however long the history gets.
CREATE INDEX application_deployment_queues_active ON application_deployment_queues (server_id, log_id) WHERE status IN ('queued', 'in_progress');
CREATE INDEX application_deployment_queues_active_team ON application_deployment_queues (team_id, log_id) WHERE status IN ('queued', 'in_progress');
-- One deployment in progress per resource, whatever the code above does.
CREATE UNIQUE INDEX application_deployment_queues_running ON application_deployment_queues (application_id, pull_request_id) WHERE status = 'in_progress';

CREATE TABLE service_deployment_queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service_id BIGINT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    deployment_uuid TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'queued',
    current_process_id TEXT,
    pull_latest_images BOOLEAN NOT NULL DEFAULT FALSE,
    stop_before_start BOOLEAN NOT NULL DEFAULT FALSE,
    server_id BIGINT NOT NULL,
    server_name TEXT NOT NULL,
    service_name TEXT NOT NULL,
    deployment_url TEXT NOT NULL DEFAULT '',
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    log_id BIGINT NOT NULL UNIQUE,
    resource_uuid TEXT NOT NULL,
    project_uuid TEXT NOT NULL DEFAULT '',
    environment_uuid TEXT NOT NULL DEFAULT '',
    server_uuid TEXT NOT NULL,
    verb TEXT NOT NULL,
    options TEXT NOT NULL, -- JSON
    actor_kind TEXT NOT NULL,
    actor_id BIGINT NOT NULL DEFAULT 0,
    actor_name TEXT NOT NULL DEFAULT '',
    trigger TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    started_at BIGINT,
    finished_at BIGINT,
    cancel_requested_at BIGINT,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    run_boot_id TEXT NOT NULL DEFAULT '',
    run_started TEXT NOT NULL DEFAULT '',
    failing_step TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    last_stderr TEXT NOT NULL DEFAULT '', -- JSON
    config_hash TEXT NOT NULL DEFAULT '',
    config_snapshot BLOB, -- sealed
    image_digests TEXT NOT NULL DEFAULT '', -- JSON
    pinned BOOLEAN NOT NULL DEFAULT FALSE,
    rollback_of TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    is_api BOOLEAN GENERATED ALWAYS AS (trigger = 'api') STORED
);
CREATE INDEX service_deployment_queues_status ON service_deployment_queues (service_id, status);
CREATE INDEX service_deployment_queues_resource ON service_deployment_queues (service_id, created_at, log_id);
CREATE INDEX service_deployment_queues_created ON service_deployment_queues (created_at);
CREATE INDEX service_deployment_queues_team ON service_deployment_queues (team_id, created_at, log_id);
CREATE INDEX service_deployment_queues_server ON service_deployment_queues (server_id, status, created_at);
-- The queue proper: it stays small however long the history gets.
CREATE INDEX service_deployment_queues_active ON service_deployment_queues (server_id, log_id) WHERE status IN ('queued', 'in_progress');
CREATE INDEX service_deployment_queues_active_team ON service_deployment_queues (team_id, log_id) WHERE status IN ('queued', 'in_progress');
-- One deployment in progress per resource, whatever the code above does.
CREATE UNIQUE INDEX service_deployment_queues_running ON service_deployment_queues (service_id) WHERE status = 'in_progress';

CREATE TABLE database_deployment_queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    database_id TEXT NOT NULL REFERENCES databases (uuid) ON DELETE CASCADE,
    deployment_uuid TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'queued',
    current_process_id TEXT,
    database_type TEXT NOT NULL,
    server_id BIGINT NOT NULL,
    server_name TEXT NOT NULL,
    database_name TEXT NOT NULL,
    deployment_url TEXT NOT NULL DEFAULT '',
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    log_id BIGINT NOT NULL UNIQUE,
    resource_uuid TEXT NOT NULL,
    project_uuid TEXT NOT NULL DEFAULT '',
    environment_uuid TEXT NOT NULL DEFAULT '',
    server_uuid TEXT NOT NULL,
    verb TEXT NOT NULL,
    options TEXT NOT NULL, -- JSON
    actor_kind TEXT NOT NULL,
    actor_id BIGINT NOT NULL DEFAULT 0,
    actor_name TEXT NOT NULL DEFAULT '',
    trigger TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    started_at BIGINT,
    finished_at BIGINT,
    cancel_requested_at BIGINT,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    run_boot_id TEXT NOT NULL DEFAULT '',
    run_started TEXT NOT NULL DEFAULT '',
    failing_step TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    last_stderr TEXT NOT NULL DEFAULT '', -- JSON
    config_hash TEXT NOT NULL DEFAULT '',
    config_snapshot BLOB, -- sealed
    image_digests TEXT NOT NULL DEFAULT '', -- JSON
    pinned BOOLEAN NOT NULL DEFAULT FALSE,
    rollback_of TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    is_api BOOLEAN GENERATED ALWAYS AS (trigger = 'api') STORED
);
CREATE INDEX database_deployment_queues_status ON database_deployment_queues (database_id, status);
CREATE INDEX database_deployment_queues_resource ON database_deployment_queues (database_id, created_at, log_id);
CREATE INDEX database_deployment_queues_created ON database_deployment_queues (created_at);
CREATE INDEX database_deployment_queues_team ON database_deployment_queues (team_id, created_at, log_id);
CREATE INDEX database_deployment_queues_server ON database_deployment_queues (server_id, status, created_at);
-- The queue proper: it stays small however long the history gets.
CREATE INDEX database_deployment_queues_active ON database_deployment_queues (server_id, log_id) WHERE status IN ('queued', 'in_progress');
CREATE INDEX database_deployment_queues_active_team ON database_deployment_queues (team_id, log_id) WHERE status IN ('queued', 'in_progress');
-- One deployment in progress per resource, whatever the code above does.
CREATE UNIQUE INDEX database_deployment_queues_running ON database_deployment_queues (database_id) WHERE status = 'in_progress';

-- One log per deployment of any kind; its id orders all deployments of the instance.
-- fence is that of the deployment while it is in progress and 0 otherwise: an append
-- looks at this row only.
CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application_deployment_id BIGINT REFERENCES application_deployment_queues (id) ON DELETE CASCADE,
    service_deployment_id BIGINT REFERENCES service_deployment_queues (id) ON DELETE CASCADE,
    database_deployment_id BIGINT REFERENCES database_deployment_queues (id) ON DELETE CASCADE,
    fence BIGINT NOT NULL DEFAULT 0,
    last_seq BIGINT NOT NULL DEFAULT 0,
    cursor_offset BIGINT NOT NULL DEFAULT 0,
    cursor_state TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX logs_application ON logs (application_deployment_id) WHERE application_deployment_id IS NOT NULL;
CREATE UNIQUE INDEX logs_service ON logs (service_deployment_id) WHERE service_deployment_id IS NOT NULL;
CREATE UNIQUE INDEX logs_database ON logs (database_deployment_id) WHERE database_deployment_id IS NOT NULL;

CREATE TABLE steps (
    log_id BIGINT NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    command TEXT NOT NULL DEFAULT '',
    started_at BIGINT,
    ended_at BIGINT,
    exit_code INTEGER,
    state TEXT NOT NULL,
    PRIMARY KEY (log_id, number)
) WITHOUT ROWID;

CREATE TABLE log_lines (
    log_id BIGINT NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    step INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    type TEXT NOT NULL,
    hidden BOOLEAN NOT NULL,
    continued BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    command TEXT NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (log_id, seq)
) WITHOUT ROWID;
