# shellcheck shell=bash
# A real Debian server without Docker, for "install it for me": unlike lab/host its package state is complete and its apt
# reaches what this machine's apt reaches. Users: root, deploy (sudo), nodocker (nothing).
BASE=none SOURCES=images/host/root
system() {
  local r=$1
  installed mmdebstrap
  apt_opts "$SUITE" /dev/null
  mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Languages "none"' --skip=check/empty \
    --include=openssh-server,ca-certificates,sudo,tini,curl,procps,iproute2,init-system-helpers \
    "$SUITE" "$r" "$LAB_CACHE/apt/$SUITE/sources.list" >"$LAB_RUN/mmdebstrap.log" 2>&1 </dev/null || {
    tail -5 "$LAB_RUN/mmdebstrap.log" >&2
    die "mmdebstrap"
  }
}
finish() {
  local r=$1 u
  # this machine's way to its mirror: proxies, extra trust, a clock that is off
  apt-config dump | grep -E '^Acquire::(Check-|Retries|https?::)' >"$r/etc/apt/apt.conf.d/90lab" || true
  cp /etc/ssl/certs/ca-certificates.crt "$r/etc/ssl/certs/ca-certificates.crt"
  mkdir -p "$r"/etc/docker "$r/usr/local/share/ca-certificates"
  echo '{"shutdown-timeout": 5}' >"$r/etc/docker/daemon.json"
  for u in deploy nodocker; do
    chroot "$r" useradd -m -s /bin/bash "$u"
    chroot "$r" usermod -p '*' "$u"
  done
  echo 'deploy ALL=(ALL) NOPASSWD:ALL' >"$r/etc/sudoers.d/deploy"
  install -D -m 755 "$LAB/images/host/root/usr/local/sbin/lab-host" "$r/usr/local/sbin/lab-host"
  rm -f "$r"/etc/ssh/ssh_host_* "$r/etc/machine-id"
}
