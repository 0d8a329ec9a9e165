# shellcheck shell=bash
NEEDS=redis BASE=redis
TAGS="eqalpha/keydb:latest eqalpha/keydb:alpine eqalpha/keydb:x86_64_v6.3.4"
USERS="keydb:999:1000:/data"
finish() {
  local r=$1 b=usr/local/bin
  mkdir -p "$r/$b" "$r/etc/keydb"
  printf 'bind 0.0.0.0\nport 6379\ndir /data\n' > "$r/etc/keydb/keydb.conf"
  cat > "$r/$b/keydb-server" <<'S'
#!/bin/bash
# KeyDB's own settings are taken and ignored; the rest goes to redis-server.
case "${1:-}" in --version|-v|--help|-h) exec /usr/bin/redis-server "$1" ;; esac
args=()
if [ -n "${1:-}" ] && [ -f "$1" ]; then
  c=/tmp/keydb.$$.conf; grep -vE '^[[:space:]]*(server-threads|server-thread-affinity|active-replica|multi-master|min-clients-per-thread|storage-provider|enable-keydb-fastsync|active-client-balancing)' "$1" > "$c"; args+=("$c"); shift
fi
while [ $# -gt 0 ]; do
  case $1 in
    --server-threads|--server-thread-affinity|--active-replica|--multi-master|--min-clients-per-thread|--enable-keydb-fastsync|--active-client-balancing) shift; while [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; do shift; done ;;
    *) args+=("$1"); shift ;;
  esac
done
exec -a keydb-server /usr/bin/redis-server "${args[@]}" --protected-mode no
S
  chmod 755 "$r/$b/keydb-server"; for n in cli benchmark; do ln -s /usr/bin/redis-$n "$r/$b/keydb-$n"; done
}
