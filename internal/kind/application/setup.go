package application

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// setup is all that a container is made of, but for what is its own alone: name, network
// and generation. It is what a rollback brings back, so it stands by itself.
type setup struct {
	Commit    string            `json:"commit,omitempty"`
	Image     string            `json:"image"` // empty until it is known
	BuildHash string            `json:"build_hash,omitempty"`
	Build     map[string]string `json:"-"` // variables of the build: an image has them in it
	Secret    []string          `json:"-"` // names of those that people set
	Env       map[string]string `json:"env"`
	Theirs    []string          `json:"theirs,omitempty"` // names of those that people set
	Service   map[string]any    `json:"service"`          // keys of the compose service
	Network   map[string]any    `json:"network"`          // keys of its network
	Volumes   []string          `json:"volumes,omitempty"`
	Files     []run.File        `json:"files,omitempty"`
	Labels    map[string]string `json:"labels"` // those that Taffrail sets
	Route     proxy.Input       `json:"route"`
	Check     *run.HTTP         `json:"check,omitempty"`
	Patience  time.Duration     `json:"patience"`
	Fixed     string            `json:"fixed,omitempty"`  // name of the container; empty: another one each time
	Pinned    []string          `json:"pinned,omitempty"` // why there cannot be two of it at once
	Ports     []int             `json:"ports,omitempty"`  // of the server
	Grace     int               `json:"grace"`            // seconds
	Pre       string            `json:"pre,omitempty"`
	Post      string            `json:"post,omitempty"`
	Notes     []string          `json:"-"`               // what a person should know
	Stack     *composed         `json:"stack,omitempty"` // of a compose file; then what is about one container alone counts for nothing
	exact     string            // id of the image; empty: whatever has its name
}

const (
	healthCommand = "cmd"
	defaultGrace  = 30
	// watchDefault is for health checks that nobody here knows anything of.
	watchDefault = 10 * time.Minute
	watchLeast   = time.Minute
)

// faults are what is wrong, by the names of fields.
type faults map[string][]string

func (f faults) add(field string, err error) {
	if err == nil {
		return
	}
	var e *core.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		for name, texts := range e.Fields {
			f[name] = append(f[name], texts...)
		}
		return
	}
	text := err.Error()
	if errors.As(err, &e) {
		text = e.Msg
	} else {
		text = "The " + strings.ReplaceAll(field, "_", " ") + " field " + text + "."
	}
	f[field] = append(f[field], text)
}

// err puts what is wrong into the message, which is all that the record of a deployment
// shows.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	var texts []string
	for _, field := range keysOf(f) {
		texts = append(texts, f[field]...)
	}
	return &core.Error{Code: core.CodeInvalid, Fields: f, Msg: "The application cannot be deployed as it is set up. " + strings.Join(texts, " ")}
}

// draft makes the setup of an application as it is now, but for the image.
func (t *target) draft() (*setup, error) {
	a, f := t.Application, faults{}
	domains, urls := t.domains(f)
	vars, err := t.variables(urls)
	if err != nil {
		return nil, err
	}
	s := &setup{
		Commit: t.commit(), Env: vars.run, Theirs: vars.theirs, Build: vars.build, Secret: vars.secret,
		Labels: t.labels(), Network: map[string]any{}, Grace: a.Runtime.StopGrace, Pre: a.Hooks.Pre, Post: a.Hooks.Post,
	}
	s.unknown(vars.unknown)
	if s.Grace <= 0 {
		s.Grace = defaultGrace
	}
	ports, err := compose.ParsePorts(a.Serve.Ports)
	f.add("ports_exposes", err)
	s.Service = map[string]any{"restart": "unless-stopped", "stop_grace_period": strconv.Itoa(s.Grace) + "s"}
	if len(ports) > 0 {
		s.Service["expose"] = anyList(ports)
	}
	compose.Limit(s.Service, a.Runtime.Limits)
	s.options(f, t)
	s.command(f, t)
	s.publish(f, t)
	s.storages(f, t)
	s.health(t, ports)
	s.route(f, t, domains, ports)
	s.names(t)
	return s, f.err()
}

// unknown tells of references to shared variables that are not there.
func (s *setup) unknown(list []string) {
	for _, one := range list {
		s.Notes = append(s.Notes, "There is no shared variable for "+one+", so it stays as it is.")
	}
}

// domains are what the application, or its preview, answers for.
func (t *target) domains(f faults) (list []proxy.Domain, urls []string) {
	text := t.Application.Serve.Domains
	if t.preview() {
		text = t.Preview.Domains
	}
	list, err := proxy.ParseDomains("domains", text)
	f.add("domains", err)
	for _, d := range list {
		urls = append(urls, d.Public())
	}
	return list, urls
}

// options takes the options of "docker run".
func (s *setup) options(f faults, t *target) {
	options, err := compose.ParseOptions(t.Application.Runtime.DockerOptions, t.AllowHost)
	f.add("custom_docker_run_options", err)
	for key, value := range options {
		theirs, isMap := value.(map[string]any)
		if key != "networks" {
			s.Service[key] = value
			continue
		}
		if isMap {
			maps.Copy(s.Network, theirs)
			s.Pinned = append(s.Pinned, "the container has an address of its own (--ip)")
		}
	}
}

// command replaces that of the image. Builders that look at the source take it themselves.
func (s *setup) command(f faults, t *target) {
	switch t.Application.Build.Pack {
	case core.PackDockerfile, core.PackImage:
	default:
		return
	}
	words, err := compose.SplitWords(t.Application.Runtime.StartCommand)
	f.add("start_command", err)
	if len(words) > 0 {
		s.Service["command"] = anyList(words)
	}
}

// publish takes ports of the server. Those of the application itself are no preview's.
func (s *setup) publish(f faults, t *target) {
	if t.preview() {
		return
	}
	list, err := compose.ParseMappings(t.Application.Serve.Mappings)
	f.add("ports_mappings", err)
	if len(list) == 0 {
		return
	}
	s.Service["ports"] = compose.Ports(list)
	s.Pinned = append(s.Pinned, "ports of the server lead to the container (ports_mappings)")
	for _, m := range list {
		if m.Protocol == "tcp" {
			s.Ports = append(s.Ports, m.Port)
		}
	}
}

// health says how the application shows that it is well: by a command in the container,
// or by an answer to the runner, for which nothing has to be in the image. Without either,
// the image's own health check counts, if it has one.
func (s *setup) health(t *target, ports []int) {
	h := t.Application.Health
	s.Patience = watchDefault
	if !h.Enabled {
		return
	}
	or := func(n, otherwise int) int {
		if n <= 0 {
			return otherwise
		}
		return n
	}
	interval, timeout, retries := or(h.Interval, 5), or(h.Timeout, 5), or(h.Retries, 10)
	if h.Type == healthCommand {
		s.Service["healthcheck"] = map[string]any{
			"test": []any{"CMD-SHELL", h.Command}, "interval": seconds(interval), "timeout": seconds(timeout), "retries": retries, "start_period": seconds(max(h.Start, 0)),
		}
		s.Patience = max(watchLeast, time.Duration(h.Start+(retries+1)*(interval+timeout))*time.Second)
		return
	}
	s.Check = &run.HTTP{
		Method: h.Method, Scheme: h.Scheme, Host: cmp.Or(h.Host, "localhost"), Port: h.Port, Path: h.Path, Code: h.Code, Text: h.Text,
		Start: time.Duration(max(h.Start, 0)) * time.Second, Interval: time.Duration(interval) * time.Second,
		Timeout: time.Duration(timeout) * time.Second, Retries: retries,
	}
	if h.Code == 200 {
		s.Check.Code = 0 // what curl --fail takes for well: an answer that sends to a login is one, too
	}
	if s.Check.Port == 0 && len(ports) > 0 {
		s.Check.Port = ports[0]
	}
	if s.Check.Port == 0 {
		s.Check.Port = 80
	}
	s.Patience = max(watchLeast, watchLeast/4+s.Check.Patience())
}

// names are those that the container has in its network, and its own if that is fixed.
func (s *setup) names(t *target) {
	r := t.Application.Runtime
	var aliases []any
	for one := range strings.SplitSeq(t.Application.Serve.Aliases, ",") {
		if one = strings.TrimSpace(one); one != "" {
			aliases = append(aliases, one+t.suffix())
		}
	}
	if len(aliases) > 0 {
		s.Network["aliases"] = aliases
	}
	switch {
	case r.CustomName != "":
		s.Fixed = r.CustomName + t.suffix()
		s.Pinned = append(s.Pinned, "the container has a name of its own ("+s.Fixed+")")
	case r.FixedName:
		s.Fixed = t.Project()
		s.Pinned = append(s.Pinned, "the container keeps its name")
	}
}

// brought is the setup that a rollback brings back, with the very image that ran.
func (t *target) brought() (*setup, error) {
	of := t.RollbackOf
	text, err := deploy.Kept(of.Config.Snapshot)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return nil, core.Errorf(core.CodeBadRequest, "Nothing is known any more of what the deployment that is to be brought back ran with.")
	}
	s, err := openSetup(text)
	if err != nil {
		return nil, err
	}
	if s.Stack != nil {
		return s, s.Stack.pin(of.Config.Digests, t.repository())
	}
	switch exact := of.Config.Digests[s.Image]; {
	case strings.HasPrefix(s.Image, t.repository()+":"):
		s.exact = exact // on its own server; on others the name stands for what they built
	case strings.Contains(exact, "@"):
		s.Image = exact
	}
	return s, nil
}

func openSetup(text []byte) (*setup, error) {
	s := &setup{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("read what a deployment ran with: %w", err)
	}
	s.Service, _ = whole(s.Service).(map[string]any)
	s.Network, _ = whole(s.Network).(map[string]any)
	return s, nil
}

// whole gives numbers of a tree that was read from JSON the type that they were written
// with.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		n, _ := v.Float64()
		return n
	case map[string]any:
		for key, one := range v {
			v[key] = whole(one)
		}
		return v
	case []any:
		for i, one := range v {
			v[i] = whole(one)
		}
		return v
	}
	return v
}

// hash identifies the configuration. The hash of a password has a new salt each time.
func (s *setup) hash(password string) (string, error) {
	c := *s
	if c.Route.Auth.Hash != "" {
		c.Route.Auth.Hash = password
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("hash configuration: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// repository is the name of the images of an application on its server.
func (t *target) repository() string { return t.Project() }

func seconds(n int) string { return strconv.Itoa(n) + "s" }

func anyList[T any](list []T) []any {
	out := make([]any, 0, len(list))
	for _, one := range list {
		out = append(out, one)
	}
	return slices.Clip(out)
}
