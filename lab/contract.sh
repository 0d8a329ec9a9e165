#!/bin/bash
# Checks what a deployer relies on in each database image: credentials from the environment, scripts in
# /docker-entrypoint-initdb.d, server flags, the health check's client, data kept over a restart, TLS from a mounted certificate.
#   lab/contract.sh [postgres redis …]       after lab/up.sh all
set -u
T=$(mktemp -d); trap 'docker rm -fv $(docker ps -aq --filter label=lab-contract) >/dev/null 2>&1; rm -rf "$T"' EXIT
pass=0 failed=0
ok()   { local what=$1; shift; if out=$("$@" 2>&1); then pass=$((pass+1)); else failed=$((failed+1)); echo "FAIL $what: $*: $(echo "$out" | tail -2)"; fi; }
has()  { local what=$1 want=$2; shift 2; out=$("$@" 2>&1); case $out in *"$want"*) pass=$((pass+1)) ;; *) failed=$((failed+1)); echo "FAIL $what: wanted '$want', got: $(echo "$out" | tail -3)" ;; esac; }
until_ok() { local i; for i in $(seq 150); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done; echo "timed out: $*"; return 1; }
up()   { local n=$1; shift; docker run -d --label lab-contract --name "lc-$n" "$@" >/dev/null; }
x()    { local n=$1; shift; docker exec "lc-$n" "$@"; }
ready() { local n=$1 s=$(date +%s%N); shift; ok "$n ready" until_ok docker exec "lc-$n" "$@"; echo "$n: ready after $(( ($(date +%s%N)-s)/1000000 )) ms"; }
stop() { local s=$(date +%s%N); docker stop -t 20 "lc-$1" >/dev/null; echo "$1: stopped in $(( ($(date +%s%N)-s)/1000000 )) ms, exit $(docker inspect -f '{{.State.ExitCode}}' "lc-$1")"; }
mkdir -p "$T/sql" "$T/js" "$T/tls" "$T/ch"
echo 'create table t(x int); insert into t values (42);' > "$T/sql/01.sql"; printf '#!/bin/bash\necho script-ran-as-$(id -un)\n' > "$T/sql/02.sh"; chmod -R a+rX "$T"; chmod +x "$T/sql/02.sh"
echo 'db.t.insertOne({x: 42})' > "$T/js/01.js"
echo '<clickhouse><profiles><default><max_memory_usage>123456789</max_memory_usage></default></profiles></clickhouse>' > "$T/ch/x.xml"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/tls/server.key" -out "$T/tls/server.crt" -days 30 -subj /CN=db -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
cat "$T/tls/server.crt" "$T/tls/server.key" > "$T/tls/server.pem"; chmod 644 "$T"/tls/*
pgtls="$T/pgtls"; mkdir "$pgtls"; cp "$T"/tls/server.{crt,key} "$pgtls/"; chown -R 999:999 "$pgtls"; chmod 600 "$pgtls/server.key"

postgres() {
  up pg -e POSTGRES_USER=app -e POSTGRES_PASSWORD='p"w $1' -e POSTGRES_DB=appdb -v "$T/sql:/docker-entrypoint-initdb.d:ro" -v "$pgtls:/certs:ro" postgres:17-alpine \
    postgres -c max_connections=55 -c ssl=on -c ssl_cert_file=/certs/server.crt -c ssl_key_file=/certs/server.key
  ready pg sh -c 'PGPASSWORD='\''p"w $1'\'' psql -h 127.0.0.1 -U app -d appdb -c "SELECT 1"'
  has "initdb.d sql" 42 x pg psql -U app -d appdb -Atc 'select x from t'
  has "flag" 55 x pg psql -U app -d appdb -Atc 'show max_connections'
  has "initdb.d sh" script-ran-as-postgres docker logs lc-pg
  has "tls" t x pg sh -c 'PGPASSWORD='\''p"w $1'\'' psql "host=127.0.0.1 user=app dbname=appdb sslmode=require" -Atc "select ssl from pg_stat_ssl where pid=pg_backend_pid()"'
  has "dump" 'CREATE TABLE public.t' x pg pg_dump -U app appdb
  stop pg; docker start lc-pg >/dev/null; ready pg pg_isready -U app -d appdb; has "kept" 42 x pg psql -U app -d appdb -Atc 'select x from t'
  has "no password" 'superuser password is not specified' docker run --rm postgres:17-alpine
}
redis() {
  up rd -v "$T/tls:/certs:ro" redis:7.2 redis-server --requirepass 'pw 1' --appendonly yes --tls-port 6380 --tls-cert-file /certs/server.crt --tls-key-file /certs/server.key --tls-ca-cert-file /certs/server.crt --tls-auth-clients no
  ready rd sh -c 'redis-cli -a "pw 1" ping | grep PONG'; has auth NOAUTH x rd redis-cli ping
  has tls PONG x rd redis-cli --tls --cacert /certs/server.crt -h localhost -p 6380 -a 'pw 1' ping
  ok set x rd redis-cli -a 'pw 1' set k 42; stop rd; docker start lc-rd >/dev/null; ready rd sh -c 'redis-cli -a "pw 1" ping | grep PONG'; has kept 42 x rd redis-cli -a 'pw 1' get k
  printf 'requirepass fromfile\nmaxmemory 50mb\n' > "$T/redis.conf"; chmod 644 "$T/redis.conf"; up rdc -v "$T/redis.conf:/usr/local/etc/redis/redis.conf:ro" redis:7.2 redis-server /usr/local/etc/redis/redis.conf --appendonly yes; ready rdc sh -c 'redis-cli -a fromfile ping | grep PONG'
}
valkey() {
  up vk -v "$T/tls:/certs:ro" valkey/valkey:8 valkey-server --requirepass 'pw 1' --appendonly yes --tls-port 6380 --tls-cert-file /certs/server.crt --tls-key-file /certs/server.key --tls-ca-cert-file /certs/server.crt --tls-auth-clients no
  ready vk sh -c 'valkey-cli -a "pw 1" ping | grep PONG'; has auth NOAUTH x vk valkey-cli ping; has tls PONG x vk valkey-cli --tls --cacert /certs/server.crt -h localhost -p 6380 -a 'pw 1' ping
  ok set x vk valkey-cli -a 'pw 1' set k 42; stop vk; docker start lc-vk >/dev/null; ready vk sh -c 'valkey-cli -a "pw 1" ping | grep PONG'; has kept 42 x vk valkey-cli -a 'pw 1' get k
}
keydb() {
  up kd -v "$T/tls:/certs:ro" eqalpha/keydb:latest keydb-server --requirepass pw --appendonly yes --server-threads 2 --tls-port 6380 --tls-cert-file /certs/server.crt --tls-key-file /certs/server.key --tls-ca-cert-file /certs/server.crt --tls-auth-clients no
  ready kd sh -c 'keydb-cli --pass pw ping | grep PONG'; has tls PONG x kd keydb-cli --tls --cacert /certs/server.crt -h localhost -p 6380 -a pw ping; stop kd
}
dragonfly() {
  up df dragonflydb/dragonfly:latest dragonfly --requirepass=pw --dbfilename dump --logtostderr; ready df sh -c 'redis-cli -a pw ping | grep PONG'
  ok set x df redis-cli -a pw set k 42; stop df
  up dft -v "$T/tls:/certs:ro" dragonflydb/dragonfly:latest dragonfly --requirepass pw --tls --tls_cert_file /certs/server.crt --tls_key_file /certs/server.key; ready dft sh -c 'redis-cli --tls --cacert /certs/server.crt -h localhost -a pw ping | grep PONG'
  printf '# flags\n--requirepass= a b\n' > "$T/df.flags"; chmod 644 "$T/df.flags"; up dff -v "$T/df.flags:/df.flags:ro" dragonflydb/dragonfly:latest dragonfly --flagfile=/df.flags; ready dff sh -c 'redis-cli -a " a b" ping | grep PONG'
  has "unknown flag" 'Unknown command line flag' docker run --rm dragonflydb/dragonfly:latest dragonfly --bogus 1
}
mariadb() {
  up ma -e MARIADB_ROOT_PASSWORD="ro'ot" -e MARIADB_USER=app -e MARIADB_PASSWORD=pw -e MARIADB_DATABASE=appdb -v "$T/sql:/docker-entrypoint-initdb.d:ro" -v "$T/tls:/certs:ro" mariadb:11 --max-connections=77 --ssl-cert=/certs/server.crt --ssl-key=/certs/server.key
  ready ma healthcheck.sh --connect --innodb_initialized
  has user 42 x ma mariadb -uapp -ppw -h127.0.0.1 --skip-ssl appdb -Ne 'select x from t'; has flag 77 x ma mariadb -uroot -p"ro'ot" -Ne 'select @@max_connections'
  has ping alive x ma mariadb-admin -uroot -p"ro'ot" ping; has tls TLS x ma mariadb -uapp -ppw -h127.0.0.1 --ssl --disable-ssl-verify-server-cert -Ne "show status like 'Ssl_version'"
  has sh script-ran-as-mysql docker logs lc-ma; has dump 'CREATE TABLE `t`' x ma mariadb-dump -uapp -ppw appdb; stop ma; docker start lc-ma >/dev/null; ready ma healthcheck.sh --connect --innodb_initialized
  has kept 42 x ma mariadb -uapp -ppw appdb -Ne 'select x from t'; has "no password" 'password option is not specified' docker run --rm mariadb:11
}
mysql() {
  up my -e MYSQL_ROOT_PASSWORD="ro\\'ot" -e MYSQL_USER=app -e MYSQL_PASSWORD=pw -e MYSQL_DATABASE=appdb -v "$T/sql:/docker-entrypoint-initdb.d:ro" -v "$T/tls:/certs:ro" mysql:8 --max-connections=66 --ssl-cert=/certs/server.crt --ssl-key=/certs/server.key --ssl-ca=/certs/server.crt
  ready my mysql -uapp -ppw -h127.0.0.1 appdb -e 'select 1'
  has user 42 x my mysql -uapp -ppw -h127.0.0.1 appdb -Ne 'select x from t'; has flag 66 x my mysql -uroot -p"ro'ot" -Ne 'select @@max_connections'
  has ping alive x my mysqladmin ping -h localhost -u root -p"ro'ot"; has tls TLS x my mysql -uapp -ppw -h127.0.0.1 --ssl-mode=REQUIRED -Ne "show status like 'Ssl_version'"
  has dump 'CREATE TABLE `t`' x my mysqldump --no-tablespaces -uapp -ppw appdb; stop my; docker start lc-my >/dev/null; ready my mysqladmin ping -h localhost -u root -p"ro'ot"
  has kept 42 x my mysql -uapp -ppw -h127.0.0.1 appdb -Ne 'select x from t'
}
clickhouse() {
  up ch -e CLICKHOUSE_USER=app -e CLICKHOUSE_PASSWORD='p&<w' -e CLICKHOUSE_DB=appdb -e CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT=1 -v "$T/ch/x.xml:/etc/clickhouse-server/users.d/x.xml:ro" -p 127.0.0.1:18123:8123 clickhouse/clickhouse-server:latest
  ready ch sh -c 'wget -qO- http://127.0.0.1:8123/ping | grep Ok'; sleep 2
  has databases appdb x ch clickhouse-client --user app --password 'p&<w' --query 'show databases'; has "users.d" 123456789 x ch clickhouse-client --user app --password 'p&<w' --query "select value from system.settings where name='max_memory_usage'"
  has auth 'Unknown user' x ch clickhouse-client --query 'select 1'; has "http ping" Ok curl -s http://127.0.0.1:18123/ping; has http 1 curl -s -u 'app:p&<w' 'http://127.0.0.1:18123/?query=select+1'
  ok create x ch clickhouse-client --user app --password 'p&<w' --query 'create table appdb.t (x Int32) engine=MergeTree order by x'; ok insert x ch clickhouse-client --user app --password 'p&<w' --query 'insert into appdb.t values (42)'
  stop ch; docker start lc-ch >/dev/null; ready ch clickhouse-client --user app --password 'p&<w' --query 'select 1'; has kept 42 x ch clickhouse-client --user app --password 'p&<w' --query 'select x from appdb.t'
}
mongo() {
  up mo -e MONGO_INITDB_ROOT_USERNAME=root -e MONGO_INITDB_ROOT_PASSWORD='p@w' -e MONGO_INITDB_DATABASE=appdb -v "$T/js:/docker-entrypoint-initdb.d:ro" -v "$T/tls:/certs:ro" mongo:7 mongod --tlsMode preferTLS --tlsCertificateKeyFile /certs/server.pem --tlsCAFile /certs/server.crt --tlsAllowConnectionsWithoutCertificates
  ready mo mongosh --quiet 'mongodb://root:p%40w@127.0.0.1:27017/?authSource=admin' --eval 'if (db.getSiblingDB("appdb").t.countDocuments() != 1) throw "not yet"'
  has auth 'requires authentication' x mo mongosh --quiet --eval 'db.t.find().toArray()'; ok ping x mo mongosh --quiet --eval 'db.adminCommand("ping")'
  has tls 42 x mo mongosh --quiet 'mongodb://root:p%40w@localhost:27017/appdb?authSource=admin&tls=true&tlsCAFile=/certs/server.crt' --eval 'db.t.findOne().x'
  stop mo; docker start lc-mo >/dev/null; ready mo mongosh --quiet 'mongodb://root:p%40w@127.0.0.1:27017/appdb?authSource=admin' --eval 'db.t.findOne().x'
  printf 'net:\n  port: 27017\n  bindIp: 0.0.0.0\nstorage:\n  dbPath: /data/db\n' > "$T/mongod.conf"; chmod 644 "$T/mongod.conf"; up moc -v "$T/mongod.conf:/etc/mongo/mongod.conf:ro" mongo:7 mongod --config /etc/mongo/mongod.conf; ready moc mongosh --quiet --eval 'db.runCommand({ping:1}).ok'
}
for i in ${*:-postgres redis valkey keydb dragonfly mariadb mysql clickhouse mongo}; do $i; docker rm -fv $(docker ps -aq --filter label=lab-contract) >/dev/null 2>&1; done
echo "$pass passed, $failed failed"; [ $failed = 0 ]
