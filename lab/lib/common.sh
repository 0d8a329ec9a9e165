# shellcheck shell=bash disable=SC2034
# Settings and helpers of every lab script.
set -euo pipefail
LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_CACHE=${TAFFRAIL_LAB_CACHE:-/var/cache/taffrail-lab} # downloads, images, keys, Postgres: safe to keep, safe to delete
LAB_RUN=${TAFFRAIL_LAB_RUN:-/run/taffrail-lab}           # pid files, logs, sockets, the env file
LAB_REGISTRY=${TAFFRAIL_LAB_REGISTRY:-127.0.0.1:5000}
LAB_SUITE=${TAFFRAIL_LAB_SUITE:-trixie}                  # the Debian suite that images and hosts are made from
LAB_KEY=$LAB_CACHE/ssh/id_ed25519                        # logs in to every host, and to this machine as host 0
LAB_SSH_BASE=2200                                        # host N answers ssh on 127.0.0.1:$((LAB_SSH_BASE + N))
LAB_COOLIFY_MCP=@masonator/coolify-mcp@3.5.0            # a client of the API that the tests drive
LAB_NET=taffrail-lab LAB_SUBNET=198.18.77.0/24 LAB_GW=198.18.77.1
export LAB LAB_CACHE LAB_RUN LAB_REGISTRY LAB_SUITE LAB_KEY

log() { printf '%s lab: %s\n' "$(date +%H:%M:%S)" "$*" >&2; }
die() {
  log "error: $*"
  exit 1
}

# timed WORDS CMD...: runs CMD and says how long it took, when that is worth a line.
timed() {
  local what=$1 from=${EPOCHREALTIME/./} ms
  shift
  "$@"
  ms=$(((${EPOCHREALTIME/./} - from) / 1000))
  ((ms < 500)) || log "$what: $((ms / 1000)).$((ms % 1000 / 100)) s"
}

# retry N CMD...: up to N tries, a tenth of a second apart.
retry() {
  local n=$1 i
  shift
  for ((i = 0; i < n; i++)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  return 1
}

# A pid file holds the pid and the process's start time: a pid alone may meanwhile be another process's. A dead process that
# nobody has waited for has none.
start_time() { sed -n 's/.*) \([^ZX] .*\)/\1/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
runs() { [ -n "$(start_time "$2")" ] && [ "$(cat "/proc/$2/comm")" = "$1" ]; } # runs NAME PID
alive() {
  local pid start
  { read -r pid start <"$LAB_RUN/$1.pid"; } 2>/dev/null && [ -n "$start" ] && [ "$(start_time "$pid")" = "$start" ]
}

# spawn NAME CMD...: starts CMD in a session of its own, unless the one started earlier still runs.
spawn() {
  local name=$1
  shift
  alive "$name" && return
  setsid "$@" >"$LAB_RUN/$name.log" 2>&1 </dev/null 9>&- &
  echo "$! $(start_time $!)" >"$LAB_RUN/$name.pid"
}

# halt NAME [SIGNAL]: ends what spawn started and waits until it is gone.
halt() {
  local pid
  if alive "$1"; then
    read -r pid _ <"$LAB_RUN/$1.pid"
    kill "-${2:-TERM}" "$pid"
    for _ in {1..100}; do alive "$1" && sleep 0.1 || break; done
    ! alive "$1" || kill -KILL "$pid"
  fi
  rm -f "$LAB_RUN/$1.pid"
}

# installed PKG...: installs the Debian packages that are missing; the package lists are fetched only when they have to be.
installed() {
  local want=() p
  for p; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || want+=("$p")
  done
  [ ${#want[@]} = 0 ] || apt_install "${want[@]}" || { apt-get update -q >/dev/null && apt_install "${want[@]}"; } || {
    tail -5 "$LAB_RUN/apt.log" >&2
    die "apt-get install ${want[*]}"
  }
}
apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-confold \
    "$@" >"$LAB_RUN/apt.log" 2>&1 </dev/null 9>&-
}
