package engine_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/certs"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// labCase is what only one engine's client can say.
type labCase struct {
	fill, look func(database string) []string // commands in the container: put data there, and print "here 42"
	verify     []string                       // client that checks the name in the certificate
	conf       string                         // and look2 shows that it counts
	counts     []string
	counted    string
	drop       []string // of what fill put there
	starttls   string   // as openssl calls the protocol; "direct": none; empty: the stand-in takes no new certificate
}

const inContainer = "/run/taffrail"

func words(list ...string) func(string) []string { return func(string) []string { return list } }

func labCases() map[string]labCase {
	shell := func(words ...string) []string { return append([]string{"sh", inContainer + "/client.sh"}, words...) }
	redisLike := labCase{
		fill: words(shell("SET", "here\r\n \"$k'", "here 42")...), look: words(shell("GET", "here\r\n \"$k'")...),
		conf: "# requirepass in a comment\nrequirepass not-this\nmaxmemory 123mb\ndaemonize yes", counts: shell("CONFIG", "GET", "maxmemory"), counted: "128974848",
		verify: shell("PING"), starttls: "direct",
	}
	mysql := func(client, strict string) labCase {
		as := []string{client, "--defaults-extra-file=" + inContainer + "/client.cnf"}
		root := []string{client, "--defaults-extra-file=" + inContainer + "/root.cnf", "-NBe"}
		return labCase{
			fill: func(database string) []string {
				return append(root[:3:3], "CREATE TABLE t (s VARCHAR(99)); INSERT INTO t VALUES ('here 42')", database)
			},
			look: func(database string) []string { return append(root[:3:3], "SELECT s FROM t", database) },
			conf: "[mysqld]\nmax_connections = 77", counts: append(as[:2:2], "-NBe", "SELECT @@max_connections"), counted: "77",
			verify:   append(as[:2:2], strict, "--ssl-ca="+inContainer+"/ssl/ca.crt", "-e", "SELECT 1"),
			starttls: "mysql",
		}
	}
	mongo := func(database, call string) []string {
		return []string{"sh", "-c", `sed 's/^print.*//' ` + inContainer + `/ready.js >/tmp/f.js; echo "print(db.getSiblingDB('$1').t.$2)" >>/tmp/f.js; ` +
			`exec mongosh --quiet --norc --nodb /tmp/f.js`, "sh", database, call}
	}
	ch := []string{"clickhouse-client", "--config-file", inContainer + "/client.xml", "--query"}
	// The lab's MongoDB, Dragonfly and ClickHouse take no new certificate while they run: they
	// stand in for later ones that do.
	return map[string]labCase{
		"postgresql": {
			fill:   words(shell("psql", "-Xc", "CREATE TABLE t AS SELECT 'here 42' s")...),
			look:   func(database string) []string { return shell("psql", "-d", database, "-XAtc", "SELECT s FROM t") },
			verify: shell("sh", "-c", `PGSSLMODE=verify-full PGSSLROOTCERT=`+inContainer+`/ssl/ca.crt exec psql -Xc 'SELECT 1'`),
			conf:   "max_connections = 77", counts: shell("psql", "-XAtc", "SHOW max_connections"), counted: "77",
			starttls: "postgres",
		},
		"mysql": mysql("mysql", "--ssl-mode=VERIFY_IDENTITY"), "mariadb": mysql("mariadb", "--ssl-verify-server-cert"),
		"mongodb": {
			fill:   func(database string) []string { return mongo(database, "insertOne({s: 'here 42'})") },
			look:   func(database string) []string { return mongo(database, "findOne().s") },
			verify: []string{"mongosh", "--quiet", "--norc", "--nodb", inContainer + "/ready.js"},
			conf:   "net:\n  port: 27017\n", counts: []string{"sh", "-c", "tr '\\0' ' ' </proc/1/cmdline"}, counted: "--config " + inContainer + "/mongod.conf",
		},
		"redis": redisLike, "keydb": redisLike, "valkey": redisLike, "dragonfly": {fill: redisLike.fill, look: redisLike.look, verify: redisLike.verify},
		"clickhouse": {
			fill: words(append(ch[:4:4], "CREATE TABLE t ENGINE = MergeTree ORDER BY s AS SELECT concat('here ', toString(42)) AS s")...),
			look: words(append(ch[:4:4], "SELECT s FROM t")...), verify: append(ch[:4:4], "SELECT 1"),
			drop: append(ch[:4:4], "DROP TABLE t"),
		},
	}
}

// TestLab starts every engine twice for real, with odd passwords: as it is by default,
// and with TLS and a configuration of the user's. What the first has is dumped and read
// back into the second.
func TestLab(t *testing.T) {
	cases := labCases()
	for _, s := range engine.All() {
		c, ok := cases[s.Name]
		if !ok {
			t.Errorf("there is no test of %s", s.Name)
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			needLab(t, labImage(s.Image))
			labEngine(t, s, c)
		})
	}
}

func labEngine(t *testing.T, s *engine.Spec, c labCase) {
	from := start(t, s, func(in *engine.Input) { passwords(s, in.Database, odd) })
	from.must(t, c.fill(from.database())...)
	holdsNoSecret(t, from)
	if got, err := from.from(t, func(*engine.Input) {}, from.out.Ready...); err != nil {
		t.Errorf("another container does not reach it: %v\n%s", err, got)
	}
	refuses(t, from, "a wrong password", true, func(in *engine.Input) { passwords(s, in.Database, other) }, from.out.Ready)
	into := start(t, s, func(in *engine.Input) {
		passwords(s, in.Database, "\"' \\"+odd)
		in.Database.Settings.EnableSSL = true
		for role, value := range map[engine.Role]string{engine.RoleUser: "some-one_1", engine.RoleDatabase: "other-db_2"} {
			if name := field(s, role); name != "" {
				in.Database.Fields[name] = core.NewSecret(value)
			}
		}
		if name := field(s, engine.RoleConf); name != "" {
			in.Database.Fields[name] = core.NewSecret(c.conf)
		}
	})
	holdsNoSecret(t, into)
	if c.counted != "" {
		if got := into.must(t, c.counts...); !strings.Contains(got, c.counted) {
			t.Errorf("the configuration does not count: %q, want %q in it", got, c.counted)
		}
	}
	if got, err := into.from(t, func(*engine.Input) {}, c.verify...); err != nil {
		t.Errorf("a client that verifies: %v\n%s", err, got)
	}
	refuses(t, into, "another authority", false, func(in *engine.Input) { in.CA, _ = certificates(t, into.db.UUID) }, c.verify)
	refuses(t, into, "a wrong password over TLS", true, func(in *engine.Input) { passwords(s, in.Database, other) }, into.out.Ready)
	for _, all := range []bool{false, true} {
		roundTrip(t, from, into, c, all)
	}
	reloads(t, into, c.starttls)
}

// database is the one of its own.
func (l *lab) database() string { return l.db.Fields[field(l.spec, engine.RoleDatabase)].Reveal() }

// refuses expects that a client with other files fails, for a reason that has to do with it.
func refuses(t *testing.T, l *lab, what string, password bool, change func(*engine.Input), command []string) {
	t.Helper()
	got, err := l.from(t, change, command...)
	if err == nil {
		t.Errorf("%s is taken: %s", what, got)
	}
	if password && strings.Contains(got, other) {
		t.Errorf("the password is shown: %s", got)
	}
}

// holdsNoSecret looks for the passwords wherever Docker shows something.
func holdsNoSecret(t *testing.T, l *lab) {
	t.Helper()
	shown := docker(t, "inspect", string(l.db.UUID)) + docker(t, "top", string(l.db.UUID), "-eo", "pid,args") + docker(t, append(l.project, "logs")...)
	for name, value := range l.db.Fields {
		secret := value.Reveal()
		f, _ := l.spec.Field(name)
		if f.Role != engine.RolePassword && f.Role != engine.RoleRootPassword {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`), secret[:20]} {
			if strings.Contains(shown, form) {
				t.Errorf("%s is shown as %q", name, form)
			}
		}
	}
}

func roundTrip(t *testing.T, from, into *lab, c labCase, all bool) {
	t.Helper()
	write, err := from.spec.Dump(from.db, nil, all)
	if err != nil {
		t.Fatal(faultText(err))
	}
	data := from.dump(t, write)
	if len(data) == 0 {
		t.Fatal("the dump is empty")
	}
	var names []string
	if name := from.database(); name != "" {
		names = []string{name}
	}
	read, err := into.spec.Dump(into.db, names, all)
	if err != nil {
		t.Fatal(faultText(err))
	}
	if all && c.drop != nil { // what is there is not taken away
		into.must(t, c.drop...)
	}
	if out, err := into.read(t, read, data); err != nil {
		t.Fatalf("read back (all %t): %v\n%s", all, err, out)
	}
	at := into.database()
	if all {
		at = from.database()
	}
	if got := into.must(t, c.look(at)...); !strings.Contains(got, "here 42") {
		t.Errorf("read back (all %t): %q", all, got)
	}
	into.must(t, into.out.Ready...)
	if !all {
		return
	}
	if out, err := into.read(t, read, data[:len(data)/2]); err == nil {
		t.Errorf("half a dump is taken for a whole one: %s", out)
	}
}

// reloads expects that the server shows a new certificate without a restart.
func reloads(t *testing.T, l *lab, starttls string) {
	t.Helper()
	if starttls == "" {
		return
	}
	in, err := l.in, error(nil)
	if in.Leaf, err = certs.NewLeaf(in.CA, []string{string(l.db.UUID)}, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	l.put(t, rendered(t, l.spec, in), l.in.Dir)
	l.must(t, l.spec.Reload(l.db)...)
	args := []string{"s_client", "-showcerts", "-connect", net.JoinHostPort(address(t, l), fmt.Sprint(l.spec.TLSPort))}
	if starttls != "direct" {
		args = append(args, "-starttls", starttls)
	}
	shown, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	if !strings.Contains(string(shown), strings.TrimSpace(in.Leaf.Cert)) {
		t.Errorf("not the new certificate: %v\n%s", err, shown)
	}
	l.must(t, l.out.Ready...)
}

// address is that of the container on its network.
func address(t *testing.T, l *lab) string {
	t.Helper()
	return strings.TrimSpace(docker(t, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", string(l.db.UUID)))
}

// TestLabProxy reaches a database from outside, when it may.
func TestLabProxy(t *testing.T) {
	needLab(t, find(t, "redis").Image, "nginx:stable-alpine")
	for name, c := range map[string]struct {
		allow []string
		want  string
	}{
		"all":    {nil, "-NOAUTH"},
		"some":   {[]string{"127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"}, "-NOAUTH"},
		"others": {[]string{"203.0.113.0/24"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			port := freePort(t)
			l := start(t, find(t, "redis"), func(in *engine.Input) {
				in.Database.Settings.Public = core.Public{Enabled: true, Port: port, Timeout: 60, Allow: c.allow}
			})
			docker(t, append(l.project, "up", "--detach", "--wait")...)
			if got := ask(t, port); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, c.want)
			}
			// The proxy finds it again at another address.
			docker(t, append(l.project, "up", "--detach", "--force-recreate", "--no-deps", string(l.db.UUID))...)
			l.wait(t)
			if got := ask(t, port); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("after a restart: got %q, want %q", got, c.want)
			}
		})
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// ask says PING, and returns the answer; "" when the connection is closed.
func ask(t *testing.T, port int) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, "PING\r\n")
	b := make([]byte, 200)
	n, _ := conn.Read(b)
	return string(b[:n])
}
