# shellcheck shell=bash
PKGS="mariadb-server-core mariadb-client-core mariadb-client mariadb-server"
DROP="perl perl-base perl-modules-5.40 libperl5.40 libdb5.3t64 libgdbm6t64 libgdbm-compat4t64 libdbi-perl libconfig-inifiles-perl passwd login.defs adduser
 psmisc lsof iproute2 libelf1t64 libbpf1 libxtables12 libmnl0 libtirpc3t64 libtirpc-common rsync socat gawk libgmp10 libmpfr6 libsigsegv2 galera-4 ucf
 libpam-modules libpam-modules-bin libsemanage2 libsemanage-common libsepol2 debconf procps libproc2-0 systemd-standalone-sysusers init-system-helpers sysvinit-utils
 libcap2-bin libpopt0 libwrap0 libboost-program-options1.83.0 mysql-common"
TAGS="mariadb:11 mariadb:11.8 mariadb:11.4 mariadb:10.11 mariadb:lts mariadb:latest"
USERS="mysql:999:999:/var/lib/mysql"
finish() {
  local r=$1 k
  # only what the official image has of the client and server tools; the clients are one size each
  rm -f "$r"/usr/bin/{mariadb-slap,mariadb-test,mariadb-embedded,mariadb-conv,mariadb-waitpid,mariadb-plugin,aria_*,innochecksum,myisam*,mysql*,mariadbd-safe*,mariadb-show,mariadb-import}
  rm -f "$r"/usr/sbin/mysqld; ln -sf ../sbin/mariadbd "$r/usr/bin/mariadbd"
  rm -rf "$r/etc/mysql" "$r"/etc/{init.d,logrotate.d,insserv.conf.d,security} "$r/usr/share/mysql/mysql-test"; mkdir -p "$r"/etc/mysql/{conf.d,mariadb.conf.d}
  printf '[client-server]\nsocket = /run/mysqld/mysqld.sock\n!includedir /etc/mysql/mariadb.conf.d/\n!includedir /etc/mysql/conf.d/\n[mariadbd]\nskip-name-resolve\nbind-address = 0.0.0.0\npid-file = /run/mysqld/mysqld.pid\nplugin_dir = /usr/lib/mysql/plugin\n' > "$r/etc/mysql/mariadb.cnf"
  ln -s mariadb.cnf "$r/etc/mysql/my.cnf"
  mkdir -p "$r"/{var/lib/mysql,run/mysqld,docker-entrypoint-initdb.d}; rm -rf "$r"/var/lib/mysql-*; chown 999:999 "$r/var/lib/mysql" "$r/run/mysqld"; chmod 1777 "$r/run/mysqld"
  cat > "$r/usr/local/bin/healthcheck.sh" <<'S'
#!/bin/bash
# The official image's healthcheck.sh, in the tests a compose file usually asks for.
[ $# -gt 0 ] || { echo "At least one argument required" >&2; exit 1; }
q() { mariadb --defaults-extra-file="${DATADIR:-/var/lib/mysql}/.my-healthcheck.cnf" --skip-column-names -h localhost -e "$1" 2>/dev/null; }
while [ $# -gt 0 ]; do
  case $1 in
    --connect) q 'select @@skip_networking' | grep -q 0 || { echo "healthcheck connect failed" >&2; exit 1; }
               mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf -h 127.0.0.1 --protocol tcp --skip-ssl -e 'select 1' >/dev/null 2>&1 || { echo "healthcheck connect failed" >&2; exit 1; } ;;
    --innodb_initialized) q "select 1 from information_schema.ENGINES WHERE engine='innodb' AND support in ('YES','DEFAULT','ENABLED')" | grep -q 1 || { echo "healthcheck innodb_initialized failed" >&2; exit 1; } ;;
    --su-mysql|--su=*|--no-defaults|--defaults-file=*|--innodb_buffer_pool_loaded|--galera_online) ;;
    *) echo "Unknown healthcheck option $1" >&2; exit 1 ;;
  esac; shift
done
S
  chmod 755 "$r/usr/local/bin/healthcheck.sh"
}
