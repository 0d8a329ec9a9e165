package database

import (
	"regexp"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/redact"
)

// told finds what a text of somebody else's form (configuration, SQL, script) gives to a
// name that says that it is secret: `name value`, `name = "value"`, `<name>value<`,
// `IDENTIFIED BY 'value'`.
var told = regexp.MustCompile(`(?i)([\w.-]*(?:passw|passphrase|pwd|requirepass|masterauth|secret|token|credential)[\w.-]*|\bidentified\s+by|\bpass)["']?` +
	`(?:\s*[:=>]\s*|\s+)("[^"\n]*"|'[^'\n]*'|[^\s"'<>,;]+)`)

// toldUser finds the passwords in a line of an access list: `user name on >password`.
var toldUser = regexp.MustCompile(`(?m)^\s*user\s.*$`)

// harmless are names that speak of secrets without having one for a value.
var harmless = regexp.MustCompile(`(?i)(file|path|dir|encryption|lifetime|policy|plugin|hash_type|algorithm|iterations|timeout|history|interval)$`)

// Secrets implements deploy.Target: those of the database as it is set up, and those of what
// ran last, whose last words are shown when it is put back.
func (t *target) Secrets() []redact.Value {
	var s secrets
	t.settings(&s)
	if t.before != nil {
		for _, v := range t.before.Secrets {
			s.Add(v.Name, v.Value)
		}
	}
	return s.List()
}

// settings adds what the settings hold: the values of secret fields and of all variables, what
// configurations, scripts and files give to names that say so, the keys of certificates
// and of the bucket. Passwords within URLs need no entry of their own: the log looks for
// every value in the encodings that URLs use.
func (t *target) settings(s *secrets) {
	t.fields(s)
	for _, e := range t.Envs {
		s.Add(e.Key, e.Value.Reveal())
	}
	for _, script := range t.Database.Settings.InitScripts {
		s.text(script.Content)
	}
	for _, storage := range t.Storages {
		s.text(storage.Content.Reveal())
	}
	s.Add("certificate key", t.certs.leaf.Key.Reveal())
	s.Add("authority key", t.certs.ca.Key.Reveal())
	if t.S3 != nil {
		s.Add("S3 access key", t.S3.AccessKey.Reveal())
		s.Add("S3 secret key", t.S3.SecretKey.Reveal())
	}
}

// fields adds those of the engine. A configuration as a whole is no value.
func (t *target) fields(s *secrets) {
	spec, ok := engine.Find(t.Database.Type)
	if !ok {
		return
	}
	for _, f := range spec.Fields {
		value := t.Database.Fields[f.Name].Reveal()
		switch {
		case f.Role == engine.RoleConf:
			s.text(value)
		case f.Secret():
			s.Add(f.Name, value)
		}
	}
}

// secrets collects values.
type secrets struct{ redact.Values }

// text adds what a text gives away.
func (s *secrets) text(text string) {
	for _, m := range told.FindAllStringSubmatch(text, -1) {
		name, value := m[1], m[2]
		if !harmless.MatchString(name) {
			s.Add(name, strings.Trim(value, `"'`))
		}
	}
	for _, line := range toldUser.FindAllString(text, -1) {
		words := strings.Fields(line)
		for _, word := range slices.DeleteFunc(words, func(w string) bool { return len(w) < 2 || !strings.ContainsAny(w[:1], ">#<!") }) {
			s.Add("user", word[1:])
		}
	}
}
