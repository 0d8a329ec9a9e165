# shellcheck shell=bash
# Real MySQL, which Debian has in sid only (9.x: no mysql_native_password, no --default-authentication-plugin).
SUITE=sid BASE=none
PKGS="mysql-server-core mysql-client-core"
DROP="perl perl-base perl-modules-5.42 libperl5.42 libdb5.3t64 libgdbm6t64 libgdbm-compat4t64 libc-gconv-modules-extra debconf libdebconfclient0 mawk debianutils"
TAGS="mysql:8 mysql:8.0 mysql:8.4 mysql:9 mysql:lts mysql:latest"
USERS="mysql:999:999:/var/lib/mysql"
finish() {
  local r=$1
  rm -f "$r"/usr/bin/{mysql_migrate_keyring,mysqlslap,myisam*,innochecksum,ibd2sdi,mysqlxtest,mysqltest*,mysql_test*,mysql_client_test,mysqlshow,mysqlimport,mysqlcheck,zlib_decompress,lz4_decompress}
  rm -rf "$r"/usr/share/mysql*/mysql-test "$r/etc/mysql"; mkdir -p "$r/etc/mysql/conf.d"
  printf '[mysqld]\nskip-name-resolve\ndatadir=/var/lib/mysql\nsocket=/var/run/mysqld/mysqld.sock\nsecure-file-priv=NULL\nuser=mysql\npid-file=/var/run/mysqld/mysqld.pid\nmysqlx=0\n[client]\nsocket=/var/run/mysqld/mysqld.sock\n!includedir /etc/mysql/conf.d/\n' > "$r/etc/my.cnf"
  ln -s ../my.cnf "$r/etc/mysql/my.cnf"; ln -sf ../sbin/mysqld "$r/usr/bin/mysqld"
  mkdir -p "$r"/{var/lib/mysql,run/mysqld,docker-entrypoint-initdb.d}; chown 999:999 "$r/var/lib/mysql" "$r/run/mysqld"; chmod 1777 "$r/run/mysqld"
}
