# Gives the user the new password by the old one, unless it has it already, and runs what
# is asked for.
cd /run/taffrail || exit
sh client.sh psql -Xwqc 'SELECT 1' >/dev/null 2>&1 ||
  sh client.sh sh -c 'PGPASSWORD="$(cat change/old)" exec psql -Xwq --set ON_ERROR_STOP=1 --file change/change.sql' || exit
exec "$@"
