-- +goose Up

-- What the compose file of an application was deployed as, as one sealed text.
ALTER TABLE applications ADD COLUMN ran_composed BYTEA; -- sealed JSON
