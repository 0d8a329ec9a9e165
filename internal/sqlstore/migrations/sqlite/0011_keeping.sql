-- +goose Up

-- The lines of ended deployments, packed: one row for about 256 KiB of text. The chunks
-- of a log are its beginning, log_lines have the rest; a line is in one of them.
CREATE TABLE log_chunks (
    log_id BIGINT NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    hidden_count BIGINT NOT NULL,
    stderr_count BIGINT NOT NULL,
    text_size BIGINT NOT NULL, -- of what is packed, in bytes
    data BLOB NOT NULL,
    PRIMARY KEY (log_id, first_seq)
);

ALTER TABLE logs ADD COLUMN packed_seq BIGINT NOT NULL DEFAULT 0; -- last line that is in a chunk
ALTER TABLE logs ADD COLUMN packed_size BIGINT NOT NULL DEFAULT 0; -- of the chunks, in bytes
ALTER TABLE logs ADD COLUMN edition BIGINT NOT NULL DEFAULT 0; -- raised when lines that are stored are changed
-- Logs of ended deployments that are still to be packed.
CREATE INDEX logs_unpacked ON logs (id) WHERE fence = 0 AND packed_seq < last_seq;

-- What is to be done beside deployments. kind and name make a job unique.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    team_id BIGINT REFERENCES teams (id) ON DELETE CASCADE, -- NULL: of the instance
    payload TEXT NOT NULL, -- JSON
    state TEXT NOT NULL DEFAULT '', -- how far it is
    version BIGINT NOT NULL DEFAULT 1, -- raised when it is asked for again
    run_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (kind, name)
);
CREATE INDEX jobs_due ON jobs (run_at);
CREATE INDEX jobs_team ON jobs (team_id);
