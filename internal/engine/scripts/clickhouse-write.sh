# Writes the databases that are named, or all. Each line is "Q" and a statement, "I" and
# one whose rows follow up to a line "\.", or "E" at the end.
set -euf
ch() { clickhouse-client --config-file /run/taffrail/client.xml --query "$@" </dev/null; }
list() { ch "$1 FORMAT TSVRaw"; }
system="'system', 'information_schema', 'INFORMATION_SCHEMA'"
if [ $# -gt 0 ]; then
  which=$(printf "'%s'," "$@")
  which="IN (${which%,})"
  for name; do
    [ "$(list "SELECT count() FROM system.databases WHERE name = '$name'")" = 1 ] || { echo "There is no database $name." >&2; exit 1; }
  done
else
  which="NOT IN ($system)"
fi
# shellcheck disable=SC1003 # backslashes for the server, not for the shell
quoted() { printf 'concat('\''`'\'', replaceAll(replaceAll(%s, '\''\\\\'\'', '\''\\\\\\\\'\''), '\''`'\'', '\''\\\\`'\''), '\''`'\'')' "$1"; }
table="concat($(quoted database), '.', $(quoted name))"
late="engine LIKE '%View' OR engine = 'Dictionary'" # they read tables, and must not see what is inserted
tables="FROM system.tables WHERE database $which AND NOT match(name, '^[.]inner')"
list "SELECT concat('Q CREATE DATABASE IF NOT EXISTS ', $(quoted name)) FROM system.databases WHERE name $which"
list "SELECT concat('Q ', create_table_query) $tables AND NOT ($late)"
names=$(list "SELECT $table $tables AND (engine LIKE '%MergeTree' OR engine LIKE '%Log' OR engine IN ('Memory', 'Join'))")
IFS='
'
for name in $names; do
  printf 'I INSERT INTO %s FORMAT TabSeparated\n' "$name"
  ch "SELECT * FROM $name FORMAT TabSeparated"
  printf '\\.\n'
done
list "SELECT concat('Q ', create_table_query) $tables AND ($late)"
echo E
