#!/bin/bash
# All tests as one stream of JSON: everything with the race detector, then the browser's by
# themselves without it. A million lines in a SQLite that is watched for races take minutes,
# and Docker's interfaces that come and go make a browser break off what it loads.
set -uo pipefail
cd "$(dirname "$0")/.."
GO=${GO:-go}
mapfile -t packages < <("$GO" list ./... | grep -v '/e2e/browser$')
[ "${#packages[@]}" -gt 0 ] || exit 1
status=0
# No cached results: the lab is no part of the cache's key.
"$GO" test -json -race -count=1 -timeout 40m "${packages[@]}" || status=1
"$GO" test -json -count=1 -timeout 15m ./e2e/browser || status=1
exit $status
