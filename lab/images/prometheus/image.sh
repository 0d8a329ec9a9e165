# shellcheck shell=bash
# Debian's Prometheus, without its pages, under the official image's paths.
PKGS="prometheus"
TAGS="prom/prometheus:v2.55.1 prom/prometheus:latest"
finish() {
  local r=$1 f
  for f in "$r"/usr/share/* "$r"/usr/lib/* "$r"/etc/*; do
    case $f in *passwd | *group) ;; *) rm -rf "$f" ;; esac
  done
  mkdir -p "$r/bin" "$r/prometheus" "$r/etc/prometheus"
  chown 65534:65534 "$r/prometheus"
}
