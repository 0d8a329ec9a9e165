package service_test

import (
	"maps"
	"strings"
	"testing"
)

// hostUses are compose services that reach beyond the stack.
func hostUses() map[string]badText {
	web := func(line string) string { return "services:\n  web:\n    image: nginx\n    " + line + "\n" }
	return map[string]badText{
		"privileged":         {web("privileged: true"), "line 4: services.web.privileged: gives the container full control of the server"},
		"privileged text":    {web("privileged: ${P:-true}"), "full control"},
		"socket":             {web("volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]"), "line 4: services.web.volumes.0: hands the Docker socket"},
		"socket read-only":   {web("volumes: [\"/run/docker.sock:/s:ro\"]"), "Docker socket"},
		"socket api":         {web("use_api_socket: true"), "Docker socket"},
		"root":               {web("volumes: [\"/:/host\"]"), "mounts / of the server"},
		"proc":               {web("volumes: [\"/proc:/p:ro\"]"), "mounts /proc of the server"},
		"absolute long":      {web("volumes: [{type: bind, source: /root/.ssh, target: /k}]"), "mounts /root/.ssh"},
		"climbs":             {web("volumes: [\"../other:/x\"]"), "leaves the service's folder"},
		"climbs inside":      {web("volumes: [\"./a/../../other:/x\"]"), "leaves the service's folder"},
		"by variable":        {web("volumes: [\"${D:-/etc}:/x\"]"), "mounts /etc of the server"},
		"folder itself":      {web("volumes: [\".:/x\"]"), "mounts the service's folder itself"},
		"own compose file":   {web("volumes: [\"./docker-compose.yml:/x\"]"), "so that the container could change it"},
		"propagation":        {web("volumes: [{type: bind, source: ./a, target: /a, bind: {propagation: rshared}}]"), "mounts of the container appear"},
		"network host":       {web("network_mode: host"), "line 4: services.web.network_mode: shares the server's network"},
		"network container":  {web("network_mode: \"container:other\""), "joins the network of a container outside"},
		"network of others":  {web("network_mode: coolify"), "joins a network of others"},
		"network bridge":     {web("network_mode: bridge"), "all containers of the server share"},
		"pid host":           {web("pid: host"), "shares the server's processes"},
		"pid container":      {web("pid: \"container:x\""), "outside of this service"},
		"ipc host":           {web("ipc: host"), "shares the server's shared memory"},
		"userns":             {web("userns_mode: host"), "the server's users"},
		"uts":                {web("uts: host"), "host name"},
		"cgroup":             {web("cgroup: host"), "control groups"},
		"cgroup parent":      {web("cgroup_parent: /x"), "control group"},
		"cap":                {web("cap_add: [NET_BIND_SERVICE, SYS_ADMIN]"), "line 4: services.web.cap_add.1: the capability SYS_ADMIN"},
		"cap all":            {web("cap_add: [ALL]"), "the capability ALL"},
		"devices":            {web("devices: [\"/dev/sda:/dev/sda\"]"), "opens devices"},
		"device rules":       {web("device_cgroup_rules: [\"c 1:3 mr\"]"), "opens devices"},
		"device by CDI":      {web("deploy: {resources: {reservations: {devices: [{driver: cdi, device_ids: [\"x=all\"], capabilities: [a]}]}}}"), "opens devices"},
		"apparmor":           {web("security_opt: [\"apparmor:unconfined\"]"), "weakens"},
		"seccomp":            {web("security_opt: [\"seccomp=unconfined\"]"), "weakens"},
		"env_file":           {web("env_file: /etc/shadow"), "reads /etc/shadow, outside of the service's folder"},
		"env_file climbs":    {web("env_file: [{path: ../x/.env, required: false}]"), "reads ../x/.env"},
		"label_file":         {web("label_file: /etc/passwd"), "reads /etc/passwd"},
		"volumes_from":       {web("volumes_from: [\"container:db\"]"), "a container outside of this service"},
		"external_links":     {web("external_links: [db]"), "containers of others"},
		"hook":               {web("post_start: [{command: id, privileged: true}]"), "full control"},
		"build context":      {web("build: ../src"), "reads ../src"},
		"build root":         {web("build: /"), "reads /"},
		"dockerfile":         {web("build: {context: ., dockerfile: ../../etc/passwd}"), "reads ../../etc/passwd"},
		"build network":      {web("build: {context: ., network: host}"), "the server's network"},
		"build privileged":   {web("build: {context: ., privileged: true}"), "full control"},
		"build entitlements": {web("build: {context: ., entitlements: [security.insecure]}"), "rights on the server"},
		"build ssh":          {web("build: {context: ., ssh: [default]}"), "SSH keys"},
		"build other":        {web("build: {context: ., additional_contexts: {a: /etc}}"), "reads /etc"},
		"build cache":        {web("build: {context: ., cache_to: [\"type=local,dest=/x\"]}"), "build cache"},
	}
}

// foreignUses are volumes, networks and files of others.
func foreignUses() map[string]badText {
	top := func(lines string) string {
		return "services:\n  web:\n    image: nginx\n    volumes: [\"aa:/a\"]\n    networks: [n]\n" + lines
	}
	return map[string]badText{
		"config file":      {"services: {web: {image: x}}\nconfigs:\n  c:\n    file: /root/.ssh/id_ed25519\n", "line 4: configs.c.file: reads /root/.ssh/id_ed25519"},
		"secret file":      {"services: {web: {image: x}}\nsecrets: {c: {file: ../x}}\n", "reads ../x"},
		"external network": {top("volumes: {aa: }\nnetworks: {n: {external: true}}\n"), "line 7: networks.n.external: networks.n belongs to others"},
		"external volume":  {top("networks: {n: }\nvolumes: {aa: {external: true, name: other_data}}\n"), "volumes.aa belongs to others"},
		"macvlan":          {top("volumes: {aa: }\nnetworks: {n: {driver: macvlan}}\n"), "reaches the server's network"},
		"host bridge":      {top("volumes: {aa: }\nnetworks: {n: {driver_opts: {com.docker.network.bridge.name: docker0}}}\n"), "may reach the server's network"},
		"bind by volume":   {top("networks: {n: }\nvolumes: {aa: {driver_opts: {type: none, o: bind, device: /etc}}}\n"), "mounts \"/etc\" of the server"},
		"disk by volume":   {top("networks: {n: }\nvolumes: {aa: {driver_opts: {type: ext4, device: /dev/sda1}}}\n"), "mounts \"/dev/sda1\""},
		"nfs that binds":   {top("networks: {n: }\nvolumes: {aa: {driver_opts: {type: nfs, o: \"bind,rw\", device: /etc}}}\n"), "mounts \"/etc\""},
		"volume plugin":    {top("networks: {n: }\nvolumes: {aa: {driver: sshfs}}\n"), "a program on the server"},
	}
}

// TestHostAccess: what reaches beyond the stack is refused with its line, unless the
// team may; then it is a warning.
func TestHostAccess(t *testing.T) {
	t.Parallel()
	all := hostUses()
	maps.Copy(all, foreignUses())
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := draft(c.text, false)
			got := fieldsOf(err)
			if !strings.Contains(got, c.want) || !strings.Contains(got, "the team setting \"allow host access\" permits it") {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
			d, err := draft(c.text, true)
			if err != nil {
				t.Fatalf("refused although the team may: %s", fieldsOf(err))
			}
			if got := strings.Join(d.Warnings, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("warnings %q, want %q in them", got, c.want)
			}
		})
	}
}

// TestHostAccessIsCheckedAgain: a variable that is changed after the text was accepted
// does not get by, and neither does a text that was stored when the team still might.
func TestHostAccessIsCheckedAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services:\n  web:\n    image: nginx\n    network_mode: ${MODE:-none}\n", nil)
	if _, err := s.plan(t, deployment(), observed()); err != nil {
		t.Fatal(fieldsOf(err))
	}
	s = newShelf(t, "services:\n  web:\n    image: nginx\n    network_mode: ${MODE:-none}\n", nil)
	for i := range s.envs {
		s.envs[i].Value = secret("host")
	}
	if _, err := s.plan(t, deployment(), observed()); err == nil || !strings.Contains(err.Error(), "line 4: services.web.network_mode: shares the server's network") {
		t.Errorf("plan says %v", err)
	}
	s.allowHost = true
	if _, err := s.plan(t, deployment(), observed()); err != nil {
		t.Errorf("the team may: %q", fieldsOf(err))
	}
}

// TestOwnNames: names that would collide with others' are replaced, and it is said.
func TestOwnNames(t *testing.T) {
	t.Parallel()
	const text = "services:\n  web:\n    image: nginx\n    container_name: proxy\n    volumes: [\"aa:/a\"]\nvolumes:\n  aa: {name: other_data}\nnetworks:\n  default: {name: coolify}\n"
	d, err := draft(text, false)
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	for _, want := range []string{"line 4: services.web.container_name", "line 7: volumes.aa.name", "line 9: networks.default.name"} {
		if !strings.Contains(strings.Join(d.Warnings, "\n"), want) {
			t.Errorf("no warning %q in %q", want, d.Warnings)
		}
	}
	got := newShelf(t, text, nil).written(t)["docker-compose.yml"].Content
	for _, foreign := range []string{"proxy", "other_data", "coolify\n"} {
		if strings.Contains(got, foreign) {
			t.Errorf("%q is still in\n%s", foreign, got)
		}
	}
}
