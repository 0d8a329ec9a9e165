package engine

// Passwords get one alphabet that needs no quotes anywhere.
const (
	alphabet       = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	passwordLength = 64
)

// All is the catalog, in the order in which clients show it.
func All() []*Spec {
	return []*Spec{
		postgresql(), mysql(), mariadb(), mongodb(), redis(), keydb(), dragonfly(), clickhouse(), valkey(),
	}
}

func postgresql() *Spec {
	return &Spec{
		Name: "postgresql", Title: "PostgreSQL", Image: "postgres:16-alpine", Port: 5432, TLSPort: 5432,
		images: []string{"postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "pgvecto-rs"},
		Fields: []Field{
			{Name: "postgres_user", Role: RoleUser, Default: "postgres", Doc: "superuser, made with the data volume"},
			{Name: "postgres_password", Role: RolePassword, Doc: "password of the superuser"},
			{Name: "postgres_db", Role: RoleDatabase, Default: "postgres", Doc: "database, made with the data volume"},
			{Name: "postgres_initdb_args", Doc: "arguments of initdb, used when the data volume is empty"},
			{Name: "postgres_host_auth_method", Doc: "how clients prove who they are: scram-sha-256, md5, password or trust"},
			{Name: "postgres_conf", Role: RoleConf, Doc: "postgresql.conf"},
		},
		SSLModes: []string{"require", "allow", "prefer", "verify-ca", "verify-full"},
	}
}

func mysql() *Spec {
	s := &Spec{
		Name: "mysql", Title: "MySQL", Image: "mysql:8", Port: 3306, TLSPort: 3306,
		images:   []string{"mysql", "mysql-server", "percona", "percona-server"},
		SSLModes: []string{"REQUIRED", "PREFERRED", "VERIFY_CA", "VERIFY_IDENTITY"},
	}
	s.Fields = mysqlFields(s.Name)
	return s
}

func mariadb() *Spec {
	s := &Spec{
		Name: "mariadb", Title: "MariaDB", Image: "mariadb:11", Port: 3306, TLSPort: 3306,
		images: []string{"mariadb", "mariadb-galera"},
	}
	s.Fields = mysqlFields(s.Name)
	return s
}

func mysqlFields(name string) []Field {
	return []Field{
		{Name: name + "_root_password", Role: RoleRootPassword, Doc: "password of root"},
		{Name: name + "_user", Role: RoleUser, Default: name, Doc: "user with all rights on the database"},
		{Name: name + "_password", Role: RolePassword, Doc: "password of the user"},
		{Name: name + "_database", Role: RoleDatabase, Default: "default", Doc: "database, made with the data volume"},
		{Name: name + "_conf", Role: RoleConf, Doc: "file of /etc/mysql/conf.d"},
	}
}

func mongodb() *Spec {
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
	}
}

func redis() *Spec {
	s := &Spec{Name: "redis", Title: "Redis", Image: "redis:7.2", images: []string{"redis", "redis-stack", "redis-stack-server"}}
	return redisLike(s)
}

func keydb() *Spec {
	return redisLike(&Spec{Name: "keydb", Title: "KeyDB", Image: "eqalpha/keydb:latest", images: []string{"keydb"}})
}

func valkey() *Spec {
	return redisLike(&Spec{Name: "valkey", Title: "Valkey", Image: "valkey/valkey:8", images: []string{"valkey", "valkey-bundle"}})
}

// redisLike fills in what the servers that come from Redis share.
func redisLike(s *Spec) *Spec {
	s.Port, s.TLSPort = 6379, 6380
	s.Fields = []Field{
		{Name: s.Name + "_password", Role: RolePassword, Doc: "password of the user \"default\""},
		{Name: s.Name + "_conf", Role: RoleConf, Doc: s.Name + ".conf"},
	}
	return s
}

func dragonfly() *Spec {
	return &Spec{
		Name: "dragonfly", Title: "Dragonfly", Image: "docker.dragonflydb.io/dragonflydb/dragonfly", Port: 6379, TLSPort: 6380,
		images: []string{"dragonfly"},
		Fields: []Field{{Name: "dragonfly_password", Role: RolePassword, Doc: "password of the user \"default\""}},
	}
}

func clickhouse() *Spec {
	return &Spec{
		Name: "clickhouse", Title: "ClickHouse", Image: "clickhouse/clickhouse-server:25.11", Port: 9000, TLSPort: 9440,
		images: []string{"clickhouse", "clickhouse-server"},
		Fields: []Field{
			{Name: "clickhouse_admin_user", Role: RoleUser, Default: "default", Doc: "user with all rights"},
			{Name: "clickhouse_admin_password", Role: RolePassword, Doc: "password of the user"},
		},
	}
}

// otherImages are databases that no Spec is about, by the last part of the image's name.
// Tools around databases (exporters, admin pages, backup jobs) are not.
func otherImages() []string {
	return []string{
		"edgedb", "gel", "memcached", "influxdb", "couchdb", "cassandra", "scylla", "neo4j", "arangodb", "rethinkdb",
		"surrealdb", "cockroach", "elasticsearch", "opensearch", "mssql-server",
	}
}
