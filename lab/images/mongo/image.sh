# shellcheck shell=bash
# MongoDB stand-in: FerretDB 1.24 (Go, SQLite) behind mongod's flags; mongosh is the real one, on this machine's node;
# mongodump and mongorestore are scripts for it, behind the flags of the real ones.
TAGS="mongo:7 mongo:7.0 mongo:6 mongo:8 mongo:latest"
USERS="mongodb:999:999:/data/db"
finish() {
  local r=$1 c=$LAB_CACHE/build/mongo
  build_ferretdb "$c/ferretdb"; build_mongosh "$c/mongosh"
  mkdir -p "$r/usr/local/bin" "$r/usr/local/lib/mongosh" "$r"/data/{db,configdb} "$r/docker-entrypoint-initdb.d"; chown 999:999 "$r"/data/{db,configdb}
  cp "$c/ferretdb/ferretdb" "$r/usr/local/bin/"; go_build "$r/usr/local/bin/mongod" src/mongod
  cp -a "$c/mongosh/node_modules" "$r/usr/local/lib/mongosh/"; cp "$(readlink -f "$(command -v node)")" "$r/usr/local/bin/node"
  mkdir -p "$r/etc"; printf 'mongosh:\n  enableTelemetry: false\n  updateURL: ""\n' > "$r/etc/mongosh.conf"   # nothing here may try to call out
  printf '#!/bin/sh\nexec node /usr/local/lib/mongosh/node_modules/mongosh/bin/mongosh.js "$@"\n' > "$r/usr/local/bin/mongosh"; chmod 755 "$r/usr/local/bin/mongosh"
}
build_ferretdb() {
  [ -x "$1/ferretdb" ] && return; mkdir -p "$1"; ( cd "$1"
  [ -e go.mod ] || go mod init lab/ferretdb >/dev/null 2>&1
  printf '//go:build tools\npackage tools\nimport _ "github.com/FerretDB/FerretDB/cmd/ferretdb"\n' > tools.go
  go get github.com/FerretDB/FerretDB/cmd/ferretdb@v1.24.2 && go mod vendor
  echo v1.24.2 > vendor/github.com/FerretDB/FerretDB/build/version/version.txt   # the module leaves it to a release script
  CGO_ENABLED=0 go build -mod=vendor -trimpath -ldflags '-s -w' -tags ferretdb_no_postgresql,ferretdb_no_mysql,ferretdb_no_hana -o ferretdb.tmp github.com/FerretDB/FerretDB/cmd/ferretdb
  mv ferretdb.tmp ferretdb ) >"$1/build.log" 2>&1 || { tail -5 "$1/build.log" >&2; die "ferretdb"; }
}
build_mongosh() {
  [ -e "$1/node_modules/mongosh" ] && return; mkdir -p "$1"; ( cd "$1"
  echo '{"private":true}' > package.json
  npm install mongosh@2.12.0 --omit=optional --no-audit --no-fund --ignore-scripts
  find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.md' -o -name '*.flow' \) -delete
  rm -rf node_modules/typescript ) >"$1.log" 2>&1 || { tail -5 "$1.log" >&2; die "mongosh"; }
}
SOURCES="src/mongod"
