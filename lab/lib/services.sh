# shellcheck shell=bash
# What stands in for the outside world: the front (public registry names over TLS, git over HTTP), git://, an sshd that
# makes this machine host 0 and serves git over ssh, a PostgreSQL for the tests, and a service that speaks S3.
. "$(dirname "${BASH_SOURCE[0]}")/hosts.sh"
LAB_POSTGRES_PORT=54329
LAB_S3_PORT=5070 LAB_S3_KEY=taffrail-lab LAB_S3_SECRET=taffrail-lab-secret LAB_S3_BUCKET=taffrail-lab
LAB_S3_GATEWAY=github.com/versity/versitygw/cmd/versitygw@v1.8.0

keys_up() {
  installed openssh-client
  mkdir -p -m 700 "$LAB_CACHE/ssh" "$LAB_CACHE/ca"
  local f
  for f in "$LAB_KEY" "$LAB_CACHE/ssh/host_key"; do [ -e "$f" ] || ssh-keygen -q -t ed25519 -N '' -C taffrail-lab -f "$f"; done
}

front_up() {
  network_up
  mkdir -p "$LAB_CACHE/git"
  local program
  program=$(program front)
  [ "$(readlink "/proc/$(cut -d' ' -f1 "$LAB_RUN/front.pid" 2>/dev/null)/exe")" = "$program" ] || halt front
  spawn front "$program" -listen 127.0.0.1:5080 -tls "$LAB_GW:443" -dir "$LAB_CACHE/ca" -names "${LAB_NAMES// /,}" \
    -registry "http://$LAB_REGISTRY" -git "$LAB_CACHE/git"
  retry 50 curl -fsS http://127.0.0.1:5080/v2/ || {
    tail -5 "$LAB_RUN/front.log" >&2
    die "the front does not answer on 127.0.0.1:5080"
  }
}

sshd_up() {
  installed openssh-server git git-lfs
  mkdir -p /run/sshd
  cp "$LAB_KEY.pub" "$LAB_CACHE/ssh/authorized_keys"
  printf '%s\n' "ListenAddress 127.0.0.1:$LAB_SSH_BASE" "ListenAddress $LAB_GW:$LAB_SSH_BASE" "HostKey $LAB_CACHE/ssh/host_key" \
    "AuthorizedKeysFile $LAB_CACHE/ssh/authorized_keys" 'PermitRootLogin prohibit-password' 'PasswordAuthentication no' \
    'KbdInteractiveAuthentication no' 'UsePAM no' 'UseDNS no' 'StrictModes no' 'MaxStartups 100:30:200' 'MaxSessions 100' \
    'Subsystem sftp internal-sftp' 'PidFile none' "SetEnv PATH=$PATH" >"$LAB_RUN/sshd.conf"
  spawn sshd /usr/sbin/sshd -D -e -f "$LAB_RUN/sshd.conf"
  retry 50 lab_ssh 0 true || {
    tail -5 "$LAB_RUN/sshd.log" >&2
    die "sshd does not answer on 127.0.0.1:$LAB_SSH_BASE"
  }
}

# git_up serves every folder of apps/ as a repository: git://git.lab/NAME, https://git.lab/git/NAME.git (under private/ it
# wants lab:secret), ssh://root@git.lab:2200$LAB_CACHE/git/NAME.git.
git_up() {
  local d
  for d in "$LAB"/apps/*/; do repo "$(basename "$d")" "$d"; done
  repo private/web "$LAB/apps/web"
  spawn git /usr/lib/git-core/git-daemon --reuseaddr --export-all --base-path="$LAB_CACHE/git" --listen="$LAB_GW" --listen=127.0.0.1
}

# repo NAME DIR: a bare repository with DIR's files as its newest commit.
repo() {
  local bare=$LAB_CACHE/git/$1.git work=$LAB_CACHE/git-work/$1 sum stamp=$LAB_CACHE/git/$1.git/lab-sum
  sum=$(tar -C "$2" --sort=name --mtime=@0 -c . | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ] || return 0
  [ -e "$bare/HEAD" ] || git init -q --bare -b main "$bare"
  rm -rf "$work"
  git clone -q "$bare" "$work" 2>/dev/null
  git -C "$work" rm -rfq --ignore-unmatch .
  cp -a "$2/." "$work/"
  git -C "$work" add -A
  git -C "$work" -c user.name=lab -c user.email=lab@localhost commit -q -m "lab files" --allow-empty
  git -C "$work" push -q origin HEAD:main
  echo "$sum" >"$stamp"
}

# postgres_up: a cluster of the lab's own. Nothing in it is worth a sync, and one that does not start is made anew.
postgres_up() {
  local bin data=$LAB_CACHE/postgres try
  if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    # or the package makes and starts a cluster of its own
    [ -e /etc/postgresql-common/createcluster.conf ] || { mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; }
    installed postgresql
  fi
  bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)")
  for try in 1 2; do
    if [ ! -e "$data/lab-ready" ]; then
      rm -rf "$data"
      install -d -m 700 -o postgres "$data"
      echo taffrail | install -m 600 -o postgres /dev/stdin "$LAB_CACHE/postgres.password"
      as_postgres "$bin/initdb" -D "$data" -U postgres --no-sync -A scram-sha-256 --pwfile="$LAB_CACHE/postgres.password" >"$LAB_RUN/initdb.log"
      touch "$data/lab-ready"
    fi
    alive postgres || rm -f "$data/postmaster.pid"
    spawn postgres setpriv --reuid postgres --regid postgres --init-groups "$bin/postgres" -D "$data" -p "$LAB_POSTGRES_PORT" \
      -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off
    retry 100 "$bin/pg_isready" -q -h 127.0.0.1 -p "$LAB_POSTGRES_PORT" && return
    log "PostgreSQL does not start: $(tail -1 "$LAB_RUN/postgres.log")"
    halt postgres KILL
    rm -f "$data/lab-ready"
  done
  die "no PostgreSQL on 127.0.0.1:$LAB_POSTGRES_PORT"
}
as_postgres() { (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@"); }

# npm_up: clients of Coolify's API that the tests drive, as npm has them. Nothing of a package is run while it is installed.
npm_up() {
  local dir=$LAB_CACHE/npm/${LAB_COOLIFY_MCP##*@}
  [ -e "$dir/node_modules/@masonator/coolify-mcp/dist/index.js" ] && return
  mkdir -p "$dir"
  npm install --prefix "$dir" --ignore-scripts --no-audit --no-fund --loglevel=error "$LAB_COOLIFY_MCP" >"$LAB_RUN/npm.log" 2>&1 || {
    tail -5 "$LAB_RUN/npm.log" >&2
    die "npm install $LAB_COOLIFY_MCP"
  }
}

# s3_build: the S3 gateway, which takes a processor a minute or two: it is started in the background, and s3_up waits.
s3_build() {
  local bin=$LAB_CACHE/bin/versitygw-${LAB_S3_GATEWAY##*@} tmp
  [ ! -x "$bin" ] || return 0
  tmp=$(mktemp -d)
  trap "rm -rf '$tmp'" EXIT # of the background job that this is
  (cd "$tmp" && GOWORK=off GOFLAGS=-mod=mod GOBIN=$tmp CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "$LAB_S3_GATEWAY") >"$LAB_RUN/s3-build.log" 2>&1
  install -D -m 755 "$tmp/versitygw" "$bin.new" && mv "$bin.new" "$bin"
}

# s3_up: an S3 gateway over a folder, which checks signatures. It answers on loopback and, for hosts, on the lab's network.
s3_up() {
  local bin=$LAB_CACHE/bin/versitygw-${LAB_S3_GATEWAY##*@}
  wait "$1" && [ -x "$bin" ] || {
    tail -5 "$LAB_RUN/s3-build.log" >&2
    die "go install $LAB_S3_GATEWAY"
  }
  network_up
  mkdir -p "$LAB_CACHE/s3/$LAB_S3_BUCKET" "$LAB_CACHE/s3-users"
  ROOT_ACCESS_KEY_ID=$LAB_S3_KEY ROOT_SECRET_ACCESS_KEY=$LAB_S3_SECRET spawn s3 "$bin" --quiet --iam-dir "$LAB_CACHE/s3-users" \
    --port "127.0.0.1:$LAB_S3_PORT" --port "$LAB_GW:$LAB_S3_PORT" posix "$LAB_CACHE/s3"
  retry 50 curl -sS "http://127.0.0.1:$LAB_S3_PORT/" || {
    tail -5 "$LAB_RUN/s3.log" >&2
    die "the S3 service does not answer on 127.0.0.1:$LAB_S3_PORT"
  }
}
