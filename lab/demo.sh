#!/bin/bash
# A whole tour in one command: a server on loopback, a token, a service from a compose file, a locked variable, a deployment.
# `make demo` prepares Docker and bin/taffrail, and calls this. Ctrl-C stops the server; the stack keeps running.
set -euo pipefail
cd "$(dirname "$0")/.."
DATA=./data/demo LISTEN=127.0.0.1:8000
export TAFFRAIL_URL=http://$LISTEN TAFFRAIL_TOKEN
taffrail() { bin/taffrail "$@"; }
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

mkdir -p "$DATA"
say "1. The server, on $TAFFRAIL_URL"
bin/taffrail server --listen "$LISTEN" --data "$DATA" >"$DATA/server.log" 2>&1 &
SERVER=$!
trap 'kill $SERVER 2>/dev/null; wait $SERVER' EXIT
for _ in $(seq 100); do
  kill -0 $SERVER 2>/dev/null || { tail "$DATA/server.log" && exit 1; }
  curl -fsS "$TAFFRAIL_URL/api/health" 2>/dev/null | grep -q OK && break
  sleep 0.1
done

say "2. A token for it"
TAFFRAIL_TOKEN=$(taffrail token create --data "$DATA" --name demo --abilities root)

say "3. A service, with a variable that nobody can read back"
taffrail services show demo >/dev/null 2>&1 || taffrail services create --name demo --file lab/demo/compose.yaml
taffrail services env demo set --locked DEMO_PASSWORD=correct-horse-battery

say "4. A deployment of it, followed to its end"
taffrail deploy demo --wait

say "Everything that happened is kept:"
cat <<E
  $TAFFRAIL_URL                     in a browser
  export TAFFRAIL_URL=$TAFFRAIL_URL TAFFRAIL_TOKEN='$TAFFRAIL_TOKEN'
  bin/taffrail deployments          the history
  bin/taffrail logs UUID            one deployment's log
E
[ -t 1 ] || exit 0 # in a script the tour ends here
say "Ctrl-C stops the server."
wait $SERVER
