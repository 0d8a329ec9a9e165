package stack

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// stopGrace is how long a container gets to stop where its text says nothing.
const stopGrace = "30s"

// rewriter turns a checked stack into the compose file for the server.
type rewriter struct {
	Frame
	stack   *Stack
	vars    values
	awaited map[string]bool   // compose services that others wait for to end
	secrets map[string]string // environment of the compose commands, by name
	nets    map[string]any    // networks as they are written
	fault   error             // of Frame.Labels
}

// rewrite returns the tree to write. The stack stays as it is.
func (r *rewriter) rewrite() map[string]any {
	tree := mapOf(clone(r.stack.tree))
	r.secrets = map[string]string{}
	r.awaited = awaited(tree)
	r.networks(tree)
	r.nets = mapOf(tree["networks"])
	services := mapOf(tree["services"])
	for _, name := range keysOf(services) {
		r.one(name, mapOf(services[name]))
	}
	r.volumes(tree)
	r.objects(tree)
	return tree
}

// awaited are the compose services that another one waits for to end well.
func awaited(tree map[string]any) map[string]bool {
	out := map[string]bool{}
	for _, v := range mapOf(tree["services"]) {
		for name, on := range mapOf(mapOf(v)["depends_on"]) {
			if textOf(mapOf(on)["condition"]) == "service_completed_successfully" {
				out[name] = true
			}
		}
	}
	return out
}

func (r *rewriter) one(name string, s map[string]any) {
	if !r.stack.how.Raw {
		delete(s, "container_name")
		if replicas(s) == 1 {
			s["container_name"] = r.container(name)
		}
	}
	restartPolicy := mapOf(mapOf(s["deploy"])["restart_policy"])
	if s["restart"] == nil && restartPolicy == nil && !r.awaited[name] {
		s["restart"] = "unless-stopped"
	}
	if s["stop_grace_period"] == nil {
		s["stop_grace_period"] = stopGrace // by which every stop goes, whoever asks for it
	}
	s["environment"] = r.environment(name, s)
	s["env_file"] = r.envFiles(s["env_file"])
	s["labels"] = r.labels(name, s)
	for _, on := range mapOf(s["depends_on"]) {
		if m := mapOf(on); truth(m["required"]) {
			delete(m, "required") // the default; older versions of Compose do not know it
		}
	}
	s["label_file"] = r.labelFiles(s["label_file"])
	if s["label_file"] == nil {
		delete(s, "label_file")
	}
	for i, v := range listOf(s["volumes"]) {
		_, made := r.stack.own[name].mounts[i]
		r.bind(mapOf(v), made)
	}
	r.build(mapOf(s["build"]))
	for _, hooks := range []string{"post_start", "pre_stop"} {
		for _, hook := range listOf(s[hooks]) {
			if m := mapOf(hook); m["environment"] != nil {
				m["environment"] = r.filled(m["environment"])
			}
		}
	}
}

func (r *rewriter) container(name string) string { return name + "-" + r.Project }

// replicas is how many containers a compose service has.
func replicas(s map[string]any) int {
	for _, v := range []any{s["scale"], mapOf(s["deploy"])["replicas"]} {
		if n, err := strconv.Atoi(textOf(v)); err == nil {
			return n
		}
	}
	return 1
}

// environment is what the text says, with what Taffrail tells every container.
func (r *rewriter) environment(name string, s map[string]any) map[string]any {
	env := r.filled(s["environment"])
	told := map[string]string{"RESOURCE_UUID": r.Project}
	if container := textOf(s["container_name"]); container != "" {
		told["CONTAINER_NAME"] = container
	}
	if fqdn := r.Addresses[name]; fqdn != "" {
		told["URL"], told["FQDN"] = public(fqdn)
	}
	if r.Told != nil {
		maps.Copy(env, r.Told(name, env))
	}
	for key, value := range told {
		for _, prefix := range []string{"COOLIFY_", "TAFFRAIL_"} {
			if _, set := env[prefix+key]; !set && value != "" {
				env[prefix+key] = value
			}
		}
	}
	return env
}

// filled gives the variables that are listed without a value theirs. One that has none
// is left out: Compose would take it from the environment of whoever runs it.
func (r *rewriter) filled(v any) map[string]any {
	env := map[string]any{}
	for _, p := range pairsOf(v, nil) {
		value, known := r.vars.lookup(p.key)
		_, magic := parseMagic(p.key)
		made := magic && known && p.value != nil && (*p.value == "" || strings.HasPrefix(*p.value, "/"))
		switch {
		case p.value != nil && !made:
			env[p.key] = *p.value
		case known:
			env[p.key] = value
		}
	}
	return env
}

// envFiles adds the file with the service's variables, behind the user's own.
func (r *rewriter) envFiles(v any) []any {
	var out []any
	for _, one := range listOf(v) {
		m := mapOf(one)
		p := path.Clean(textOf(m["path"]))
		if p == EnvFile {
			continue
		}
		p = r.stack.placed(p, false).To
		if required := m["required"]; m["format"] == nil && (required == nil || truth(required)) {
			out = append(out, p) // the short form, which every version of Compose knows
			continue
		}
		m["path"] = p
		out = append(out, m)
	}
	return append(out, EnvFile)
}

// reached says where a compose service is reached: over the default network, if it is on
// that.
func (r *rewriter) reached(name string, s map[string]any) Place {
	at := Place{Service: name, Container: textOf(s["container_name"])}
	if s["network_mode"] == nil {
		key := "default"
		if own := keysOf(mapOf(s["networks"])); len(own) > 0 && !slices.Contains(own, key) {
			key = own[0]
		}
		at.Network = cmp.Or(textOf(mapOf(r.nets[key])["name"]), key)
	}
	for _, v := range listOf(s["ports"]) {
		at.Ports = append(at.Ports, number(mapOf(v)["target"]))
	}
	for _, text := range textsOf(s["expose"]) {
		at.Ports = append(at.Ports, number(text))
	}
	at.Ports = slices.DeleteFunc(at.Ports, func(port int) bool { return port == 0 })
	return at
}

// number is a port, 0 for what is none or several.
func number(v any) int {
	n, err := strconv.Atoi(strings.TrimSuffix(textOf(v), "/tcp"))
	if err != nil {
		return 0
	}
	return n
}

// labelFiles are files that Compose reads labels from.
func (r *rewriter) labelFiles(v any) any {
	var out []any
	for _, p := range textsOf(v) {
		out = append(out, r.stack.placed(path.Clean(p), false).To)
	}
	if out == nil {
		return nil
	}
	return out
}

func (r *rewriter) labels(name string, s map[string]any) map[string]any {
	labels := map[string]any{}
	for _, p := range pairsOf(s["labels"], nil) {
		labels[p.key] = ""
		if p.value != nil {
			labels[p.key] = *p.value
		}
	}
	for key, value := range r.Marks {
		labels[key] = value
	}
	labels["taffrail.service.name"] = name
	if r.Labels == nil || r.stack.how.Raw {
		return labels
	}
	texts := map[string]string{}
	for key, value := range labels {
		texts[key] = textOf(value)
	}
	texts, err := r.Labels(r.reached(name, s), texts)
	r.fault = cmp.Or(r.fault, err)
	labels = map[string]any{}
	for key, value := range texts {
		labels[key] = value
	}
	return labels
}

func (r *rewriter) bind(volume map[string]any, made bool) {
	if source := textOf(volume["source"]); textOf(volume["type"]) == "bind" {
		bind := mapOf(volume["bind"])
		if bind == nil {
			bind = map[string]any{}
			volume["bind"] = bind
		}
		if _, said := bind["create_host_path"]; !said && inside(source) {
			bind["create_host_path"] = true // nobody else would make it there
		}
		if made {
			volume["source"] = path.Join(r.Dir, source)
		} else {
			volume["source"] = r.place(source, !truth(volume["read_only"]))
		}
	}
	if m := mapOf(volume["volume"]); m != nil && len(m) == 0 {
		delete(volume, "volume")
	}
}

// place makes a path of the text one of the server.
func (r *rewriter) place(p string, writes bool) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	if !inside(p) {
		return path.Join(r.Dir, p)
	}
	return path.Join(r.Dir, r.stack.placed(p, writes).To)
}

// context makes a path that only builds read one of the server.
func (r *rewriter) context(p string) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	return path.Join(cmp.Or(r.Source, r.Dir), p)
}

func (r *rewriter) build(build map[string]any) {
	if build == nil {
		return
	}
	if context := textOf(build["context"]); !remoteForm.MatchString(context) {
		build["context"] = r.context(context)
	}
	if build["args"] != nil {
		build["args"] = r.filled(build["args"])
	}
	if build["additional_contexts"] == nil {
		return
	}
	contexts := map[string]any{}
	for _, p := range pairsOf(build["additional_contexts"], nil) {
		if p.value == nil {
			continue
		}
		contexts[p.key] = *p.value
		if !strings.Contains(*p.value, ":") {
			contexts[p.key] = r.context(*p.value)
		}
	}
	build["additional_contexts"] = contexts
}

// volumes gives every named volume a name of the service's own. The user's name stays
// in it letter by letter: two names must never come to mean one volume.
func (r *rewriter) volumes(tree map[string]any) {
	volumes := mapOf(tree["volumes"])
	for name, v := range volumes {
		volume := mapOf(v)
		if truth(volume["external"]) {
			continue
		}
		if volume == nil {
			volume = map[string]any{}
		}
		if !r.stack.how.Raw || volume["name"] == nil {
			volume["name"] = r.Project + "_" + name
		}
		volume["labels"] = r.marked(volume["labels"])
		volumes[name] = volume
	}
}

func (r *rewriter) marked(v any) map[string]any {
	labels := map[string]any{}
	for _, p := range pairsOf(v, nil) {
		labels[p.key] = ""
		if p.value != nil {
			labels[p.key] = *p.value
		}
	}
	for key, value := range r.Marks {
		labels[key] = value
	}
	return labels
}

// networks does the same for networks. The default one is the service's own network,
// named like the service.
func (r *rewriter) networks(tree map[string]any) {
	networks := mapOf(tree["networks"])
	if networks == nil {
		networks = map[string]any{}
		tree["networks"] = networks
	}
	if networks["default"] == nil {
		networks["default"] = map[string]any{}
	}
	for name, v := range networks {
		network := mapOf(v)
		if truth(network["external"]) {
			continue
		}
		if network == nil {
			network = map[string]any{}
		}
		if !r.stack.how.Raw || network["name"] == nil {
			network["name"] = r.Project + "_" + name
		}
		if name == "default" && !r.stack.how.Raw {
			network["name"] = r.Project
			network["attachable"] = true
		}
		network["labels"] = r.marked(network["labels"])
		networks[name] = network
	}
}

// objects places the files of configs and secrets, and hands over what comes from
// variables: a config's value is written into the file, a secret's goes into the
// environment of the compose commands, since it has no other form.
func (r *rewriter) objects(tree map[string]any) {
	for _, section := range []string{"configs", "secrets"} {
		entries := mapOf(tree[section])
		for _, name := range keysOf(entries) {
			object := mapOf(entries[name])
			delete(object, "name")
			if file := textOf(object["file"]); file != "" {
				object["file"] = r.place(file, false)
			}
			variable := textOf(object["environment"])
			if variable == "" {
				continue
			}
			value := r.vars[variable]
			if section == "configs" {
				delete(object, "environment")
				object["content"] = value
				continue
			}
			handed := "TAFFRAIL_SECRET_" + strconv.Itoa(len(r.secrets)+1)
			object["environment"] = handed
			r.secrets[handed] = value
		}
	}
}
