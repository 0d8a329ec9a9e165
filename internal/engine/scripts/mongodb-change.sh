# Gives the user the new password by the old one, unless it has it already, and runs what
# is asked for.
mongosh --quiet --norc --nodb /run/taffrail/change/change.js >/dev/null || exit
exec "$@"
