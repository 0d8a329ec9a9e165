# shellcheck shell=bash
# The real Traefik from the Go module proxy, without the pages of its dashboard, on the lab's base instead of Alpine.
PKGS="netcat-openbsd"
TAGS="traefik:v3.6 traefik:v3.6.12 traefik:v3 traefik:latest"
finish() {
  local r=$1 c=$LAB_CACHE/build/traefik
  build_traefik "$c"
  mkdir -p "$r/usr/local/bin" "$r/usr/bin" "$r/etc/traefik"
  install -m 755 "$c/traefik" "$r/usr/local/bin/traefik"
  ln -sf nc.openbsd "$r/usr/bin/nc"
}
# It is built in its own tree, since its go.mod has replacements that a module of ours would not inherit.
build_traefik() {
  [ -x "$1/traefik" ] && return
  mkdir -p "$1"
  (
    cd "$1"
    local m=github.com/traefik/traefik/v3@v3.6.12
    go mod download "$m"
    rm -rf tree
    cp -r "$(go env GOMODCACHE)/$m" tree
    chmod -R u+w tree
    cd tree
    CGO_ENABLED=0 nice go build -trimpath -ldflags '-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=3.6.12' -o ../traefik.tmp ./cmd/traefik
    cd ..
    mv traefik.tmp traefik
    rm -rf tree
  ) >"$1/build.log" 2>&1 || {
    tail -5 "$1/build.log" >&2
    die "traefik"
  }
}
