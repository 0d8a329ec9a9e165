# shellcheck shell=bash
# Lab hosts: containers of this machine's engine with their own dockerd, sshd and network namespace. Hosts 1 to 3 are
# lab/host, host 4 is lab/bare (no Docker), host 0 is this machine through an sshd on loopback.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# what the hosts find at the lab's front (front_up)
LAB_NAMES="registry-1.docker.io docker.dragonflydb.io ghcr.io quay.io git.lab"

host_name() { echo "taffrail-lab-host$1"; }
host_image() { if [ "$1" = 4 ]; then echo "$LAB_REGISTRY/lab/bare:latest"; else echo "$LAB_REGISTRY/lab/host:latest"; fi; }

network_up() {
  docker network inspect "$LAB_NET" >/dev/null 2>&1 || docker network create -d bridge --subnet "$LAB_SUBNET" --gateway "$LAB_GW" \
    -o com.docker.network.bridge.name=tafflab0 "$LAB_NET" >/dev/null
}

# priv_args fills PRIV with what "docker run --privileged" means. Where this machine lacks a capability itself, as in many
# sandboxes, runc refuses the real flag ("unable to apply caps"), so only the capabilities there are get asked for.
# perfmon, bpf and checkpoint_restore are left out: engine 20.10 does not know them and sys_admin covers them.
priv_args() {
  local names=(chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
    net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot
    sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
    wake_alarm block_suspend audit_read)
  local have i
  have=$((16#$(awk '/^CapBnd/ {print $2}' "/proc/$(cat /var/run/docker.pid)/status")))
  PRIV=(--security-opt seccomp=unconfined --security-opt systempaths=unconfined --security-opt apparmor=unconfined
    --device-cgroup-rule 'a *:* rwm' --cap-drop ALL)
  for i in "${!names[@]}"; do if ((have >> i & 1)); then PRIV+=(--cap-add "${names[i]^^}"); fi; done
}

# host_up N: a host that stopped, or was made from another image, key or CA, is made anew; its images and volumes stay.
host_up() {
  local n=$1 name image key x hosts=()
  name=$(host_name "$n") image=$(host_image "$n")
  docker pull -q "$image" >/dev/null
  key=$({ docker image inspect -f '{{.Id}}' "$image"; cat "$LAB_KEY.pub" "$LAB_CACHE/ca/ca.crt" "$LAB/lib/hosts.sh"; } | sha256sum | cut -c1-16)
  if [ "$(docker inspect -f '{{.State.Running}} {{index .Config.Labels "taffrail.lab"}}' "$name" 2>/dev/null)" != "true $key" ]; then
    docker rm -fv "$name" >/dev/null 2>&1 || true
    priv_args
    for x in $LAB_NAMES; do hosts+=(--add-host "$x:$LAB_GW"); done
    docker run -d --name "$name" --hostname "server$n" --label "taffrail.lab=$key" "${PRIV[@]}" "${hosts[@]}" \
      --network "$LAB_NET" --ip "${LAB_GW%.*}.1$n" -p "127.0.0.1:$((LAB_SSH_BASE + n)):22" --tmpfs /run:exec --tmpfs /tmp:exec \
      -v "taffrail-lab-docker$n:/var/lib/docker" -e LAB_AUTHORIZED_KEY="$(cat "$LAB_KEY.pub")" -e LAB_CA="$(cat "$LAB_CACHE/ca/ca.crt")" \
      "$image" >/dev/null
  fi
  host_wait "$n"
}

# host_wait N: until ssh answers and, on a host that has Docker, dockerd does.
host_wait() {
  retry 300 lab_ssh "$1" 'command -v dockerd >/dev/null || exit 0; docker version' || {
    docker logs --tail 5 "$(host_name "$1")" >&2
    docker exec "$(host_name "$1")" tail -5 /var/log/dockerd.log >&2 || true
    die "host $1 does not come up"
  }
}

host_down() {
  docker rm -fv "$(host_name "$1")" >/dev/null 2>&1 || true
  docker volume rm "taffrail-lab-docker$1" >/dev/null 2>&1 || true
}

# lab_ssh N CMD...: as root, with nothing of this user's own ssh configuration.
lab_ssh() {
  local n=$1
  shift
  ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes \
    -o IdentitiesOnly=yes -o ConnectTimeout=5 -i "$LAB_KEY" -p "$((LAB_SSH_BASE + n))" root@127.0.0.1 "$@" </dev/null
}
