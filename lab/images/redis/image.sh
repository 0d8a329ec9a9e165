# shellcheck shell=bash
PKGS="redis-server redis-tools"
TAGS="redis:7.2 redis:7 redis:7-alpine redis:7.2-alpine redis:8 redis:8-alpine redis:6.2 redis:latest redis:alpine"
USERS="redis:999:1000:/data"
finish() {
  local r=$1
  rm -rf "$r/etc/redis" "$r/var/lib/redis" "$r/var/log/redis"
  mkdir -p "$r/data"; chown 999:1000 "$r/data"
}
