# Writes all databases but the server's own: its users would take the place of those of
# the server that reads it. Arguments: client, dump tool, option file, further options.
set -ef
client=$1 options=$3
shift
names=$("$client" "$options" -NBe "SELECT schema_name FROM information_schema.schemata
  WHERE schema_name NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')")
IFS='
'
# shellcheck disable=SC2086 # one name a line
exec "$@" --databases $names
