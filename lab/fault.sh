#!/bin/bash
# Faults to switch on and off. N is a host of the lab: 1, 2, 3, or 4 (the bare one).
#
#   lab/fault.sh kill-ssh N        ends every ssh session of the host, as a crash of sshd would: connections are reset
#   lab/fault.sh drop-ssh N        packets to its sshd vanish: connections hang         (undrop-ssh N)
#   lab/fault.sh cut N             its network link goes down: everything hangs         (mend N)
#   lab/fault.sh slow N 10mbit     what it receives is slow: pulls, uploads             (fast N)
#   lab/fault.sh kill-dockerd N    SIGKILL; it comes back at once
#   lab/fault.sh stop-dockerd N    it stays away                                        (start-dockerd N)
#   lab/fault.sh reboot N          every process of the host ends and it starts again; returns when it is ready
#   lab/fault.sh renew N           a host like new: no images, containers, volumes or installed packages
#   lab/fault.sh wait N            until ssh and dockerd answer
#   lab/fault.sh heal N            undoes drop-ssh, cut, slow and stop-dockerd
#
# The registries as hosts 1 to 4 see them (not this machine's own Docker):
#   lab/fault.sh registry-rate BYTES_PER_S | registry-delay MS    0: no limit
#   lab/fault.sh registry-fail STATUS COUNT [PATH_REGEXP]         the next COUNT requests answer STATUS
#   lab/fault.sh registry-cut BYTES COUNT [PATH_REGEXP]           the next COUNT answers break off after BYTES
#   lab/fault.sh registry-log | registry-reset
. "$(dirname "$0")/lib/hosts.sh"
FRONT=http://127.0.0.1:5080/_lab

on() { docker exec "$(host_name "$N")" "$@"; }
in_netns() { nsenter -t "$(docker inspect -f '{{.State.Pid}}' "$(host_name "$N")")" -n "$@"; }
# the machine's end of the host's link
link() {
  local i
  i=$(on cat /sys/class/net/eth0/iflink)
  ip -o link | awk -F': ' -v i="$i" '$1 == i {sub(/@.*/, "", $2); print $2}'
}
undrop() { while in_netns iptables -D INPUT -p tcp --dport 22 -j DROP 2>/dev/null; do :; done; }
ask() {
  local what=$1 arg args=()
  shift
  for arg; do args+=(--data-urlencode "$arg"); done
  curl -fsS -X POST "${args[@]}" "$FRONT/$what"
}

[ $# -ge 1 ] || set -- help
VERB=$1 N=${2:-}
case $VERB in
registry-* | help) ;;
*) docker inspect "$(host_name "$N")" >/dev/null 2>&1 || die "no host $N: lab/up.sh status" ;;
esac
case $VERB in
kill-ssh) on pkill -KILL -f '^sshd-session: ' || [ $? = 1 ] ;;
drop-ssh) in_netns iptables -I INPUT -p tcp --dport 22 -j DROP ;;
undrop-ssh) undrop ;;
cut) ip link set "$(link)" down ;;
mend) ip link set "$(link)" up ;;
slow) tc qdisc replace dev "$(link)" root tbf rate "${3:-10mbit}" burst 64kb latency 400ms ;;
fast) tc qdisc del dev "$(link)" root 2>/dev/null || true ;;
kill-dockerd) on sh -c 'kill -KILL $(cat /run/lab-dockerd.pid)' ;;
stop-dockerd) on sh -c 'touch /run/lab-no-docker && p=$(cat /run/lab-dockerd.pid) && kill $p && while kill -0 $p 2>/dev/null; do sleep 0.1; done' ;;
start-dockerd) on rm -f /run/lab-no-docker && host_wait "$N" ;;
reboot) docker restart -t 5 "$(host_name "$N")" >/dev/null && host_wait "$N" ;;
renew) host_down "$N" && host_up "$N" ;;
wait) host_wait "$N" ;;
heal)
  ip link set "$(link)" up
  undrop
  tc qdisc del dev "$(link)" root 2>/dev/null || true
  on rm -f /run/lab-no-docker
  host_wait "$N"
  ;;
registry-rate) ask rate "bps=$2" ;;
registry-delay) ask delay "ms=$2" ;;
registry-fail) ask fail "status=$2" "count=$3" "match=${4:-.}" ;;
registry-cut) ask cut "after=$2" "count=$3" "match=${4:-.}" ;;
registry-reset) ask reset ;;
registry-log) curl -fsS "$FRONT/log" ;;
*) sed -n '2,/^\. /s/^# \?//p' "$0" | sed '/^\. /d' && exit 2 ;;
esac
