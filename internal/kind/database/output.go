package database

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/run"
)

// composeFile is the name of the compose file in the database's folder.
const composeFile = "docker-compose.yml"

// digestLabel says of a container which contents its files had when it was made. Compose
// compares only where a file lies, and would leave a container alone whose configuration
// has changed.
const digestLabel = "taffrail.database.files"

// output is everything that goes to the server, and what a plan must know of it.
type output struct {
	engine.Output
	spec    *engine.Spec
	compose string // the compose file
	hash    string
}

// render makes what goes to the server.
func render(v core.LoadedDatabase, c certificates, dir string) (out *output, err error) {
	defer guard(&err)
	spec, err := find(v.Database)
	if err != nil {
		return nil, err
	}
	if v.Destination.Network == "" {
		return nil, core.Errorf(core.CodeBadRequest, "The network that database %s was on is no destination any more. Create the database in another one.", v.Database.Name)
	}
	out = &output{spec: spec}
	out.Output, err = spec.Render(engine.Input{
		Database: v.Database, Envs: v.Envs, Storages: v.Storages, Network: v.Destination.Network, Dir: dir,
		Labels: marks(v.Database), CA: c.ca, Leaf: c.leaf, AllowHost: v.AllowHost,
	})
	if err != nil {
		return nil, err
	}
	if err := out.stamp(c, dir); err != nil {
		return nil, err
	}
	if out.compose, err = compose.Render(out.Compose); err != nil {
		return nil, err
	}
	out.hash, err = out.sum()
	return out, err
}

// guard turns a panic into an answer: settings come from outside, and a crash here would
// end everybody's deployments.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = &core.Error{
			Op: "render database", Code: core.CodeInternal, Msg: "The settings of the database cannot be understood.",
			Err: fmt.Errorf("render database: panic: %v", r),
		}
	}
}

func find(db core.Database) (*engine.Spec, error) {
	spec, ok := engine.Find(db.Type)
	if !ok {
		return nil, core.Errorf(core.CodeBadRequest, "This Taffrail knows no databases of the type %q.", db.Type)
	}
	return spec, nil
}

// marks are the labels of everything that belongs to the database. They never change,
// since a changed label recreates a container.
func marks(db core.Database) map[string]string {
	return map[string]string{
		"taffrail.managed": "true", "taffrail.type": "database",
		"taffrail.database.uuid": string(db.UUID), "taffrail.database.engine": db.Type,
	}
}

// stamp labels each container with the digest of the files that it mounts. Certificates
// are left out: they change by themselves, and servers take up new ones while they run.
func (o *output) stamp(c certificates, dir string) error {
	services := mapOf(o.Compose["services"])
	for _, name := range slices.Sorted(maps.Keys(services)) {
		service := mapOf(services[name])
		var mounted []run.File
		for _, f := range o.mounted(name, dir) {
			f.Content = c.without(f.Content)
			mounted = append(mounted, f)
		}
		if len(mounted) == 0 {
			continue
		}
		digest, err := hash(mounted)
		if err != nil {
			return err
		}
		labels, ok := service["labels"].(map[string]any)
		if !ok {
			return fmt.Errorf("render database: labels of %s are a %T", name, service["labels"])
		}
		labels[digestLabel] = digest
	}
	return nil
}

// mounted are the files that a compose service sees.
func (o *output) mounted(service, dir string) []run.File {
	var sources []string
	for _, v := range listOf(mapOf(mapOf(o.Compose["services"])[service])["volumes"]) {
		if text, short := v.(string); short {
			source, _, _ := strings.Cut(text, ":")
			sources = append(sources, path.Clean(source))
			continue
		}
		if source, ok := mapOf(v)["source"].(string); ok {
			sources = append(sources, path.Clean(source))
		}
	}
	var out []run.File
	for _, f := range o.Files {
		at := place(dir, f.Path)
		if slices.ContainsFunc(sources, func(s string) bool { return at == s || strings.HasPrefix(at, s+"/") }) {
			out = append(out, f)
		}
	}
	return out
}

// sum is the hash of the configuration. The proxy is left out of it, since public access
// is brought about on its own while the database goes on as it was deployed; its state
// says nothing about whether the database has to be started anew. So are certificates.
func (o *output) sum() (string, error) {
	tree := maps.Clone(o.Compose)
	services := maps.Clone(mapOf(tree["services"]))
	delete(services, o.Proxy)
	tree["services"] = services
	return hash(tree) // the labels in it stand for the files
}

func hash(v any) (string, error) {
	text, err := json.Marshal(v) // maps come out in order
	if err != nil {
		return "", fmt.Errorf("hash configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// without replaces the certificates in a text by words.
func (c certificates) without(text string) string {
	for _, one := range []struct{ pem, word string }{
		{c.leaf.Key.Reveal(), "key"}, {c.leaf.Cert, "certificate"}, {c.ca.Cert, "authority"},
	} {
		if pem := strings.TrimSpace(one.pem); pem != "" {
			text = strings.ReplaceAll(text, pem, one.word)
		}
	}
	return text
}

// holding are the files that hold certificates.
func (o *output) holding(c certificates) []run.File {
	var out []run.File
	for _, f := range o.Files {
		if c.without(f.Content) != f.Content {
			out = append(out, f)
		}
	}
	return out
}

// undeployable puts what is wrong with the settings into the message, which is all that
// the record of a deployment shows.
func undeployable(err error) error {
	var fault *core.Error
	if !errors.As(err, &fault) || len(fault.Fields) == 0 {
		return err
	}
	var texts []string
	for _, field := range slices.Sorted(maps.Keys(fault.Fields)) {
		for _, text := range fault.Fields[field] {
			texts = append(texts, field+": "+text)
		}
	}
	return &core.Error{
		Op: fault.Op, Code: fault.Code, Fields: fault.Fields, Err: fault.Err,
		Msg: "The database cannot be deployed as it is set up. " + strings.Join(texts, " "),
	}
}

func place(dir, p string) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	return path.Join(dir, p)
}

func mapOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func listOf(v any) []any {
	l, _ := v.([]any)
	return l
}
