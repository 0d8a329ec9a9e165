package engine

import (
	"embed"
	"fmt"
	"maps"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// proxyImage is that of the container that gives access from outside.
const proxyImage = "nginx:stable-alpine"

//go:embed scripts
var scriptFiles embed.FS

// rendering is a database on its way to its files.
type rendering struct {
	spec    *Spec
	in      Input
	scope   *scope
	options map[string]any // keys of the service that the user's options of "docker run" set
	out     Output
	mounts  []any
	volumes map[string]any // at the top of the file
}

// Render makes what goes to the server. Errors are *core.Error fit for a person.
func (s *Spec) Render(in Input) (Output, error) {
	db := in.Database
	r := &rendering{spec: s, in: in, scope: s.scope(db), volumes: map[string]any{}}
	f := faults{}
	maps.Copy(f, s.Check(db, in.AllowHost))
	if db.Settings.EnableSSL && (in.Leaf.Cert == "" || in.CA.Cert == "") {
		f.add("enable_ssl", "is on, but there is no certificate.")
	}
	environment := r.environment(f)
	r.storages(f)
	if err := f.err(); err != nil {
		return Output{}, err
	}
	r.scope.CA, r.scope.Cert, r.scope.Key = in.CA.Cert, in.Leaf.Cert, in.Leaf.Key.Reveal()
	r.options, _ = parseOptions(db.Settings.DockerOptions, in.AllowHost) // Check read them
	r.files()
	r.out.Ready = r.scope.words(s.ready)
	services := map[string]any{string(db.UUID): r.service(environment)}
	if p := db.Settings.Public; p.Enabled {
		r.out.Proxy = string(db.UUID) + "-proxy"
		services[r.out.Proxy] = r.proxy(p)
	}
	r.out.Compose = map[string]any{
		"services": services, "volumes": r.volumes,
		"networks": map[string]any{"default": map[string]any{"name": in.Network, "external": true}},
	}
	return r.out, nil
}

// environment is the user's with ours: one of ours is left out when the user has set just
// that one. What the user has set counts for how we ask the server, too.
func (r *rendering) environment(f faults) map[string]any {
	out := map[string]any{}
	for _, env := range r.in.Envs {
		if !env.IsPreview {
			out[env.Key] = env.Value.Reveal()
		}
	}
	for _, v := range r.spec.env {
		name := v.key
		place := r.scope.place(v.role)
		theirs, set := out[v.key].(string)
		if set && place != nil {
			*place = theirs
			i := slices.IndexFunc(r.spec.Fields, func(field Field) bool { return field.Role == v.role })
			f.value(r.spec.Fields[i], v.key, theirs)
		}
		value := r.scope.text(v.value)
		switch v.role {
		case RolePassword:
			name, value = v.key+"_FILE", path.Join(inside, passwordFile)
		case RoleRootPassword:
			name, value = v.key+"_FILE", path.Join(inside, rootPasswordFile)
		case RoleUser, RoleDatabase:
			value = *place
		}
		if _, taken := out[name]; !set && !taken && value != "" {
			out[name] = value
		}
	}
	return out
}

// Overridden returns db with what its own variables put in the place of its fields: the
// images of some engines read names and passwords from variables, and those of a person
// win over ours. What is done to a running database goes by it.
func (s *Spec) Overridden(db core.Database, envs []core.EnvVar) core.Database {
	fields := maps.Clone(db.Fields)
	for _, env := range envs {
		if f, ok := s.SetBy(env.Key); ok && !env.IsPreview && fields != nil {
			fields[f.Name] = env.Value
		}
	}
	db.Fields = fields
	return db
}

// SetBy returns the field that a variable of this name would stand for in the container.
func (s *Spec) SetBy(key string) (Field, bool) {
	for _, v := range s.env {
		i := slices.IndexFunc(s.Fields, func(f Field) bool { return v.role != RoleOption && f.Role == v.role })
		if i >= 0 && v.key == key {
			return s.Fields[i], true
		}
	}
	return Field{}, false
}

// files are what the container finds below /run/taffrail, and the init scripts. The
// folder is mounted as a whole: a file that is replaced in it is seen at once.
func (r *rendering) files() {
	r.file("run", "", 0o755)
	r.bind("run", inside, true)
	list := r.spec.files
	if r.scope.TLS {
		list = append(slices.Clone(list), file{path: "ssl/ca.crt", text: "{{.CA}}"}, file{path: "ssl/server.crt", text: "{{.Cert}}"},
			file{path: "ssl/server.key", text: "{{.Key}}"})
	}
	for _, f := range list {
		if f.conf && r.scope.Conf == "" || f.tls && !r.scope.TLS {
			continue
		}
		content := r.scope.content(f)
		at, mode := path.Join("run", f.path), uint32(0o644)
		if r.spec.owner != "" && f.path == "ssl/server.key" {
			mode = 0o600
			r.out.Owned = append(r.out.Owned, Owned{User: r.spec.owner, Paths: []string{at}})
		}
		r.file(at, content, mode)
		if f.target != "" {
			r.bind(at, f.target, true)
		}
	}
	for _, script := range r.in.Database.Settings.InitScripts {
		at := path.Join("initdb.d", script.Filename)
		r.file(at, script.Content, 0o644)
		r.bind(at, path.Join("/docker-entrypoint-initdb.d", script.Filename), true)
	}
}

// file puts a file below the database's folder; without content and below 0755, a folder.
func (r *rendering) file(at, content string, mode uint32) {
	r.out.Files = append(r.out.Files, run.File{Path: at, Mode: mode, Content: content, IsDir: mode == 0o755})
}

func (r *rendering) bind(source, target string, readOnly bool) {
	mount := map[string]any{"type": "bind", "source": path.Join(r.in.Dir, source), "target": target}
	if path.IsAbs(source) {
		mount["source"] = source
	}
	if readOnly {
		mount["read_only"] = true
	}
	r.mounts = append(r.mounts, mount)
}

func (r *rendering) service(environment map[string]any) map[string]any {
	s, set := r.spec, r.in.Database.Settings
	uuid := string(r.in.Database.UUID)
	service := map[string]any{
		"image": r.in.Database.Image, "container_name": uuid, "restart": "unless-stopped", "stop_grace_period": "30s",
		"labels": anyMap(r.in.Labels), "environment": environment, "volumes": r.mounts,
	}
	command := r.scope.words(s.server.flags)
	if r.scope.Conf != "" {
		command = append(command, r.scope.words(s.server.conf)...)
	}
	if r.scope.TLS {
		command = append(command, r.scope.words(s.server.tls)...)
	}
	if len(command) > 0 {
		service["command"] = anyList(append(slices.Clone(s.server.program), command...))
	}
	if h := set.Health; h.Enabled {
		service["healthcheck"] = map[string]any{
			"test": anyList(append([]string{"CMD"}, r.out.Ready...)), "interval": seconds(h.Interval), "timeout": seconds(h.Timeout),
			"retries": h.Retries, "start_period": seconds(h.StartPeriod),
		}
	} else {
		service["healthcheck"] = map[string]any{"disable": true} // that of the image
	}
	compose.Limit(service, set.Limits)
	r.publish(service, set)
	network := map[string]any{"aliases": []any{uuid}}
	for key, value := range r.options {
		switch theirs, isMap := value.(map[string]any); {
		case key == "networks":
			maps.Copy(network, theirs)
		case isMap && service[key] != nil:
			maps.Copy(under(service, key), theirs)
		default:
			service[key] = value
		}
	}
	service["networks"] = map[string]any{"default": network}
	return service
}

func (r *rendering) publish(service map[string]any, set core.DatabaseSettings) {
	mappings, _ := parseMappings(set.PortsMappings, set.Public) // Check read them
	for _, m := range mappings {
		if m.Protocol == "tcp" {
			r.out.Ports = append(r.out.Ports, m.Port)
		}
	}
	if len(mappings) > 0 {
		service["ports"] = compose.Ports(mappings)
	}
}

// proxy is the container that listens on the public port. It looks for the database
// whenever somebody connects: its address changes with each start.
func (r *rendering) proxy(p core.Public) map[string]any {
	uuid := string(r.in.Database.UUID)
	var access strings.Builder
	for _, one := range p.Allow {
		prefix, _ := network(one) // Check read it
		fmt.Fprintf(&access, "    allow %s;\n", prefix)
	}
	if len(p.Allow) > 0 {
		access.WriteString("    deny all;\n")
	}
	r.file("proxy/nginx.conf", fmt.Sprintf(`worker_processes 1;
events {
  worker_connections 4096;
}
stream {
  resolver 127.0.0.11 valid=5s ipv6=off;
  map $server_port $database {
    default %s;
  }
  server {
    listen %d;
%s    proxy_connect_timeout 10s;
    proxy_timeout %ds;
    proxy_socket_keepalive on;
    proxy_pass $database;
  }
}
`, net.JoinHostPort(uuid, strconv.Itoa(r.scope.Port)), p.Port, access.String(), p.Timeout), 0o644)
	r.out.Ports = append(r.out.Ports, p.Port)
	return map[string]any{
		"image": proxyImage, "container_name": r.out.Proxy, "restart": "unless-stopped", "labels": anyMap(r.in.Labels),
		"ports":      []any{map[string]any{"target": p.Port, "published": strconv.Itoa(p.Port), "protocol": "tcp"}},
		"volumes":    []any{map[string]any{"type": "bind", "source": path.Join(r.in.Dir, "proxy/nginx.conf"), "target": "/etc/nginx/nginx.conf", "read_only": true}},
		"depends_on": []any{uuid},
		// That it listens: a connection would be one to the database, and need not be allowed.
		"healthcheck": map[string]any{"test": []any{"CMD", "grep", "-Eq", fmt.Sprintf(":%04X 0+:0000 0A", p.Port), "/proc/net/tcp"},
			"interval": "5s", "timeout": "5s", "retries": 5, "start_period": "5s"},
	}
}

func seconds(n int) string { return strconv.Itoa(n) + "s" }

func anyList(words []string) []any {
	out := make([]any, len(words))
	for i, word := range words {
		out[i] = word
	}
	return out
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for key, value := range m {
		out[key] = value
	}
	return out
}
