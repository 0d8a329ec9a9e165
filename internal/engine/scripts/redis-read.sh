# Reads an RDB file from standard input into the running server, which is a replica of a
# second one for as long as that takes. Nothing else can load such a file without a stop.
set -eu
dir=$(mktemp -d) port=16379
cli() { sh /run/taffrail/client.sh "$@"; }
second() { REDISCLI_AUTH='' "${server%-server}-cli" -h 127.0.0.1 -p "$port" "$@"; }
server=$1
cat >"$dir/dump.rdb"
printf 'bind 127.0.0.1\nport %s\ndir %s\ndbfilename dump.rdb\nappendonly no\nsave ""\nrepl-diskless-sync-delay 0\nlogfile %s/log\n' "$port" "$dir" "$dir" >"$dir/conf"
"$server" "$dir/conf" >"$dir/out" 2>&1 &
pid=$!
end() {
  kill "$pid" 2>/dev/null || true
  wait "$pid" || true
  rm -rf "$dir"
}
trap end EXIT
fail() {
  cat "$dir/out" "$dir/log" >&2 2>/dev/null || true
  exit 1
}
until [ "$(second PING 2>/dev/null)" = PONG ]; do
  kill -0 "$pid" 2>/dev/null || fail
  sleep 0.2
done
[ "$(cli REPLICAOF 127.0.0.1 "$port")" = OK ] || fail
until cli INFO replication | grep -q '^master_link_status:up'; do
  kill -0 "$pid" 2>/dev/null || fail
  sleep 0.2
done
[ "$(cli REPLICAOF NO ONE)" = OK ] || fail
