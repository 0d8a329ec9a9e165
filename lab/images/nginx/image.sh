# shellcheck shell=bash
PKGS="nginx-light nginx libnginx-mod-stream"
DROP="iproute2 libelf1t64 libbpf1 libxtables12 libmnl0 libtirpc3t64 libtirpc-common libcap2-bin perl perl-base perl-modules-5.40 libperl5.40 libdb5.3t64 libgdbm6t64 libgdbm-compat4t64
 passwd login.defs adduser libpam-modules libpam-modules-bin libsemanage2 libsemanage-common libsepol2 ucf init-system-helpers sysvinit-utils debconf procps libproc2-0 libnginx-mod-http-echo"
TAGS="nginx:alpine nginx:latest nginx:stable nginx:stable-alpine nginx:1.27-alpine nginx:1.29"
USERS="nginx:101:101:/var/cache/nginx"
finish() {
  local r=$1
  rm -rf "$r/etc/nginx/sites-available" "$r/etc/nginx/sites-enabled" "$r/etc/nginx/modules-enabled" "$r/var/www" "$r/etc/init.d" "$r/etc/logrotate.d" "$r/etc/ufw"
  mkdir -p "$r"/etc/nginx/{conf.d,templates} "$r/usr/share/nginx/html" "$r/var/cache/nginx" "$r/var/lib/nginx" "$r/var/log/nginx" "$r/docker-entrypoint.d"
  ln -sf /dev/stdout "$r/var/log/nginx/access.log"; ln -sf /dev/stderr "$r/var/log/nginx/error.log"
  cat > "$r/etc/nginx/nginx.conf" <<'C'
user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /var/log/nginx/access.log;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
C
  printf 'server {\n  listen 80;\n  location / { root /usr/share/nginx/html; index index.html index.htm; }\n}\n' > "$r/etc/nginx/conf.d/default.conf"
  echo '<!DOCTYPE html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>' > "$r/usr/share/nginx/html/index.html"
  ln -s /usr/local/bin/docker-entrypoint.sh "$r/docker-entrypoint.sh"
  # The official image has the stream module built in; here it is a file that every start loads.
  mv "$r/usr/sbin/nginx" "$r/usr/lib/nginx/nginx"
  cat >"$r/usr/sbin/nginx" <<'C'
#!/bin/bash
g='load_module /usr/lib/nginx/modules/ngx_stream_module.so;' a=()
while [ $# -gt 0 ]; do case $1 in -g) g="$g $2"; shift 2 ;; *) a+=("$1"); shift ;; esac; done
exec -a nginx /usr/lib/nginx/nginx -g "$g" "${a[@]}"
C
  chmod 755 "$r/usr/sbin/nginx"
}
