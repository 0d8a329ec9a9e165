#!/bin/bash
# A whole tour in one command: a server on loopback, a token, a service from a compose file, a locked variable, a deployment.
# `make demo` prepares Docker and bin/taffrail, and calls this. The server goes on running; `make demo-down` ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
DATA=./data/demo LISTEN=127.0.0.1:8000
export TAFFRAIL_URL=http://$LISTEN TAFFRAIL_TOKEN
taffrail() { bin/taffrail "$@"; }
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

healthy() { curl -fsS "$TAFFRAIL_URL/api/health" 2>/dev/null | grep -q OK; }
running() { [ -s "$DATA/server.pid" ] && [ "$(readlink "/proc/$(cat "$DATA/server.pid")/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$PWD/bin/taffrail" ]; }
token() { TAFFRAIL_TOKEN=$(taffrail token create --data "$DATA" --name demo --abilities root); }

if [ "${1:-}" = down ]; then
  running || { echo "The demo does not run." && exit; }
  token
  taffrail services delete demo --volumes --yes && taffrail logs -f "$(taffrail deployments -o name | head -1)"
  kill "$(cat "$DATA/server.pid")"
  rm -f "$DATA/server.pid"
  exit
fi

mkdir -p "$DATA"
say "1. The server, on $TAFFRAIL_URL"
if ! running; then
  setsid bin/taffrail server --listen "$LISTEN" --data "$DATA" >"$DATA/server.log" 2>&1 </dev/null &
  echo $! >"$DATA/server.pid"
fi
for _ in $(seq 100); do
  kill -0 "$(cat "$DATA/server.pid")" || { tail "$DATA/server.log" && exit 1; }
  healthy && break
  sleep 0.1
done

say "2. A token for it"
token

say "3. A service, with a variable that nobody can read back"
export DEMO_PASSWORD=${DEMO_PASSWORD:-correct-horse-battery} # named without its value below, so that no list of processes shows it
taffrail services get demo >/dev/null 2>&1 || taffrail services create --name demo --file lab/demo/compose.yaml
taffrail services envs set demo DEMO_PASSWORD --lock DEMO_PASSWORD

say "4. A deployment of it, followed to its end"
taffrail deploy demo --wait --note "the tour"

say "5. What the worker says: the password is masked in everything that is shown"
taffrail services logs demo worker

say "6. The history"
taffrail deployments

say "Everything that happened is kept:"
cat <<E
  $TAFFRAIL_URL        in a browser; the API is described at $TAFFRAIL_URL/docs

  export TAFFRAIL_URL=$TAFFRAIL_URL TAFFRAIL_TOKEN='$TAFFRAIL_TOKEN'
  bin/taffrail deployments          who deployed what, when, why, and how it ended
  bin/taffrail show UUID            one deployment: its steps, exit codes, images
  bin/taffrail logs UUID            its log
  bin/taffrail services stop demo --wait
E
say "The server goes on running; make demo-down ends it and takes the stack away."
