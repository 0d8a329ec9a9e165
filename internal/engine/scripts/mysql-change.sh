# Gives root and the user the new passwords by the old one of root, unless they have them
# already, and runs what is asked for. The first word is the client.
cd /run/taffrail || exit
client=$1
shift
ask() { "$client" "--defaults-extra-file=$1" --connect-timeout=5 -e 'SELECT 1' >/dev/null 2>&1; }
if ! ask root.cnf; then
  "$client" --defaults-extra-file=change/root.cnf <change/change.sql || exit
elif ! ask client.cnf; then
  "$client" --defaults-extra-file=root.cnf <change/change.sql || exit
fi
exec "$@"
