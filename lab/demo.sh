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
[ -t 1 ] || exit 0 # in a script the tour ends here
say "Ctrl-C stops the server."
wait $SERVER
