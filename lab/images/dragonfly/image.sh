# shellcheck shell=bash
NEEDS=redis BASE=redis
TAGS="dragonflydb/dragonfly:latest dragonflydb/dragonfly:v1.34.1"
USERS="dfly:999:999:/data"
finish() {
  local r=$1 b=usr/local/bin
  mkdir -p "$r/$b"
  cat > "$r/$b/dragonfly" <<'S'
#!/bin/bash
# Dragonfly's flags (--name=value or --name value) on redis-server; unknown names fail as they do there.
args=(--protected-mode no --dir /data); port=6379 tls= cert= key= ca= conf=
while [ $# -gt 0 ]; do
  f=$1; shift
  case $f in -*) ;; *) echo "unexpected argument $f" >&2; exit 1 ;; esac
  f=${f#-}; f=${f#-}
  case $f in
    *=*) n=${f%%=*} v=${f#*=} ;;
    logtostderr|alsologtostderr|cache_mode|tls|nologtostderr|notls|cluster_mode|primary_port_http_enabled|nodf_snapshot_format|version|help) n=$f v=true ;;
    *) n=$f v=${1:-}; [ $# -gt 0 ] && shift ;;
  esac
  case $n in
    requirepass) # never in an argument list, where the real one has it not either when it comes from a flagfile
      conf=$(mktemp /tmp/dragonfly.XXXXXX)
      printf 'requirepass "%s"\n' "$(printf %s "$v" | od -An -v -tx1 | tr -d ' \n' | sed 's/../\\x&/g')" >"$conf" ;;
    bind|dir|maxclients) args+=(--$n "$v") ;;
    port) port=$v ;;
    maxmemory) args+=(--maxmemory "${v//[^0-9kKmMgGbB]/}") ;;
    dbfilename) args+=(--dbfilename "$v.rdb") ;;
    snapshot_cron) ;;
    flagfile)
      [ -r "$v" ] || { echo "Can't open flagfile $v" >&2; exit 1; }
      lines=()
      while IFS= read -r line || [ -n "$line" ]; do
        line=${line#"${line%%[![:space:]]*}"}
        case $line in '' | '#'*) ;; -*) lines+=("$line") ;; *) echo "Unexpected line in the flagfile $v: $line" >&2; exit 1 ;; esac
      done <"$v"
      set -- "${lines[@]}" "$@" ;;
    tls) [ "$v" = true ] && tls=1 ;;
    tls_cert_file) cert=$v ;; tls_key_file) key=$v ;; tls_ca_cert_file) ca=$v ;;
    version) echo "dragonfly v1.34.1-lab (redis stand-in)"; exit 0 ;;
    aclfile) args+=(--aclfile "$v") ;;
    logtostderr|alsologtostderr|nologtostderr|notls|cache_mode|cluster_mode|primary_port_http_enabled|nodf_snapshot_format|proactor_threads|default_lua_flags|admin_port|hz|dbnum|memcached_port|log_dir|minloglevel|keys_output_limit|tls_ca_cert_dir|conn_io_threads|interpreter_per_thread|lock_on_hashtags|enable_direct_fd|df_snapshot_format) ;;
    *) echo "ERROR: Unknown command line flag '$n'" >&2; exit 1 ;;
  esac
done
if [ -n "$tls" ]; then args+=(--port 0 --tls-port "$port" --tls-cert-file "$cert" --tls-key-file "$key"); [ -n "$ca" ] && args+=(--tls-ca-cert-file "$ca") || args+=(--tls-auth-clients no --tls-ca-cert-file "$cert")
else args+=(--port "$port"); fi
exec -a dragonfly /usr/bin/redis-server ${conf:+"$conf"} "${args[@]}"
S
  cat > "$r/$b/healthcheck.sh" <<'S'
#!/bin/sh
exec /usr/bin/redis-cli -p "${HEALTHCHECK_PORT:-6379}" ping >/dev/null
S
  chmod 755 "$r/$b/dragonfly" "$r/$b/healthcheck.sh"
  ln -s docker-entrypoint.sh "$r/$b/entrypoint.sh"
}
