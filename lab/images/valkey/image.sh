# shellcheck shell=bash
PKGS="valkey-server valkey-tools"
TAGS="valkey/valkey:8 valkey/valkey:8.1 valkey/valkey:8-alpine valkey/valkey:9 valkey/valkey:latest"
USERS="valkey:999:1000:/data"
finish() {
  local r=$1
  rm -rf "$r/etc/valkey" "$r/var/lib/valkey" "$r/var/log/valkey"
  mkdir -p "$r/data"
  chown 999:1000 "$r/data"
}
