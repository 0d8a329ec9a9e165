# shellcheck shell=bash
# The real Caddy with the real caddy-docker-proxy plugin, from the Go module proxy, on the lab's base instead of Alpine.
# nc is one that knows -z, as BusyBox does there.
PKGS="netcat-openbsd"
TAGS="lucaslorentz/caddy-docker-proxy:2.10-alpine lucaslorentz/caddy-docker-proxy:2.10.0-alpine"
finish() {
  local r=$1 c=$LAB_CACHE/build/caddy
  build_caddy "$c"
  mkdir -p "$r"/{config,data,etc/caddy,usr/bin}
  install -D -m 755 "$c/caddy" "$r/usr/bin/caddy"
  ln -sf nc.openbsd "$r/usr/bin/nc"
}
build_caddy() {
  [ -x "$1/caddy" ] && return
  mkdir -p "$1"
  (
    cd "$1"
    [ -e go.mod ] || go mod init lab/caddy >/dev/null 2>&1
    printf 'package main\nimport (\n\tcmd "github.com/caddyserver/caddy/v2/cmd"\n\t_ "github.com/caddyserver/caddy/v2/modules/standard"\n\t_ "github.com/lucaslorentz/caddy-docker-proxy/v2"\n)\nfunc main() { cmd.Main() }\n' >main.go
    go get github.com/lucaslorentz/caddy-docker-proxy/v2@v2.10.0 && go mod tidy
    CGO_ENABLED=0 nice go build -trimpath -ldflags '-s -w' -o caddy.tmp .
    mv caddy.tmp caddy
  ) >"$1/build.log" 2>&1 || {
    tail -5 "$1/build.log" >&2
    die "caddy"
  }
}
