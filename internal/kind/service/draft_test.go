package service_test

import (
	"maps"
	"strings"
	"testing"
)

type badText struct{ text, want string }

// badShapes are texts that are no compose file.
func badShapes() map[string]badText {
	return map[string]badText{
		"empty":           {" \n", `is empty; it needs at least one service`},
		"no YAML":         {"services:\n  web: [a\n", `line 2: did not find`},
		"tab":             {"services:\n\tweb: {}\n", `line 2`},
		"no mapping":      {"hello", `the top of it must be a mapping`},
		"comments":        {"# nothing\n", `only comments`},
		"two documents":   {"services: {a: {image: x}}\n---\nservices: {}\n", `more than one YAML document`},
		"not UTF-8":       {"services: {a: {image: \"\xff\"}}", `not valid UTF-8`},
		"NUL":             {"services: {a: {image: \"x\x00\"}}", `control characters`},
		"too large":       {"# " + strings.Repeat("x", 1<<20), `larger than 1 MiB`},
		"no services":     {"volumes:\n  a:\n", `has no services`},
		"services empty":  {"services: {}\n", `line 1: services: has no services`},
		"services a list": {"services:\n  - web\n", `line 1: services: must be a mapping`},
		"service empty":   {"services:\n  web:\n", `line 2: services.web: `},
		"unknown top":     {"service:\n  web: {image: x}\n", `line 1: service: unknown field; did you mean services?`},
		"unknown field":   {"services:\n  web:\n    image: x\n    imagee: y\n", `line 4: services.web.imagee: unknown field; did you mean image?`},
		"unknown nested":  {"services:\n  web:\n    image: x\n    healthcheck:\n      tests: y\n", `line 5: services.web.healthcheck.tests: unknown field; did you mean test?`},
		"unknown in list": {"services:\n  web:\n    image: x\n    volumes:\n      - {type: volume, sorce: a, target: /a}\n", `line 5: services.web.volumes.0.sorce: unknown field; did you mean source?`},
		"wrong type":      {"services:\n  web:\n    image: x\n    ports: 80\n", `line 4: services.web.ports: must be a list`},
		"two types":       {"services:\n  web:\n    image: x\n    environment: 3\n", `line 4: services.web.environment: must be a mapping or a list`},
		"bad boolean":     {"services:\n  web:\n    image: x\n    init: ${X:-perhaps}\n", `line 4: services.web.init: cannot be "perhaps"`},
		"bad port":        {"services:\n  web:\n    image: x\n    ports: [\"a:b\"]\n", `ort`},
		"bad duration":    {"services:\n  web:\n    image: x\n    healthcheck: {test: [CMD, a], interval: often}\n", `interval`},
		"bad memory":      {"services:\n  web:\n    image: x\n    mem_limit: lots\n", `lots`},
		"duplicate key":   {"services:\n  web: {image: x}\n  web: {image: y}\n", `line 3: services.web: is there already, in line 2`},
		"key a number":    {"services:\n  web: {image: x, environment: {1: a}}\n", `a key must be text`},
		"tag":             {"services:\n  web: {image: !!python/object x}\n", `line 2: services.web.image: the tag`},
		"reset":           {"services:\n  web: {image: x, privileged: !reset true}\n", `the tag !reset`},
		"alias to itself": {"services: &a\n  web: {image: x, labels: *a}\n", `leads back to itself`},
		"alias bomb":      {bomb(), `unfolds into too much`},
		"quiet bomb":      {quietBomb(), `unfolds into too much`},
		"deep":            {"services: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), `nested deeper`},
	}
}

// badNames are texts whose names, images or paths mean more than they say.
func badNames() map[string]badText {
	return map[string]badText{
		"no image":        {"services:\n  web:\n    restart: always\n", `line 2: services.web: has neither image nor build`},
		"image blank":     {"services:\n  web:\n    image: \"x:y --privileged\"\n", `line 3: services.web.image: "x:y --privileged" is not the name of an image`},
		"image shell":     {"services:\n  web:\n    image: \"x;id\"\n", `is not the name of an image`},
		"name blank":      {"services:\n  \"a b;c\": {image: x}\n", `line 2: services.a b;c: "a b;c" cannot be a name`},
		"name dollar":     {"services:\n  \"$(id)\": {image: x}\n", `cannot be a name`},
		"name dash":       {"services:\n  \"-f\": {image: x}\n", `cannot be a name`},
		"volume name":     {"services: {web: {image: x}}\nvolumes:\n  \"a;id\": {}\n", `line 3: volumes.a;id: "a;id" cannot be a name`},
		"network name":    {"services: {web: {image: x}}\nnetworks:\n  \"n --opt\": {}\n", `cannot be a name`},
		"config name":     {"services: {web: {image: x}}\nconfigs:\n  \"a|b\": {content: x}\n", `cannot be a name`},
		"target shell":    {"services:\n  web:\n    image: x\n    volumes: [\"aa:/x$$(id)\"]\nvolumes: {aa: }\n", `cannot be a path in the container`},
		"target relative": {"services:\n  web:\n    image: x\n    volumes: [{type: volume, source: a, target: x}]\nvolumes: {a: }\n", `line 4: services.web.volumes.0: "x" cannot be a path in the container`},
		"source shell":    {"services:\n  web:\n    image: x\n    volumes: [\"./a`id`:/x\"]\n", `cannot be a path`},
		"source colon":    {"services:\n  web:\n    image: x\n    volumes: [{type: bind, source: \"./a:/etc\", target: /x}]\n", `cannot be a path`},
		"source newline":  {"services:\n  web:\n    image: x\n    volumes: [{type: bind, source: \"./a\\nid\", target: /x}]\n", `cannot be a path`},
		"env name":        {"services:\n  web:\n    image: x\n    environment: {\"A$$(x)\": y}\n", `cannot be the name of a variable`},
		"env name blank":  {"services:\n  web:\n    image: x\n    environment: [\"A B=y\"]\n", `cannot be the name of a variable`},
	}
}

// badReferences are texts that name what is not there or not possible.
func badReferences() map[string]badText {
	return map[string]badText{
		"undefined need":   {"services:\n  web:\n    image: x\n    depends_on: [db]\n", `line 4: services.web.depends_on.db: the service db is not defined`},
		"undefined volume": {"services:\n  web:\n    image: x\n    volumes:\n      - data:/x\n", `line 5: services.web.volumes.0: the volume data is not defined`},
		"undefined net":    {"services:\n  web:\n    image: x\n    networks: [back]\n", `services.web.networks.back: the network back is not defined`},
		"undefined config": {"services:\n  web:\n    image: x\n    configs: [c]\n", `line 4: services.web.configs.0: c is not defined under "configs:"`},
		"undefined secret": {"services:\n  web:\n    image: x\n    secrets: [c]\n", `c is not defined under "secrets:"`},
		"undefined link":   {"services:\n  web:\n    image: x\n    links: [db]\n", `the service db is not defined`},
		"undefined netns":  {"services:\n  web:\n    image: x\n    network_mode: service:vpn\n", `the service vpn is not defined`},
		"cycle":            {"services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n", `the services wait for each other: a → b → a`},
		"waits for off":    {"services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, profiles: [p]}\n", `switched off by its profiles`},
		"mode and nets":    {"services:\n  web: {image: x, network_mode: none, networks: [a]}\nnetworks: {a: }\n", `cannot be used together with networks`},
		"bad variable":     {"services:\n  web:\n    image: x\n    command: \"echo ${1X}\"\n", `line 4: services.web.command: holds a "$" that begins no variable`},
		"include":          {"include: [\"https://example.com/c.yml\"]\nservices: {web: {image: x}}\n", `line 1: include: Taffrail takes one compose file`},
		"extends file":     {"services:\n  web:\n    extends: {file: /etc/passwd, service: x}\n", `line 3: services.web.extends.file: a service can only extend one of the same text`},
		"extends merged":   {"x-a: &a {file: /etc/passwd, service: x}\nservices:\n  web:\n    extends: {<<: *a}\n", `a service can only extend one of the same text`},
		"extends none":     {"services:\n  web:\n    extends: {service: nope}\n", `nope`},
		"jobs":             {"services: {web: {image: x}}\njobs: {a: {image: x}}\n", `Taffrail does not support this`},
		"provider":         {"services:\n  web: {provider: {type: model}}\n", `line 2: services.web.provider: Taffrail does not support this`},
		"external config":  {"services: {web: {image: x}}\nconfigs: {c: {external: true}}\n", `Taffrail does not support this`},
		"reserved label":   {"services:\n  web:\n    image: x\n    labels: [\"com.docker.compose.project=other\"]\n", `is reserved`},
		"own file":         {"services:\n  web:\n    image: x\n    volumes:\n      - {type: bind, source: ./docker-compose.yml, target: /x, content: \"services: {}\"}\n", `line 5: services.web.volumes.0: ./docker-compose.yml is written by Taffrail itself`},
		"own env file":     {"services:\n  web:\n    image: x\n    volumes:\n      - {type: bind, source: ./x/../.env, target: /x, content: A=b}\n", `is written by Taffrail itself`},
		"content outside":  {"services:\n  web:\n    image: x\n    volumes:\n      - {type: bind, source: ../x, target: /x, content: a}\n", `for bind mounts whose source begins with ./`},
		"home":             {"services:\n  web:\n    image: x\n    volumes: [\"~/x:/x\"]\n", `depends on who runs Compose`},
	}
}

// TestBadText: each text is refused with line, field and reason.
func TestBadText(t *testing.T) {
	t.Parallel()
	all := badShapes()
	maps.Copy(all, badNames())
	maps.Copy(all, badReferences())
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, allowHost := range []bool{false, true} {
				_, err := draft(c.text, allowHost)
				if got := fieldsOf(err); !strings.Contains(got, c.want) || strings.HasPrefix(got, "not about") {
					t.Errorf("allow host %t: got %q, want %q in it", allowHost, got, c.want)
				}
			}
		})
	}
}

// bomb is the laughs of a billion aliases.
func bomb() string {
	text := "x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for i := '1'; i <= '9'; i++ {
		before := "*a" + string(i-1)
		text += "x-" + string(i) + ": &a" + string(i) + " [" + strings.Repeat(before+", ", 8) + before + "]\n"
	}
	return text + "services: {web: {image: x}}\n"
}

// quietBomb has few nodes, but a text that is there very often.
func quietBomb() string {
	return "x-a: &a \"" + strings.Repeat("y", 100_000) + "\"\nx-b: [" + strings.Repeat("*a, ", 10_000) + "*a]\nservices: {web: {image: x}}\n"
}

func TestManyFaultsAreCut(t *testing.T) {
	t.Parallel()
	text := "services:\n"
	for i := range 40 {
		text += "  s" + strings.Repeat("x", i) + ": {image: \"a b\"}\n"
	}
	_, err := draft(text, false)
	got := strings.Split(fieldsOf(err), "\n")
	if len(got) != 21 || got[20] != "and 20 more" || !strings.HasPrefix(got[0], "line 2: ") {
		t.Errorf("got %d lines, first %q, last %q", len(got), got[0], got[len(got)-1])
	}
}

// TestGoodText: what people use is accepted as it is, without any warning.
func TestGoodText(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"version and name": "version: '3.8'\nname: shop\nservices: {web: {image: nginx}}\n",
		"extension fields": "x-common: &c\n  restart: always\nservices:\n  web:\n    <<: *c\n    image: nginx\n    x-note: hi\n",
		"same extends":     "services:\n  base: {image: nginx}\n  web: {extends: {service: base}, hostname: web}\n",
		"merge list":       "x-a: &a {restart: always}\nx-b: &b {init: true}\nservices:\n  web: {<<: [*a, *b], image: nginx}\n",
		"image digest":     "services: {web: {image: \"ghcr.io/a/b:1@sha256:" + strings.Repeat("a", 64) + "\"}}\n",
		"gpu":              "services: {web: {image: nginx, deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}}}\n",
		"harmless cap":     "services: {web: {image: nginx, cap_drop: [ALL], cap_add: [CAP_NET_BIND_SERVICE, chown]}}\n",
		"no new rights":    "services: {web: {image: nginx, security_opt: [\"no-new-privileges:true\"]}}\n",
		"nfs":              "services: {web: {image: nginx, volumes: [\"aa:/a\"]}}\nvolumes: {aa: {driver_opts: {type: nfs, o: \"addr=10.0.0.1,rw\", device: \":/x\"}}}\n",
		"netns of other":   "services: {vpn: {image: v}, web: {image: nginx, network_mode: \"service:vpn\"}}\n",
		"own env read":     "services: {web: {image: nginx, volumes: [\"./.env:/app/.env:ro\"]}}\n",
		"build":            "services: {web: {build: {context: ., dockerfile_inline: \"FROM scratch\"}}}\n",
		"build from git":   "services: {web: {build: \"https://example.com/a/b.git#main\"}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := draft(text, false)
			if err != nil {
				t.Fatal(fieldsOf(err))
			}
			if len(d.Warnings) > 0 {
				t.Errorf("warnings: %q", d.Warnings)
			}
		})
	}
}

// TestUnsetVariables: a text whose variables are not set yet can be stored. What
// depends on them is checked by the deployment.
func TestUnsetVariables(t *testing.T) {
	t.Parallel()
	const text = "services:\n  web:\n    image: ${IMAGE}\n    privileged: ${WILD}\n    ports: [\"${PORT:?choose one}:80\"]\n    volumes: [\"${DIR}:/x\"]\n"
	d, err := draft(text, false)
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	if got := strings.Join(d.Warnings, "\n"); !strings.Contains(got, "line 4: services.web.privileged") || !strings.Contains(got, "no value yet") {
		t.Errorf("warnings: %s", got)
	}
	required := map[string]bool{}
	for _, e := range d.Envs {
		required[e.Key] = e.IsRequired
	}
	if len(required) != 4 || !required["PORT"] || required["IMAGE"] {
		t.Errorf("variables: %v", required)
	}
	for want, vars := range map[string]map[string]string{
		"line 5: services.web.ports.0: the variable PORT needs a value: choose one": nil,
		"line 4: services.web.privileged: gives the container full control":         {"IMAGE": "nginx", "PORT": "80", "DIR": "./x", "WILD": "true"},
	} {
		s := newShelf(t, text, nil)
		for i := range s.envs {
			s.envs[i].Value = secret(vars[s.envs[i].Key])
		}
		if _, err := s.plan(t, deployment(), observed()); !strings.Contains(fieldsOf(err), want) {
			t.Errorf("plan says %q, want %q in it", fieldsOf(err), want)
		}
	}
}
