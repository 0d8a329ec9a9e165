package stack

import (
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Owner is what a stack belongs to, as far as generated values speak of it.
type Owner struct {
	ID     core.ID // in host names: the project
	Row    core.Owner
	Server core.Server
}

// Missing returns the rows of the variables that the text names and known lacks, in the
// order in which the text names them. Rows of previews count for nothing.
func (s *Text) Missing(o Owner, known []core.EnvVar, now time.Time) []core.EnvVar {
	g := generator{scan: s, owner: o, now: now}
	return g.missing(known)
}

// generator makes the rows of the variables that a text names and its owner lacks.
type generator struct {
	scan   *Text
	owner  Owner
	now    time.Time
	known  values // values of all rows, old and new
	exists map[string]bool
	rows   []core.EnvVar
}

func (g *generator) missing(known []core.EnvVar) []core.EnvVar {
	g.known, g.exists = values{}, map[string]bool{}
	for _, row := range known {
		if !row.IsPreview {
			g.exists[row.Key], g.known[row.Key] = true, row.Value.Reveal()
		}
	}
	for _, ref := range g.merged() {
		if m, ok := parseMagic(ref.name); ok {
			g.magic(m, ref)
			continue
		}
		g.add(core.EnvVar{Key: ref.name, Value: core.NewSecret(ref.def), IsRequired: ref.required})
	}
	return g.rows
}

// merged joins the uses of each variable: it is required as soon as one use says so,
// and the first default counts.
func (g *generator) merged() []reference {
	var out []reference
	at := map[string]int{}
	for _, ref := range g.scan.refs {
		i, seen := at[ref.name]
		if !seen {
			at[ref.name] = len(out)
			out = append(out, ref)
			continue
		}
		out[i].required = out[i].required || ref.required
		if out[i].def == "" {
			out[i].def = ref.def
		}
	}
	return out
}

func (g *generator) add(row core.EnvVar) {
	if g.exists[row.Key] {
		return
	}
	g.exists[row.Key], g.known[row.Key] = true, row.Value.Reveal()
	row.UUID = core.NewID()
	row.Owner = g.owner.Row
	row.IsGenerated, row.IsRuntime, row.IsBuildtime = true, true, true
	g.rows = append(g.rows, row)
}

func (g *generator) magic(m magic, ref reference) {
	switch m.name {
	case magicURL, magicFQDN:
		g.address(m, ref)
	case magicService:
		g.put(ref.name, g.serviceName(m.id))
	case magicAnonKey:
		g.put(ref.name, supabaseToken("anon", g.jwtSecret(), g.now))
	case magicServiceKey:
		g.put(ref.name, supabaseToken("service_role", g.jwtSecret(), g.now))
	default:
		g.put(ref.name, m.make(m.length))
	}
}

// put stores a value as it is: nothing in it is a reference.
func (g *generator) put(name, value string) {
	g.add(core.EnvVar{Key: name, Value: core.NewSecret(value), IsLiteral: true})
}

func (g *generator) jwtSecret() string {
	const name = "SERVICE_PASSWORD_JWT"
	g.put(name, core.RandomText(32, alnum))
	return g.known[name]
}

func (g *generator) serviceName(id string) string {
	for _, name := range g.scan.serviceNames() {
		if magicID(name) == id {
			return name
		}
	}
	return id
}

// address makes URL and FQDN, which always come as a pair, and with a port both of them
// with and without it.
func (g *generator) address(m magic, ref reference) {
	m = g.scan.whole(m)
	a := address{scheme: "http", host: generatedHost(m.id, g.owner.ID, g.owner.Server)}
	if len(ref.def) > 0 && ref.def[0] == '/' {
		a.path = ref.def
	}
	g.put("SERVICE_URL_"+m.id, a.url())
	g.put("SERVICE_FQDN_"+m.id, a.fqdn())
	if m.port != "" {
		a.port = m.port
		g.put("SERVICE_URL_"+m.id+"_"+m.port, a.url())
		g.put("SERVICE_FQDN_"+m.id+"_"+m.port, a.fqdn())
	}
}

// whole undoes the cutting off of a port that is part of a compose service's name.
func (s *Text) whole(m magic) magic {
	for _, name := range s.serviceNames() {
		if m.port != "" && magicID(name) == m.id+"_"+m.port {
			m.id, m.port = m.id+"_"+m.port, ""
		}
	}
	return m
}

// owner returns the compose service that a URL variable is about: the one of that name,
// otherwise the one that lists the variable.
func (s *Text) owner(variable string, m magic) string {
	for _, name := range s.serviceNames() {
		if magicID(name) == m.id {
			return name
		}
	}
	return s.declared[variable]
}

// Chosen returns rows with the addresses that people have chosen for the compose services
// (comma-separated URLs by name) in the place of the generated ones, which bear the id of
// their owner. A row that somebody has changed by hand stays.
func (s *Text) Chosen(o Owner, rows []core.EnvVar, fqdns map[string]string) []core.EnvVar {
	out := make([]core.EnvVar, len(rows))
	for i, row := range rows {
		out[i] = row
		m, ok := parseMagic(row.Key)
		if !ok || m.name != magicURL && m.name != magicFQDN || !strings.Contains(row.Value.Reveal(), "-"+string(o.ID)+".") {
			continue
		}
		m = s.whole(m)
		a, ok := chosenAddress(fqdns[s.owner(row.Key, m)])
		if !ok {
			continue
		}
		a.port = m.port
		out[i].Value = core.NewSecret(a.url())
		if m.name == magicFQDN {
			out[i].Value = core.NewSecret(a.fqdn())
		}
	}
	return out
}

// Domains returns the URLs that the compose services have by their variables: with the
// container's port where the text names it, which the proxy needs.
func (s *Text) Domains(vars map[string]string) map[string]string {
	out := map[string]string{}
	for _, name := range keysOf(vars) {
		m, ok := parseMagic(name)
		if !ok || m.name != magicURL {
			continue
		}
		m = s.whole(m)
		owner := s.owner(name, m)
		if owner == "" || m.port == "" && out[owner] != "" {
			continue
		}
		out[owner] = vars[name]
	}
	return out
}
