-- +goose Up

-- What people may change of a database, secrets included, is one sealed text; what the
-- store itself has to ask for stands beside it in columns of its own.
ALTER TABLE databases ADD COLUMN is_public BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE databases ADD COLUMN public_port INTEGER NOT NULL DEFAULT 0;
ALTER TABLE databases ADD COLUMN enable_ssl BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE databases ADD COLUMN settings BLOB; -- sealed JSON
ALTER TABLE databases ADD COLUMN ran_image TEXT NOT NULL DEFAULT '';
ALTER TABLE databases ADD COLUMN ran_version TEXT NOT NULL DEFAULT '';
ALTER TABLE databases ADD COLUMN deployed BLOB; -- sealed
-- One database per public port of a server, whatever the code above does.
CREATE UNIQUE INDEX databases_public_port ON databases (server_id, public_port) WHERE is_public AND public_port > 0 AND deleted_at IS NULL;

CREATE TABLE storages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    application_id BIGINT REFERENCES applications (id) ON DELETE CASCADE,
    service_id BIGINT REFERENCES services (id) ON DELETE CASCADE,
    database_id BIGINT REFERENCES databases (id) ON DELETE CASCADE,
    is_file BOOLEAN NOT NULL DEFAULT FALSE,
    name TEXT NOT NULL DEFAULT '',
    mount_path TEXT NOT NULL,
    host_path TEXT NOT NULL DEFAULT '',
    content BLOB, -- sealed
    is_directory BOOLEAN NOT NULL DEFAULT FALSE,
    fs_path TEXT NOT NULL DEFAULT '',
    chmod TEXT NOT NULL DEFAULT '',
    is_read_only BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((application_id IS NULL AND service_id IS NULL AND database_id IS NOT NULL)
        OR (application_id IS NULL AND service_id IS NOT NULL AND database_id IS NULL)
        OR (application_id IS NOT NULL AND service_id IS NULL AND database_id IS NULL))
);
CREATE UNIQUE INDEX storages_application ON storages (application_id, mount_path) WHERE application_id IS NOT NULL;
CREATE UNIQUE INDEX storages_service ON storages (service_id, mount_path) WHERE service_id IS NOT NULL;
CREATE UNIQUE INDEX storages_database ON storages (database_id, mount_path) WHERE database_id IS NOT NULL;
CREATE INDEX storages_team ON storages (team_id);

-- The authority of a server, or the certificate of a database.
CREATE TABLE certificates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    server_id BIGINT UNIQUE REFERENCES servers (id) ON DELETE CASCADE,
    database_id BIGINT UNIQUE REFERENCES databases (id) ON DELETE CASCADE,
    certificate TEXT NOT NULL,
    private_key BLOB, -- sealed
    not_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((server_id IS NULL AND database_id IS NOT NULL) OR (server_id IS NOT NULL AND database_id IS NULL))
);
CREATE INDEX certificates_team ON certificates (team_id);
CREATE INDEX certificates_ending ON certificates (not_after) WHERE database_id IS NOT NULL;

CREATE TABLE s3_storages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    endpoint TEXT NOT NULL,
    region TEXT NOT NULL DEFAULT '',
    bucket TEXT NOT NULL,
    path TEXT NOT NULL DEFAULT '',
    access_key BLOB, -- sealed
    secret_key BLOB, -- sealed
    is_usable BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX s3_storages_team ON s3_storages (team_id);

CREATE TABLE scheduled_database_backups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    database_id BIGINT NOT NULL REFERENCES databases (id) ON DELETE CASCADE,
    s3_storage_id BIGINT REFERENCES s3_storages (id),
    description TEXT NOT NULL DEFAULT '',
    frequency TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    dump_all BOOLEAN NOT NULL DEFAULT FALSE,
    databases_to_backup TEXT NOT NULL DEFAULT '',
    retention_amount_local BIGINT NOT NULL DEFAULT 0,
    retention_days_local BIGINT NOT NULL DEFAULT 0,
    retention_max_storage_local DOUBLE PRECISION NOT NULL DEFAULT 0, -- GB
    retention_amount_s3 BIGINT NOT NULL DEFAULT 0,
    retention_days_s3 BIGINT NOT NULL DEFAULT 0,
    retention_max_storage_s3 DOUBLE PRECISION NOT NULL DEFAULT 0, -- GB
    disable_local_backup BOOLEAN NOT NULL DEFAULT FALSE,
    save_s3 BOOLEAN NOT NULL DEFAULT FALSE,
    timeout BIGINT NOT NULL,
    next_run_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX scheduled_database_backups_team ON scheduled_database_backups (team_id);
CREATE INDEX scheduled_database_backups_database ON scheduled_database_backups (database_id);
CREATE INDEX scheduled_database_backups_s3 ON scheduled_database_backups (s3_storage_id);
CREATE INDEX scheduled_database_backups_due ON scheduled_database_backups (next_run_at, id) WHERE enabled;

-- deployment_uuid is without a foreign key: the record of a dump stays when the history
-- of deployments is thinned out.
CREATE TABLE scheduled_database_backup_executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    database_id BIGINT NOT NULL REFERENCES databases (id) ON DELETE CASCADE,
    scheduled_database_backup_id BIGINT REFERENCES scheduled_database_backups (id) ON DELETE SET NULL,
    s3_storage_id BIGINT REFERENCES s3_storages (id),
    deployment_uuid TEXT NOT NULL,
    database_names TEXT NOT NULL DEFAULT '',
    filename TEXT NOT NULL DEFAULT '',
    size BIGINT NOT NULL DEFAULT 0,
    sha256 TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    is_local BOOLEAN NOT NULL DEFAULT FALSE,
    is_remote BOOLEAN NOT NULL DEFAULT FALSE,
    engine TEXT NOT NULL DEFAULT '',
    image TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    finished_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX scheduled_database_backup_executions_team ON scheduled_database_backup_executions (team_id);
CREATE INDEX scheduled_database_backup_executions_database ON scheduled_database_backup_executions (database_id, created_at, id);
CREATE INDEX scheduled_database_backup_executions_schedule ON scheduled_database_backup_executions (scheduled_database_backup_id, created_at, id);
CREATE INDEX scheduled_database_backup_executions_s3 ON scheduled_database_backup_executions (s3_storage_id);
