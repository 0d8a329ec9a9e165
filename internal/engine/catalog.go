package engine

import "strings"

// All is the catalog, in the order in which clients show it.
func All() []*Spec {
	return []*Spec{
		postgresql(), mysql(), mariadb(), mongodb(), redis(), keydb(), dragonfly(), clickhouse(), valkey(),
	}
}

// password is the file that the official entry points read a password from.
var password = file{path: passwordFile, text: "{{.Password}}"}

func postgresql() *Spec {
	client := func(words ...string) []string { return append([]string{"sh", inside + "/client.sh"}, words...) }
	return &Spec{
		Name: "postgresql", Title: "PostgreSQL", Image: "postgres:16-alpine", Port: 5432, TLSPort: 5432,
		images: []string{"postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "pgvecto-rs"},
		Fields: []Field{
			{Name: "postgres_user", Role: RoleUser, Default: "postgres", Doc: "superuser, made with the data volume"},
			{Name: "postgres_password", Role: RolePassword, Doc: "password of the superuser"},
			{Name: "postgres_db", Role: RoleDatabase, Default: "postgres", Doc: "database, made with the data volume"},
			{Name: "postgres_initdb_args", form: `(--?[A-Za-z][\w=.,:/@%+-]*( +[\w=.,:/@%+-]+)*)?`, Doc: "arguments of initdb, used when the data volume is empty"},
			{Name: "postgres_host_auth_method", form: `(scram-sha-256|md5|password|trust)?`,
				Doc: "how clients prove who they are: scram-sha-256, md5, password or trust; used when the data volume is empty"},
			{Name: "postgres_conf", Role: RoleConf, Doc: "postgresql.conf"},
		},
		SSLModes: []string{"require", "allow", "prefer", "verify-ca", "verify-full"},
		// From 18 on the image has its files in a folder of the version's. Of a tag that does
		// not say which it is, one place is right for both.
		volumes: []volume{{"postgres-data", "/var/lib/postgresql{{if lt .Major 18}}/data{{end}}"}},
		env: []variable{
			{key: "POSTGRES_USER", role: RoleUser}, {key: "PGUSER", value: "{{.User}}"},
			{key: "POSTGRES_PASSWORD", role: RolePassword}, {key: "POSTGRES_DB", role: RoleDatabase},
			{key: "POSTGRES_INITDB_ARGS", value: `{{index .Options "postgres_initdb_args"}}`},
			{key: "POSTGRES_HOST_AUTH_METHOD", value: `{{index .Options "postgres_host_auth_method"}}`},
			{key: "PGDATA", value: "{{if eq .Major 0}}/var/lib/postgresql/data{{end}}"},
		},
		files: []file{password, {path: "client.sh", text: "# Runs a tool as the database's user: the password is in no argument. The host is not the\n# loopback, from which the image lets everybody in.\n" +
			"PGPASSWORD=\"$(cat " + inside + "/password)\"\nexport PGPASSWORD PGHOST={{.UUID}} PGPORT=5432 PGUSER='{{.User}}' PGDATABASE='{{.Database}}' PGCONNECT_TIMEOUT=5" +
			"{{if .TLS}} PGSSLMODE=require{{end}}\nexec \"$@\"\n"}, {path: "read.sh", script: "postgresql-read.sh"},
			{path: "write.sh", script: "postgresql-write.sh"},
			{path: "postgresql.conf", conf: true, text: `{{line .Conf}}{{if not (sets .Conf "listen_addresses")}}listen_addresses = '*'` + "\n{{end}}"}},
		server: server{program: []string{"postgres"}, conf: []string{"-c", "config_file=" + inside + "/postgresql.conf"},
			tls: []string{"-c", "ssl=on", "-c", "ssl_cert_file=" + inside + "/ssl/server.crt", "-c", "ssl_key_file=" + inside + "/ssl/server.key"}},
		scripts: []string{".sql", ".sh", ".sql.gz"}, owner: "postgres",
		url:    `postgres://{{uri .User}}:{{uri .Password}}@{{.Address}}/{{uri .Database}}{{if .TLS}}?sslmode={{.Mode}}{{if has .Mode "verify"}}&sslrootcert={{.Authority}}{{end}}{{end}}`,
		ready:  client("psql", "-XAtc", "SHOW server_version"),
		reload: client("psql", "-XAtc", "SELECT pg_reload_conf()"),
		change: &change{command: []string{"sh", inside + "/change/change.sh"}, files: []file{{path: "change/change.sh", script: "postgresql-change.sh"}, {path: "change/old", text: "{{.OldPassword}}"},
			{path: "change/change.sql", text: "ALTER ROLE \"{{.User}}\" PASSWORD E'{{option .Password}}';\n"}}},
		one: &dump{extension: ".dmp", write: client("pg_dump", "--format=custom", "--dbname={{.Name}}"),
			read: client("pg_restore", "--exit-on-error", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--dbname={{.Database}}")},
		many: &dump{extension: ".sql.gz", gzip: true, write: client("sh", inside+"/write.sh"), read: client("sh", inside+"/read.sh")},
		all:  &dump{extension: ".sql.gz", gzip: true, write: client("pg_dumpall"), read: client("sh", inside+"/read.sh")},
	}
}

func mysql() *Spec {
	s := mysqlLike(&Spec{Name: "mysql", Title: "MySQL", Image: "mysql:8", images: []string{"mysql", "mysql-server", "percona", "percona-server"}},
		"mysql", "mysqldump", "--set-gtid-purged=OFF")
	s.SSLModes = []string{"REQUIRED", "PREFERRED", "VERIFY_CA", "VERIFY_IDENTITY"}
	s.url += "{{if .TLS}}?ssl-mode={{.Mode}}{{if has .Mode \"VERIFY\"}}&ssl-ca={{.Authority}}{{end}}{{end}}"
	s.reload = []string{"mysql", "--defaults-extra-file=" + inside + "/root.cnf", "-e", "ALTER INSTANCE RELOAD TLS"}
	s.forward, s.majors = 1, []int{5, 8, 9}
	return s
}

func mariadb() *Spec {
	s := mysqlLike(&Spec{Name: "mariadb", Title: "MariaDB", Image: "mariadb:11", images: []string{"mariadb", "mariadb-galera"}},
		"mariadb", "mariadb-dump", "")
	// This image does escape passwords itself.
	s.files = append(s.files[2:], password, file{path: rootPasswordFile, text: "{{.RootPassword}}"})
	s.reload = []string{"mariadb", "--defaults-extra-file=" + inside + "/root.cnf", "-e", "FLUSH SSL"}
	s.forward = -1
	return s
}

// mysqlLike fills in what MySQL and MariaDB share: a client and a dump tool that take
// passwords from an option file. Root comes by the socket.
func mysqlLike(s *Spec, client, tool, more string) *Spec {
	name, prefix := s.Name, strings.ToUpper(s.Name)
	s.Port, s.TLSPort = 3306, 3306
	s.Fields = []Field{
		{Name: name + "_root_password", Role: RoleRootPassword, Doc: "password of root"},
		{Name: name + "_user", Role: RoleUser, Default: name, max: 32, not: "root", Doc: "user with all rights on the database"},
		{Name: name + "_password", Role: RolePassword, Doc: "password of the user"},
		{Name: name + "_database", Role: RoleDatabase, Default: "default", Doc: "database, made with the data volume"},
		{Name: name + "_conf", Role: RoleConf, Doc: "file of /etc/mysql/conf.d"},
	}
	s.volumes = []volume{{name + "-data", "/var/lib/mysql"}}
	s.env = []variable{{key: prefix + "_ROOT_PASSWORD", role: RoleRootPassword}, {key: prefix + "_DATABASE", role: RoleDatabase},
		{key: prefix + "_USER", role: RoleUser}, {key: prefix + "_PASSWORD", role: RolePassword}}
	s.files = []file{{path: passwordFile, text: "{{option .Password}}"}, {path: rootPasswordFile, text: "{{option .RootPassword}}"},
		{path: "client.cnf", text: "[client]\nprotocol=tcp\nhost={{.UUID}}\nport=3306\nuser=\"{{.User}}\"\npassword=\"{{option .Password}}\"\n" +
			"{{if .TLS}}loose-ssl-mode=REQUIRED\nloose-ssl-ca=" + inside + "/ssl/ca.crt\n{{end}}loose-disable-ssl-verify-server-cert\n"},
		{path: "root.cnf", text: "[client]\nprotocol=socket\nuser=root\npassword=\"{{option .RootPassword}}\"\n"},
		{path: "write.sh", script: "mysql-write.sh"}, {path: "conf.cnf", conf: true, text: "{{line .Conf}}", target: "/etc/mysql/conf.d/custom-config.cnf"}}
	ssl := inside + "/ssl/"
	s.server = server{program: []string{client + "d"}, tls: []string{"--ssl-cert=" + ssl + "server.crt", "--ssl-key=" + ssl + "server.key",
		"--ssl-ca=" + ssl + "ca.crt", `{{if ne .Mode "PREFERRED"}}--require-secure-transport=ON{{end}}`}}
	s.scripts = []string{".sql", ".sh", ".sql.gz"}
	s.url = "mysql://{{uri .User}}:{{uri .Password}}@{{.Address}}/{{uri .Database}}"
	s.ready = []string{client, "--defaults-extra-file=" + inside + "/client.cnf", "--connect-timeout=5", "-NBe", "SELECT VERSION()", "{{.Database}}"}
	s.change = &change{command: []string{"sh", inside + "/change/change.sh", client}, files: []file{{path: "change/change.sh", script: "mysql-change.sh"},
		{path: "change/root.cnf", text: "[client]\nprotocol=socket\nuser=root\npassword=\"{{option .OldRootPassword}}\"\n"},
		{path: "change/change.sql", text: "SET SESSION sql_mode = '';\nALTER USER IF EXISTS 'root'@'localhost' IDENTIFIED BY '{{option .RootPassword}}'," +
			" 'root'@'%' IDENTIFIED BY '{{option .RootPassword}}', '{{.User}}'@'%' IDENTIFIED BY '{{option .Password}}';\n"}}}
	root := "--defaults-extra-file=" + inside + "/root.cnf"
	flags := []string{root, "--single-transaction", "--quick", "--routines", "--events", "--triggers", "--hex-blob", "--no-tablespaces", more}
	s.one = &dump{extension: ".sql.gz", gzip: true, write: append(append([]string{tool}, flags...), "{{.Name}}"), read: []string{client, root, "{{.Database}}"}}
	s.many = &dump{extension: ".sql.gz", gzip: true, write: append(append([]string{tool}, flags...), "--databases"), read: []string{client, root}}
	s.all = &dump{extension: ".sql.gz", gzip: true, write: append([]string{"sh", inside + "/write.sh", client, tool}, flags...), read: []string{client, root}}
	return s
}

// mongoURI is how its own tools and shell reach the server from within.
const mongoURI = `"mongodb://{{uri .User}}:{{uri .Password}}@{{.UUID}}:{{.Port}}/?authSource=admin&directConnection=true&serverSelectionTimeoutMS=5000` +
	"{{if .TLS}}&tls=true&tlsCAFile=" + inside + `/ssl/ca.crt{{end}}"`

func mongodb() *Spec {
	tools := func(words ...string) []string {
		return append(words, "--config="+inside+"/tools.yaml", "--quiet", "--archive", "--gzip")
	}
	return &Spec{
		Name: "mongodb", Title: "MongoDB", Image: "mongo:7", Port: 27017, TLSPort: 27017,
		images: []string{"mongo", "mongodb", "mongodb-community-server"},
		Fields: []Field{
			{Name: "mongo_initdb_root_username", Role: RoleUser, Default: "root", Doc: "root user, made with the data volume"},
			{Name: "mongo_initdb_root_password", Role: RolePassword, Doc: "password of the root user"},
			{Name: "mongo_initdb_database", Role: RoleDatabase, Default: "default", Doc: "database, made with the data volume"},
			{Name: "mongo_conf", Role: RoleConf, Doc: "mongod.conf"},
		},
		SSLModes: []string{"require", "allow", "prefer", "verify-full"},
		volumes:  []volume{{"mongodb-configdb", "/data/configdb"}, {"mongodb-db", "/data/db"}},
		env: []variable{{key: "MONGO_INITDB_ROOT_USERNAME", role: RoleUser}, {key: "MONGO_INITDB_ROOT_PASSWORD", role: RolePassword},
			{key: "MONGO_INITDB_DATABASE", role: RoleDatabase}},
		files: []file{password, {path: "ready.js", text: "const db = connect(" + mongoURI + ");\n" +
			"db.getSiblingDB(\"{{.Database}}\").getCollectionNames();\nprint(db.version());\n"},
			{path: "reload.js", text: "connect(" + mongoURI + ").adminCommand({rotateCertificates: 1});\n"},
			{path: "tools.yaml", text: "uri: " + mongoURI + "\n"},
			{path: "init.js", text: "db.createCollection(\"init_collection\");\n", target: "/docker-entrypoint-initdb.d/01-default-database.js"},
			{path: "mongod.conf", conf: true, text: "{{line .Conf}}"}, {path: "ssl/server.pem", tls: true, text: "{{.Cert}}{{.Key}}"}},
		server: server{program: []string{"mongod"}, conf: []string{"--config", inside + "/mongod.conf"},
			tls: []string{"--tlsMode", "{{if eq .Mode \"allow\"}}allowTLS{{else if eq .Mode \"prefer\"}}preferTLS{{else}}requireTLS{{end}}",
				"--tlsCertificateKeyFile", inside + "/ssl/server.pem", "--tlsCAFile", inside + "/ssl/ca.crt", "--tlsAllowConnectionsWithoutCertificates"}},
		scripts: []string{".js", ".sh"},
		url:     "mongodb://{{uri .User}}:{{uri .Password}}@{{.Address}}/?directConnection=true{{if .TLS}}&tls=true&tlsCAFile={{.Authority}}{{end}}",
		ready:   []string{"mongosh", "--quiet", "--norc", "--nodb", inside + "/ready.js"},
		reload:  []string{"mongosh", "--quiet", "--norc", "--nodb", inside + "/reload.js"},
		change: &change{command: []string{"sh", inside + "/change/change.sh"}, files: []file{{path: "change/change.sh", script: "mongodb-change.sh"},
			{path: "change/change.js", text: "try {\n  connect(" + mongoURI + ");\n} catch {\n  const db = connect(" + strings.Replace(mongoURI, ".Password", ".OldPassword", 1) + ");\n" +
				"  db.getSiblingDB(\"admin\").changeUserPassword(decodeURIComponent(\"{{uri .User}}\"), decodeURIComponent(\"{{uri .Password}}\"));\n}\n"}}},
		one: &dump{extension: ".archive.gz", write: tools("mongodump", "--db={{.Name}}"),
			read: tools("mongorestore", "--stopOnError", "--drop", "--nsInclude={{.Name}}.*", "--nsFrom={{.Name}}.*", "--nsTo={{.Database}}.*")},
		// The users of another database are no part of it: with them, its own would lose its password.
		all:     &dump{extension: ".archive.gz", write: tools("mongodump"), read: tools("mongorestore", "--stopOnError", "--drop", "--nsExclude=admin.*", "--nsExclude=config.*")},
		forward: 1,
	}
}

func redis() *Spec {
	return redisLike(&Spec{Name: "redis", Title: "Redis", Image: "redis:7.2", images: []string{"redis", "redis-stack", "redis-stack-server"}},
		"redis", "{{if or (eq .Major 0) (ge .Major 6)}}default{{end}}") // before 6 there were no users
}

func keydb() *Spec {
	return redisLike(&Spec{Name: "keydb", Title: "KeyDB", Image: "eqalpha/keydb:latest", images: []string{"keydb"}}, "keydb", "default")
}

func valkey() *Spec {
	return redisLike(&Spec{Name: "valkey", Title: "Valkey", Image: "valkey/valkey:8", images: []string{"valkey", "valkey-bundle"}, answers: []string{`valkey_version:(\S+)`}}, "valkey", "default")
}

// redisLike fills in what the servers that come from Redis share. Its configuration holds
// ours behind the user's, so that ours counts.
func redisLike(s *Spec, program, user string) *Spec {
	redisClient(s, program, user)
	s.Fields = append(s.Fields, Field{Name: s.Name + "_conf", Role: RoleConf, Doc: s.Name + ".conf"})
	s.files = append(s.files, file{path: "server.conf", text: "appendonly yes\n{{line .Conf}}daemonize no\nrequirepass \"{{hex .Password}}\"\n" +
		"{{if .TLS}}port 0\ntls-port {{.Port}}\ntls-auth-clients optional\ntls-cert-file " + inside + "/ssl/server.crt\ntls-key-file " + inside +
		"/ssl/server.key\ntls-ca-cert-file " + inside + "/ssl/ca.crt\n{{else}}port {{.Port}}\n{{end}}"}, file{path: "read.sh", script: "redis-read.sh"})
	s.server = server{program: []string{program + "-server"}, flags: []string{inside + "/server.conf"}}
	s.reload = []string{"sh", inside + "/reload.sh", "tls-cert-file", inside + "/ssl/./server.crt", inside + "/ssl/server.crt"}
	s.all = &dump{extension: ".rdb.gz", gzip: true, write: []string{"sh", inside + "/client.sh", "--rdb", "-"}, read: []string{"sh", inside + "/read.sh", program + "-server"}}
	return s
}

// redisClient fills in what all share that speak redis' protocol.
func redisClient(s *Spec, program, user string) {
	s.Port, s.TLSPort = 6379, 6380
	s.Fields = []Field{{Name: s.Name + "_password", Role: RolePassword, Doc: "password of the user \"default\""}}
	s.volumes = []volume{{s.Name + "-data", "/data"}}
	s.files = []file{password, {path: "client.sh", text: "# Asks the server as its user: the password is in no argument.\n" +
		"REDISCLI_AUTH=\"$(cat " + inside + "/password)\"\nexport REDISCLI_AUTH\n" +
		"exec " + program + "-cli -h {{.UUID}} -p {{.Port}}{{if .TLS}} --tls --cacert " + inside + "/ssl/ca.crt{{end}} \"$@\"\n"},
		{path: "ready.sh", script: "redis-ready.sh"}, {path: "reload.sh", script: "redis-reload.sh"}}
	s.ready = []string{"sh", inside + "/ready.sh"}
	s.answers = append(s.answers, `redis_version:(\S+)`)
	s.url = "redis{{if .TLS}}s{{end}}://" + user + ":{{uri .Password}}@{{.Address}}/0"
	s.forward = -1
}

func dragonfly() *Spec {
	s := &Spec{Name: "dragonfly", Title: "Dragonfly", Image: "docker.dragonflydb.io/dragonflydb/dragonfly", images: []string{"dragonfly"},
		answers: []string{`dragonfly_version:\D*(\S+)`}}
	redisClient(s, "redis", "default")
	// With the authority's certificate it would ask clients for certificates of theirs.
	s.files = append(s.files, file{path: "server.flags", text: "--port={{.Port}}\n--dir=/data\n--requirepass={{.Password}}\n" +
		"{{if .TLS}}--tls\n--tls_cert_file=" + inside + "/ssl/server.crt\n--tls_key_file=" + inside + "/ssl/server.key\n{{end}}"},
		file{path: "write.sh", script: "dragonfly-write.sh"}, file{path: "read.sh", script: "dragonfly-read.sh"})
	s.server = server{program: []string{"dragonfly"}, flags: []string{"--logtostderr", "--flagfile=" + inside + "/server.flags"}}
	s.reload = []string{"sh", inside + "/reload.sh", "tls", "true"}
	s.all = &dump{extension: ".commands.gz", gzip: true, write: []string{"sh", inside + "/write.sh"}, read: []string{"sh", inside + "/read.sh"}}
	return s
}

func clickhouse() *Spec {
	client := []string{"clickhouse-client", "--config-file", inside + "/client.xml", "--query"}
	return &Spec{
		Name: "clickhouse", Title: "ClickHouse", Image: "clickhouse/clickhouse-server:25.11", Port: 9000, TLSPort: 9440,
		images: []string{"clickhouse", "clickhouse-server"},
		Fields: []Field{
			{Name: "clickhouse_admin_user", Role: RoleUser, Default: "default", Doc: "user with all rights"},
			{Name: "clickhouse_admin_password", Role: RolePassword, Doc: "password of the user"},
		},
		// It raises its own limit of open files to what Docker allows. To ask for more here
		// would keep it from starting where Docker may not give it, like without root.
		volumes: []volume{{"clickhouse-data", "/var/lib/clickhouse"}},
		// The user comes by a file: what the entry point would write has the password in it.
		env: []variable{{key: "CLICKHOUSE_SKIP_USER_SETUP", value: "1"}},
		files: []file{
			{path: "users.xml", target: "/etc/clickhouse-server/users.d/taffrail.xml", text: "<clickhouse><users>" +
				`{{if ne .User "default"}}<default remove="remove"/>{{end}}<{{.User}} replace="replace"><password_sha256_hex>{{sha256 .Password}}</password_sha256_hex>` +
				"<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota><access_management>1</access_management></{{.User}}></users></clickhouse>\n"},
			{path: "config.xml", tls: true, target: "/etc/clickhouse-server/config.d/taffrail.xml", text: "<clickhouse>" +
				`<tcp_port remove="remove"/><http_port remove="remove"/><mysql_port remove="remove"/><postgresql_port remove="remove"/>` +
				"<tcp_port_secure>{{.Port}}</tcp_port_secure><https_port>8443</https_port><openSSL><server replace=\"replace\"><certificateFile>" + inside + "/ssl/server.crt</certificateFile><privateKeyFile>" +
				inside + "/ssl/server.key</privateKeyFile><verificationMode>none</verificationMode></server></openSSL></clickhouse>\n"},
			{path: "client.xml", text: "<config><host>{{.UUID}}</host><port>{{.Port}}</port>{{if .TLS}}<secure>1</secure>{{end}}<user>{{.User}}</user><password>{{xml .Password}}</password>" +
				"{{if .TLS}}<openSSL><client><caConfig>" + inside + "/ssl/ca.crt</caConfig></client></openSSL>{{end}}</config>\n"},
			{path: "write.sh", script: "clickhouse-write.sh"}, {path: "read.sh", script: "clickhouse-read.sh"}},
		url:   "clickhouse://{{uri .User}}:{{uri .Password}}@{{.Address}}/default{{if .TLS}}?secure=true{{end}}",
		ready: append(client[:4:4], "SELECT version()"), reload: append(client[:4:4], "SYSTEM RELOAD CONFIG"),
		many:    &dump{extension: ".chdump.gz", gzip: true, write: []string{"sh", inside + "/write.sh"}, read: []string{"sh", inside + "/read.sh"}},
		all:     &dump{extension: ".chdump.gz", gzip: true, write: []string{"sh", inside + "/write.sh"}, read: []string{"sh", inside + "/read.sh"}},
		forward: -1,
	}
}
