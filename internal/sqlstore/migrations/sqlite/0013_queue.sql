-- +goose Up

-- What a new deployment of a resource does to those before it: wait, replace or cancel.
ALTER TABLE applications ADD COLUMN overlap TEXT NOT NULL DEFAULT 'wait';
ALTER TABLE services ADD COLUMN overlap TEXT NOT NULL DEFAULT 'wait';
ALTER TABLE databases ADD COLUMN overlap TEXT NOT NULL DEFAULT 'wait';

-- The deployment that took the place of one that was cancelled for it.
ALTER TABLE application_deployment_queues ADD COLUMN superseded_by TEXT NOT NULL DEFAULT '';
ALTER TABLE service_deployment_queues ADD COLUMN superseded_by TEXT NOT NULL DEFAULT '';
ALTER TABLE database_deployment_queues ADD COLUMN superseded_by TEXT NOT NULL DEFAULT '';

-- Who changed what, when, and from where. Names are those of the time.
CREATE TABLE audit_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    actor_kind TEXT NOT NULL,
    actor_id BIGINT NOT NULL DEFAULT 0,
    actor_name TEXT NOT NULL DEFAULT '',
    trigger TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    action TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);
CREATE INDEX audit_entries_team ON audit_entries (team_id, id);
CREATE INDEX audit_entries_created_at ON audit_entries (created_at);
