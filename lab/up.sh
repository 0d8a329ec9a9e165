#!/bin/bash
# The lab: what Taffrail's tests and its demo need on a bare Debian 12 machine (root, Go). Everything comes from Debian's
# packages, the Go module proxy and the npm registry, through the clients as this machine has them configured.
#
#   lab/up.sh engine   Docker Engine, compose, buildx, a registry, and the images of the demo
#   lab/up.sh test     besides: hosts with sshd and Docker, host 0, a bare host, git, PostgreSQL, S3, the images of the tests
#   lab/up.sh all      besides: a third host and the images of every database engine, node and Go
#   lab/up.sh proxies  only the images of the reverse proxies, Caddy and Traefik: compiled, which takes minutes once
#   lab/up.sh browser  only Chromium and axe-core, for the tests of the web interface
#   lab/up.sh image NAME...   only these images (folders of lab/images)
#   lab/up.sh env      prints what the tests read, as shell exports
#   lab/up.sh status | down | purge   what runs | stop it, not Docker itself | and delete what was downloaded and built
#
# It may be run again at any time: it does only what is missing.
. "$(dirname "$0")/lib/engine.sh"
. "$LAB/lib/images.sh"
. "$LAB/lib/services.sh"
. "$LAB/lib/browser.sh"

IMAGES_DEMO="redis base"
IMAGES_TEST="traefik caddy mongo mysql mariadb clickhouse bare host postgres redis valkey keydb dragonfly nginx miniflux prometheus hello base" # slow ones first
IMAGES_PROXIES="caddy traefik"
IMAGES_ALL="traefik caddy mongo bare host mysql postgres mariadb clickhouse redis valkey keydb dragonfly nginx miniflux prometheus node golang hello base" # slow ones first

engine() {
  timed registry registry_up
  timed engine engine_up
  timed plugins plugins_up
}
hosts() {
  local n
  timed keys keys_up
  timed front front_up
  timed sshd sshd_up
  timed git git_up
  timed npm npm_up
  timed s3 s3_up "$S3_BUILD"
  for n; do timed "host $n" host_up "$n"; done
}
env_print() {
  cat <<E
export TAFFRAIL_LAB=1
export TAFFRAIL_LAB_SSH_KEY=$LAB_KEY
export TAFFRAIL_LAB_HOST0=127.0.0.1:$((LAB_SSH_BASE + 0))
export TAFFRAIL_LAB_HOST1=127.0.0.1:$((LAB_SSH_BASE + 1))
export TAFFRAIL_LAB_HOST2=127.0.0.1:$((LAB_SSH_BASE + 2))
export TAFFRAIL_LAB_HOST_BARE=127.0.0.1:$((LAB_SSH_BASE + 4))
export TAFFRAIL_LAB_POSTGRES='postgres://postgres:taffrail@127.0.0.1:$LAB_POSTGRES_PORT/postgres?sslmode=disable'
export TAFFRAIL_LAB_REGISTRY=$LAB_REGISTRY
export TAFFRAIL_LAB_FRONT=http://127.0.0.1:5080
export TAFFRAIL_LAB_CA=$LAB_CACHE/ca/ca.crt
export TAFFRAIL_LAB_S3=http://127.0.0.1:$LAB_S3_PORT
export TAFFRAIL_LAB_S3_HOSTS=http://$LAB_GW:$LAB_S3_PORT
export TAFFRAIL_LAB_S3_KEY=$LAB_S3_KEY
export TAFFRAIL_LAB_S3_SECRET=$LAB_S3_SECRET
export TAFFRAIL_LAB_S3_BUCKET=$LAB_S3_BUCKET
export TAFFRAIL_LAB_FAULT=$LAB/fault.sh
export TAFFRAIL_LAB_COOLIFY_MCP=$LAB_CACHE/npm/${LAB_COOLIFY_MCP##*@}/node_modules/@masonator/coolify-mcp/dist/index.js
export TAFFRAIL_LAB_AXE=$LAB_CACHE/axe/node_modules/axe-core/axe.min.js
E
}
status() {
  local p
  for p in registry front sshd git s3 postgres; do if alive "$p"; then echo "$p: running"; else echo "$p: down"; fi; done
  docker version -f 'engine {{.Server.Version}}' 2>/dev/null || echo 'engine: down'
  docker ps -a --filter label=taffrail.lab --format '{{.Names}}: {{.Status}} {{.Ports}}' 2>/dev/null || true
}
down() {
  local x
  for x in 1 2 3 4; do host_down "$x"; done
  for x in s3 git sshd front registry; do halt "$x"; done
  halt postgres INT
  docker network rm "$LAB_NET" >/dev/null 2>&1 || true
  rm -f "$LAB_RUN/env"
}

case ${1:-} in
env) env_print && exit ;;
status) status && exit ;;
engine | test | all | proxies | browser | image | down | purge) ;;
*) sed -n '2,/^$/s/^# \?//p' "$0" && exit 2 ;;
esac
if [ "$1" = engine ] && engine_foreign; then
  log "this machine's Docker and Compose work already and are left as they are"
  exit
fi
[ "$(id -u)" = 0 ] || die "the lab needs root"
mkdir -p "$LAB_CACHE" "$LAB_RUN"
exec 9>"$LAB_RUN/lock"
flock -n 9 || { log "waiting for another lab/up.sh" && flock 9; }
case $1 in
engine) engine && timed images images $IMAGES_DEMO ;;
test)
  s3_build 9>&- &
  S3_BUILD=$!
  timed browser browser_up
  timed postgres postgres_up
  engine
  timed images images $IMAGES_TEST
  hosts 1 2 4
  env_print >"$LAB_RUN/env"
  ;;
all)
  s3_build 9>&- &
  S3_BUILD=$!
  timed browser browser_up
  timed postgres postgres_up
  engine
  timed images images $IMAGES_ALL
  hosts 1 2 3 4
  env_print >"$LAB_RUN/env"
  ;;
proxies) engine && images $IMAGES_PROXIES ;;
browser) timed browser browser_up ;;
image) shift && engine && images "$@" ;;
down) down ;;
purge) down && rm -rf "$LAB_CACHE" "$LAB_RUN" ;;
esac
