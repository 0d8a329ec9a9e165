package engine

import (
	"regexp"
	"strings"
	"text/template"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	// inside is where the folder "run" of a database is seen in its container.
	inside = "/run/taffrail"
	// The files of the passwords, there.
	passwordFile, rootPasswordFile = "password", "root-password"
	// authority is where clients of their own are expected to have the server's
	// authority: its URL names a path on their side.
	authority = "/etc/ssl/certs/taffrail-ca.crt"
)

// scope is what templates see of a database.
type scope struct {
	UUID                                         string
	User, Password, RootPassword, Database, Conf string
	OldPassword, OldRootPassword                 string            // while they are changed
	Options                                      map[string]string // fields without a role
	TLS                                          bool
	Mode                                         string // of SSL
	Port                                         int    // that it listens on
	Major                                        int    // version of the image; 0: its tag does not say
	Address                                      string // of a URL
	Authority                                    string // path in a URL
	Name                                         string // of the database that was dumped
	CA, Cert, Key                                string // PEM
}

func (s *Spec) scope(db core.Database) *scope {
	sc := &scope{
		UUID: string(db.UUID), TLS: db.Settings.EnableSSL, Mode: db.Settings.SSLMode, Port: s.port(db),
		Authority: authority, Options: map[string]string{},
	}
	sc.Major, _ = majorOf(db.Image)
	if sc.Mode == "" && len(s.SSLModes) > 0 {
		sc.Mode = s.SSLModes[0]
	}
	for _, f := range s.Fields {
		value := db.Fields[f.Name].Reveal()
		if place := sc.place(f.Role); place != nil {
			*place = value
		} else {
			sc.Options[f.Name] = value
		}
	}
	return sc
}

// place is where the value of a role is kept; nil for options.
func (sc *scope) place(r Role) *string {
	return map[Role]*string{
		RoleUser: &sc.User, RolePassword: &sc.Password, RoleRootPassword: &sc.RootPassword, RoleDatabase: &sc.Database, RoleConf: &sc.Conf,
	}[r]
}

// text fills in a template. The templates are the catalog's own, and its tests fill in
// each of them: what is wrong with one shows there.
func (sc *scope) text(source string) string {
	if !strings.Contains(source, "{{") {
		return source
	}
	t, err := template.New("").Funcs(template.FuncMap{
		"uri": escapeURI, "option": escapeOption, "hex": escapeHex, "xml": escapeXML, "sha256": sum,
		"has": strings.Contains, "line": line, "sets": sets,
	}).Option("missingkey=error").Parse(source)
	var b strings.Builder
	if err == nil {
		err = t.Execute(&b, sc)
	}
	if err != nil {
		panic("engine: " + err.Error())
	}
	return b.String()
}

// content is what is in a file.
func (sc *scope) content(f file) string {
	if f.script == "" {
		return sc.text(f.text)
	}
	b, err := scriptFiles.ReadFile("scripts/" + f.script)
	if err != nil {
		panic("engine: " + err.Error())
	}
	return string(b)
}

func (sc *scope) words(sources []string) []string {
	var out []string
	for _, source := range sources {
		if word := sc.text(source); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// line ends a text that may lack the end of its last line.
func line(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

// sets says whether a configuration of lines sets an option.
func sets(conf, option string) bool {
	return regexp.MustCompile(`(?mi)^\s*` + regexp.QuoteMeta(option) + `[\s=]`).MatchString(conf)
}
