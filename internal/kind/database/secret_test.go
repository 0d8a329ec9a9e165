package database_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/redact"
)

// TestSecrets: what must not appear in the log, and what may.
func TestSecrets(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "postgresql")
	s.start(t)
	s.settings().EnableSSL = true
	s.loaded.Database.Fields["postgres_password"] = core.NewSecret("a-new:pass/word")
	s.loaded.Database.Fields["postgres_conf"] = core.NewSecret("work_mem = '64MB'\nprimary_conninfo = 'user=x password=conf-hush'\npassword_encryption = 'scram-sha-256'\n" +
		"ssl_passphrase_command = \"echo conf-phrase\"\n")
	s.loaded.Envs = []core.EnvVar{{Key: "PLAIN", Value: core.NewSecret("value-of-variable")}}
	s.settings().InitScripts = []core.InitScript{
		{Filename: "a.sql", Content: "CREATE ROLE app LOGIN PASSWORD 'sql-hush'; ALTER USER x IDENTIFIED BY 'by-hush';"},
		{Filename: "b.sh", Content: "export API_TOKEN=script-hush\n"},
	}
	s.loaded.Storages = []core.Storage{
		{IsFile: true, Content: core.NewSecret("<users><password>xml-hush</password></users>"), FsPath: "x", MountPath: "/x"},
		{IsFile: true, Content: core.NewSecret("user default on >acl-hush ~* +@all\nmasterauth conf2-hush\n"), FsPath: "y", MountPath: "/y"},
	}
	s.loaded.S3 = bucket()
	set := redact.Compile(redact.Options{Secrets: s.load(t, core.Deployment{Verb: core.VerbStart}).Secrets()})
	spec, _ := engine.Find("postgresql")
	for name, text := range map[string]string{
		"password": "a-new:pass/word", "in a URL": spec.InternalURL(s.loaded.Database), "of what ran last": password, "variable": "value-of-variable",
		"conf": "conf-hush", "phrase": "echo conf-phrase", "SQL": "sql-hush", "identified by": "by-hush", "script": "script-hush", "XML": "xml-hush",
		"access list": "acl-hush", "second conf": "conf2-hush", "bucket": "s3cr3t-of-bucket", "key": strings.Split(s.leaf.Key.Reveal(), "\n")[1],
		"authority's key": strings.Split(s.authority.Key.Reveal(), "\n")[1],
	} {
		if got := set.String("before " + text + " after"); strings.Contains(got, text) {
			t.Errorf("%s: %q is shown", name, text)
		}
	}
	for _, text := range []string{"64MB", "scram-sha-256", "shop", "database system is ready to accept connections", string(uuid)} {
		if got := set.String("before " + text + " after"); !strings.Contains(got, text) {
			t.Errorf("%q is hidden", text)
		}
	}
}

// TestSecretsDoNotPileUp: what ran last is remembered, what ran before that is not.
func TestSecretsDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	for _, password := range []string{"first-password", "second-password", "third-password"} {
		s.loaded.Database.Fields["redis_password"] = core.NewSecret(password)
		s.start(t)
	}
	var got []string
	for _, v := range s.load(t, core.Deployment{Verb: core.VerbStop}).Secrets() {
		got = append(got, v.Value)
	}
	if text := strings.Join(got, " "); text != "third-password" {
		t.Errorf("%s", text)
	}
}

// FuzzSecrets: whatever people write into a configuration, it is read without a crash and
// gives away nothing empty.
func FuzzSecrets(f *testing.F) {
	for _, text := range []string{"", "requirepass", "password =", "<password></password>", "user x >", "pwd: \"", "secret\x00=\xff", strings.Repeat("pass", 1000)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := newShelf(t, "redis")
		s.loaded.Database.Fields["redis_conf"] = core.NewSecret(text)
		s.settings().InitScripts = []core.InitScript{{Filename: "a", Content: text}}
		for _, v := range s.load(t, core.Deployment{Verb: core.VerbStop}).Secrets() {
			if v.Value == "" {
				t.Errorf("%s is empty", v.Name)
			}
		}
	})
}
