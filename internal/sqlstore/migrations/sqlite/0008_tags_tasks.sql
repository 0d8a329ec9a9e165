-- +goose Up

-- Words of a team for resources of all kinds.
CREATE TABLE tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (team_id, name)
);

CREATE TABLE resource_tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tag_id BIGINT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    application_id BIGINT REFERENCES applications (id) ON DELETE CASCADE,
    service_id BIGINT REFERENCES services (id) ON DELETE CASCADE,
    database_id BIGINT REFERENCES databases (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    CHECK ((application_id IS NULL AND service_id IS NULL AND database_id IS NOT NULL)
        OR (application_id IS NULL AND service_id IS NOT NULL AND database_id IS NULL)
        OR (application_id IS NOT NULL AND service_id IS NULL AND database_id IS NULL))
);
CREATE UNIQUE INDEX resource_tags_application ON resource_tags (application_id, tag_id) WHERE application_id IS NOT NULL;
CREATE UNIQUE INDEX resource_tags_service ON resource_tags (service_id, tag_id) WHERE service_id IS NOT NULL;
CREATE UNIQUE INDEX resource_tags_database ON resource_tags (database_id, tag_id) WHERE database_id IS NOT NULL;
CREATE INDEX resource_tags_tag ON resource_tags (tag_id);

-- Commands that are carried out in a container of a resource again and again.
CREATE TABLE scheduled_tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    application_id BIGINT REFERENCES applications (id) ON DELETE CASCADE,
    service_id BIGINT REFERENCES services (id) ON DELETE CASCADE,
    database_id BIGINT REFERENCES databases (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    command BLOB, -- sealed
    container TEXT NOT NULL DEFAULT '',
    frequency TEXT NOT NULL,
    timeout INTEGER NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    next_run_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((application_id IS NULL AND service_id IS NULL AND database_id IS NOT NULL)
        OR (application_id IS NULL AND service_id IS NOT NULL AND database_id IS NULL)
        OR (application_id IS NOT NULL AND service_id IS NULL AND database_id IS NULL))
);
CREATE INDEX scheduled_tasks_application ON scheduled_tasks (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX scheduled_tasks_service ON scheduled_tasks (service_id) WHERE service_id IS NOT NULL;
CREATE INDEX scheduled_tasks_database ON scheduled_tasks (database_id) WHERE database_id IS NOT NULL;
CREATE INDEX scheduled_tasks_team ON scheduled_tasks (team_id);
CREATE INDEX scheduled_tasks_due ON scheduled_tasks (next_run_at) WHERE enabled;

-- One time that a task was carried out. While it is not over, whoever has the lease sees
-- to it.
CREATE TABLE scheduled_task_executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    scheduled_task_id BIGINT NOT NULL REFERENCES scheduled_tasks (id) ON DELETE CASCADE,
    status TEXT NOT NULL, -- running, success or failed
    message TEXT NOT NULL DEFAULT '',
    exit_code INTEGER,
    actor_name TEXT NOT NULL DEFAULT '',
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    started_at BIGINT,
    finished_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX scheduled_task_executions_task ON scheduled_task_executions (scheduled_task_id, id);
CREATE INDEX scheduled_task_executions_running ON scheduled_task_executions (lease_until) WHERE status = 'running';
