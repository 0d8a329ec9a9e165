# shellcheck shell=bash
# Docker on this machine: the engine, its plugins, and a registry on loopback that the engine uses as its Docker Hub
# mirror, so that plain names ("redis:7.2") are pulled from it.
. "$(dirname "${BASH_SOURCE[0]}")/debs.sh"

registry_up() {
  installed docker-registry curl
  mkdir -p "$LAB_CACHE/registry"
  cat >"$LAB_RUN/registry.yml" <<Y
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $LAB_CACHE/registry}
  delete: {enabled: true}
  maintenance: {uploadpurging: {enabled: false}}
http: {addr: "$LAB_REGISTRY", secret: lab, relativeurls: true}
Y
  OTEL_TRACES_EXPORTER=none spawn registry docker-registry serve "$LAB_RUN/registry.yml"
  retry 50 curl -fsS "http://$LAB_REGISTRY/v2/" || {
    tail -5 "$LAB_RUN/registry.log" >&2
    die "the registry does not answer on $LAB_REGISTRY"
  }
}

# engine_foreign: whether there is a working Docker with Compose that is not the lab's: a person's own machine.
engine_foreign() {
  docker info 2>/dev/null | grep -q "^Server:" && docker compose version >/dev/null 2>&1 && ! docker info 2>/dev/null | grep -q "http://$LAB_REGISTRY"
}

# engine_up leaves a running engine and an existing configuration alone. It writes daemon.json before the package is
# installed and before dockerd starts: BuildKit takes a mirror only at the engine's start, and systemd starts it at once.
engine_up() {
  if ! docker version >/dev/null 2>&1; then
    if [ ! -e /etc/docker/daemon.json ]; then
      mkdir -p /etc/docker
      printf '{\n  "registry-mirrors": ["http://%s"]\n}\n' "$LAB_REGISTRY" >/etc/docker/daemon.json
    fi
    installed docker.io iptables iproute2
    docker version >/dev/null 2>&1 || dockerd_start
  fi
  docker info 2>/dev/null | grep -q "http://$LAB_REGISTRY" ||
    log "note: this machine's Docker does not use the lab's registry (http://$LAB_REGISTRY) as its mirror"
  # a second dockerd on the same machine with "--bridge none" takes docker0 away from the first
  ip link show docker0 >/dev/null 2>&1 || {
    ip link add docker0 type bridge
    ip addr add 172.17.0.1/16 dev docker0
    ip link set docker0 up
  }
}

dockerd_start() {
  local mirror=()
  # dockerd and its containerd trust a pid file whose pid is alive, whoever has that pid now
  runs dockerd "$(cat /var/run/docker.pid 2>/dev/null)" || rm -f /var/run/docker.pid
  runs containerd "$(cat /var/run/docker/containerd/containerd.pid 2>/dev/null)" || rm -f /var/run/docker/containerd/containerd.pid
  grep -q registry-mirrors /etc/docker/daemon.json || mirror=(--registry-mirror "http://$LAB_REGISTRY")
  if [ -d /run/systemd/system ]; then systemctl start docker; else spawn dockerd dockerd "${mirror[@]}"; fi
  retry 300 docker version || {
    tail -5 "$LAB_RUN/dockerd.log" >&2
    die "dockerd does not start"
  }
}

# plugins_up: compose and buildx out of the newest suite whose packages run here. Debian 12 has neither; they are Go
# programs that need little more than libc >= 2.34.
plugins_up() {
  local dir=/usr/local/lib/docker/cli-plugins suite p deb tmp
  for suite in sid trixie; do
    docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 && return
    mkdir -p "$dir"
    apt_opts "$suite" /dev/null
    for p in docker-compose docker-buildx; do
      (cd "$LAB_CACHE/debs/$suite" && apt-get "${APT[@]}" download "$p" >/dev/null 2>&1) || continue
      deb=$(ls -t "$LAB_CACHE/debs/$suite/${p}"_*.deb | head -1)
      tmp=$(mktemp -d)
      dpkg-deb -x "$deb" "$tmp"
      if "$tmp/usr/libexec/docker/cli-plugins/$p" docker-cli-plugin-metadata >/dev/null 2>&1; then
        install -m 755 "$tmp/usr/libexec/docker/cli-plugins/$p" "$dir/$p"
      fi
      rm -rf "$tmp"
    done
  done
  docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 || die "no compose or buildx plugin that runs here"
}
