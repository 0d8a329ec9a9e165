-- +goose Up

-- A deleted resource stays as a row (deleted_at) so that its deployments keep their
-- place. It lets go of its environment, server and destination when those are deleted,
-- which a live resource prevents.

CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    environment_id BIGINT REFERENCES environments (id),
    server_id BIGINT REFERENCES servers (id),
    destination_id BIGINT REFERENCES destinations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'exited',
    config_hash TEXT NOT NULL DEFAULT '',
    deployment_count BIGINT NOT NULL DEFAULT 0,
    build_pack TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX applications_team ON applications (team_id);
CREATE INDEX applications_environment ON applications (environment_id);
CREATE INDEX applications_server ON applications (server_id);
CREATE INDEX applications_destination ON applications (destination_id);

CREATE TABLE services (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    environment_id BIGINT REFERENCES environments (id),
    server_id BIGINT REFERENCES servers (id),
    destination_id BIGINT REFERENCES destinations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'exited',
    config_hash TEXT NOT NULL DEFAULT '',
    deployment_count BIGINT NOT NULL DEFAULT 0,
    service_type TEXT NOT NULL DEFAULT '',
    docker_compose_raw BLOB, -- sealed
    docker_compose BLOB, -- sealed
    connect_to_docker_network BOOLEAN NOT NULL DEFAULT FALSE,
    is_container_label_escape_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX services_team ON services (team_id);
CREATE INDEX services_environment ON services (environment_id);
CREATE INDEX services_server ON services (server_id);
CREATE INDEX services_destination ON services (destination_id);

CREATE TABLE service_applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    service_id BIGINT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    human_name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    image TEXT NOT NULL DEFAULT '',
    fqdn TEXT NOT NULL DEFAULT '',
    exclude_from_status BOOLEAN NOT NULL DEFAULT FALSE,
    status TEXT NOT NULL DEFAULT 'exited',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (service_id, name)
);

CREATE TABLE service_databases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    service_id BIGINT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    human_name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    image TEXT NOT NULL DEFAULT '',
    fqdn TEXT NOT NULL DEFAULT '',
    exclude_from_status BOOLEAN NOT NULL DEFAULT FALSE,
    status TEXT NOT NULL DEFAULT 'exited',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (service_id, name)
);

CREATE TABLE databases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    environment_id BIGINT REFERENCES environments (id),
    server_id BIGINT REFERENCES servers (id),
    destination_id BIGINT REFERENCES destinations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'exited',
    config_hash TEXT NOT NULL DEFAULT '',
    deployment_count BIGINT NOT NULL DEFAULT 0,
    database_type TEXT NOT NULL,
    image TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX databases_team ON databases (team_id);
CREATE INDEX databases_environment ON databases (environment_id);
CREATE INDEX databases_server ON databases (server_id);
CREATE INDEX databases_destination ON databases (destination_id);

CREATE TABLE environment_variables (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    application_id BIGINT REFERENCES applications (id) ON DELETE CASCADE,
    service_id BIGINT REFERENCES services (id) ON DELETE CASCADE,
    database_id BIGINT REFERENCES databases (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value BLOB, -- sealed
    comment TEXT NOT NULL DEFAULT '',
    is_literal BOOLEAN NOT NULL DEFAULT FALSE,
    is_multiline BOOLEAN NOT NULL DEFAULT FALSE,
    is_shown_once BOOLEAN NOT NULL DEFAULT FALSE,
    is_preview BOOLEAN NOT NULL DEFAULT FALSE,
    is_runtime BOOLEAN NOT NULL DEFAULT TRUE,
    is_buildtime BOOLEAN NOT NULL DEFAULT TRUE,
    is_required BOOLEAN NOT NULL DEFAULT FALSE,
    is_generated BOOLEAN NOT NULL DEFAULT FALSE,
    version TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((application_id IS NULL AND service_id IS NULL AND database_id IS NOT NULL)
        OR (application_id IS NULL AND service_id IS NOT NULL AND database_id IS NULL)
        OR (application_id IS NOT NULL AND service_id IS NULL AND database_id IS NULL))
);
CREATE UNIQUE INDEX environment_variables_application ON environment_variables (application_id, key, is_preview) WHERE application_id IS NOT NULL;
CREATE UNIQUE INDEX environment_variables_service ON environment_variables (service_id, key, is_preview) WHERE service_id IS NOT NULL;
CREATE UNIQUE INDEX environment_variables_database ON environment_variables (database_id, key, is_preview) WHERE database_id IS NOT NULL;
CREATE INDEX environment_variables_team ON environment_variables (team_id);
