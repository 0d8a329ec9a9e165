# shellcheck shell=bash
# A Debian server as a deployer meets it: sshd with its stock limits (10 sessions a connection, MaxStartups 10:30:100),
# Docker, compose, buildx. lib/hosts.sh runs it. Users: root, deploy (in group docker, sudo), nodocker (neither).
BASE=none
BASE_PKGS="base-files base-passwd libc6 libc-bin bash dash coreutils sed grep mawk findutils tar gzip util-linux mount procps
  hostname login passwd sudo ca-certificates netbase tzdata openssl debianutils diffutils ncurses-base busybox-static"
PKGS="docker.io docker-cli docker-compose docker-buildx containerd runc iptables iproute2 openssh-server
  openssh-sftp-server git curl tini kmod"
DROP="perl perl-base perl-modules-5.40 libperl5.40 libdb5.3t64 libgdbm6t64 libgdbm-compat4t64 git-man liberror-perl debconf
  adduser libdebconfclient0 apparmor systemd needrestart ucf sysvinit-utils init-system-helpers runit-helper"
USERS="sshd:100:65534:/run/sshd deploy:1000:1000:/home/deploy nodocker:1001:1001:/home/nodocker"
finish() {
  local r=$1 p
  sed -i '/^docker:/d' "$r/etc/group"
  echo 'docker:x:998:deploy' >>"$r/etc/group"
  sed -i -E 's|^root:[^:]*:|root:x:|; s|^(deploy\|nodocker):(.*):/bin/sh$|\1:\2:/bin/bash|; s|^(sshd:.*):/bin/sh$|\1:/usr/sbin/nologin|' "$r/etc/passwd"
  awk -F: '{print $1 ":*:19000:0:99999:7:::"}' "$r/etc/passwd" >"$r/etc/shadow"
  chmod 640 "$r/etc/shadow"
  mkdir -p "$r"/{usr/local/share/ca-certificates,home/deploy,home/nodocker,run/sshd,etc/docker,etc/ssh,etc/sudoers.d,var/lib/docker,etc/pam.d}
  chown 1000:1000 "$r/home/deploy"
  chown 1001:1001 "$r/home/nodocker"
  echo 'deploy ALL=(ALL) NOPASSWD:ALL' >"$r/etc/sudoers.d/deploy"
  chmod 440 "$r/etc/sudoers.d/deploy" "$r/etc/sudoers"
  chmod 4755 "$r/usr/bin/sudo"
  # what maintainer scripts would have made
  for p in auth account password session; do echo "$p required pam_permit.so" >"$r/etc/pam.d/common-$p"; done
  cp "$r"/etc/pam.d/common-session{,-noninteractive}
  ln -sf dash "$r/usr/bin/sh"
  ln -sf mawk "$r/usr/bin/awk"
  for p in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do ln -sf xtables-nft-multi "$r/usr/sbin/$p"; done
  for p in vi wget nc less ping; do [ -e "$r/usr/bin/$p" ] || ln -s busybox "$r/usr/bin/$p"; done
  # no penalties: all tests come from one address, and one that breaks connections would shut the others out for minutes
  printf '%s\n' 'PermitRootLogin prohibit-password' 'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'UsePAM no' \
    'PerSourcePenalties no' \
    'UseDNS no' 'AcceptEnv LANG LC_*' 'Subsystem sftp internal-sftp' 'PrintMotd no' >"$r/etc/ssh/sshd_config"
  rm -rf "$r"/etc/ssh/sshd_config.d "$r"/etc/{init.d,rc*.d,default/docker,apparmor.d,cron*}
}
