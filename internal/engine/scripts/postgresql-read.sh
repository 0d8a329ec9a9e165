# Reads SQL of several databases, or of a whole server, from standard input. The user that
# reads it stays as it is, and so does the name of its database.
set -e
status=0
psql() { command psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname template1 "$@"; }
again='SELECT format('\''CREATE DATABASE %I'\'', :'\''own'\'') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'\''own'\'') \gexec'
[ "$PGDATABASE" = postgres ] || psql --command "DROP DATABASE IF EXISTS \"$PGDATABASE\" WITH (FORCE)"
# shellcheck disable=SC2016 # dollars for the server, not for the shell
sed -E '1,/^\\connect /{
  s/^CREATE ROLE (.*);$/DO $role$ BEGIN CREATE ROLE \1; EXCEPTION WHEN duplicate_object THEN NULL; END $role$;/
  /^ALTER ROLE "?'"$PGUSER"'"? WITH /s/ PASSWORD '\''[^'\'']*'\''//
}' | psql --output /dev/null || status=$?
printf '%s\n' "$again" | psql --set own="$PGDATABASE"
exit "$status"
