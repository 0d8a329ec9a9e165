# shellcheck shell=bash
# ClickHouse 18.16: the newest that Debian has (bookworm).
SUITE=bookworm BASE=none
BASE_PKGS="base-files base-passwd libc6 libc-bin busybox-static bash gosu ca-certificates netbase tzdata"
PKGS="clickhouse-server clickhouse-client"
DROP="adduser passwd debconf tar dpkg perl-base libdb5.3 libpam-modules libpam-modules-bin libsemanage2 libsemanage-common libsepol2 mysql-common openssl libdebconfclient0 debianutils mawk"
TAGS="clickhouse/clickhouse-server:latest clickhouse/clickhouse-server:25.11 clickhouse/clickhouse-server:25.8 clickhouse/clickhouse-server:24.8 clickhouse/clickhouse-server:latest-alpine"
USERS="clickhouse:101:101:/var/lib/clickhouse"
finish() {
  local r=$1
  mkdir -p "$r"/etc/clickhouse-server/{config.d,users.d} "$r"/var/{lib,log}/clickhouse-server "$r/docker-entrypoint-initdb.d" "$r/var/lib/clickhouse"
  chown -R 101:101 "$r/var/lib/clickhouse" "$r/var/log/clickhouse-server" "$r/etc/clickhouse-server"
  printf '#!/bin/sh\nc=$1; shift; exec clickhouse-$c "$@"\n' > "$r/usr/local/bin/clickhouse"; chmod 755 "$r/usr/local/bin/clickhouse"
  ln -s /usr/local/bin/docker-entrypoint.sh "$r/entrypoint.sh"
}
