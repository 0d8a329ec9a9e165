package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
)

// odd has every printable ASCII character, blanks at both ends, and some that are not ASCII.
const odd = ` !"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\]^_` + "`" + `abcxyz{|}~${IFS}$(id)\n%0aäß€ `

// other is a password that is right nowhere.
const other = "right-nowhere"

const uuid core.ID = "abcdefghijklmnopqrstuvwx"

// sample is a database of an engine with defaults, and the same passwords each time.
func sample(s *engine.Spec) core.Database {
	db := core.Database{
		UUID: uuid, Type: s.Name, Image: s.Image, Fields: s.Defaults(),
		Settings: core.DatabaseSettings{
			Limits: core.DefaultLimits(), Health: core.DefaultHealthCheck(), Public: core.Public{Timeout: 3600},
		},
	}
	passwords(s, db, "sample-")
	return db
}

// passwords sets each password of a database to a text with the field's name. One that
// begins with a blank ends with one, too.
func passwords(s *engine.Spec, db core.Database, prefix string) {
	for _, f := range s.Fields {
		if f.Role == engine.RolePassword || f.Role == engine.RoleRootPassword {
			value := prefix + f.Name
			if prefix != strings.TrimSpace(prefix) {
				value += " "
			}
			db.Fields[f.Name] = core.NewSecret(value)
		}
	}
}

// field is the name of the first field of a role; "" when the engine has none.
func field(s *engine.Spec, role engine.Role) string {
	i := slices.IndexFunc(s.Fields, func(f engine.Field) bool { return f.Role == role })
	if i < 0 {
		return ""
	}
	return s.Fields[i].Name
}

func input(db core.Database) engine.Input {
	in := engine.Input{
		Database: db, Network: "lan", Dir: "/data/taffrail/databases/" + string(db.UUID),
		Labels: map[string]string{"taffrail.managed": "true"},
	}
	if db.Settings.EnableSSL {
		in.CA = core.Certificate{Cert: "(authority)\n"}
		in.Leaf = core.Certificate{Cert: "(certificate)\n", Key: core.NewSecret("(key)\n"), NotAfter: time.Unix(0, 0)}
	}
	return in
}

func rendered(t *testing.T, s *engine.Spec, in engine.Input) engine.Output {
	t.Helper()
	out, err := s.Render(in)
	if err != nil {
		t.Fatal(faultText(err))
	}
	return out
}

// faultText is an error with the fields at fault.
func faultText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var e *core.Error
	if errors.As(err, &e) {
		for name, list := range e.Fields {
			text += "\n" + name + ": " + strings.Join(list, " ")
		}
	}
	return text
}

func find(t *testing.T, name string) *engine.Spec {
	t.Helper()
	s, ok := engine.Find(name)
	if !ok {
		t.Fatalf("no engine %s", name)
	}
	return s
}

// service is the database's own part of a compose file.
func service(t *testing.T, out engine.Output, id core.ID) map[string]any {
	t.Helper()
	services, _ := out.Compose["services"].(map[string]any)
	s, ok := services[string(id)].(map[string]any)
	if !ok {
		t.Fatalf("no service %s", id)
	}
	return s
}

// content is what a file of an output has; ok is false when there is no such file.
func content(out engine.Output, path string) (string, bool) {
	for _, f := range out.Files {
		if f.Path == path {
			return f.Content, true
		}
	}
	return "", false
}
