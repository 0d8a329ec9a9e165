# shellcheck shell=bash
PKGS="postgresql-17 postgresql-client-17"
DROP="libllvm19 libz3-4 libperl5.40 perl-modules-5.40 perl perl-base locales libc-l10n passwd login.defs adduser postgresql-common
 postgresql-common-dev postgresql-client-common libipc-run-perl libjson-perl libio-pty-perl procps libproc2-0 ucf init-system-helpers sysvinit-utils
 libdb5.3t64 libgdbm6t64 libgdbm-compat4t64 libpam-modules libpam-modules-bin libsemanage2 libsemanage-common libsepol2 libsystemd-shared libncursesw6 ssl-cert"
TAGS="postgres:17 postgres:17-alpine postgres:16 postgres:16-alpine postgres:15-alpine postgres:latest"
USERS="postgres:999:999:/var/lib/postgresql"
finish() {   # finish ROOT
  local r=$1 b=usr/lib/postgresql/17/bin f
  for f in "$r/$b"/*; do ln -sf "/$b/${f##*/}" "$r/usr/bin/${f##*/}"; done
  rm -f "$r"/usr/lib/postgresql/17/lib/llvmjit*.so "$r"/usr/lib/postgresql/17/lib/plperl.so; rm -rf "$r"/usr/lib/postgresql/17/lib/bitcode "$r/etc/postgresql"
  sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/; s/^#jit = on.*/jit = off/" "$r/usr/share/postgresql/17/postgresql.conf.sample"
  mkdir -p "$r/var/lib/postgresql/data" "$r/var/run" "$r/docker-entrypoint-initdb.d"; rm -rf "$r/var/run"; ln -s /run "$r/var/run"
  mkdir -p "$r/run/postgresql"; chown -R 999:999 "$r/var/lib/postgresql" "$r/run/postgresql"; chmod 3777 "$r/run/postgresql"
}
