package stack

// rule checks the value of one key. No rule means that the key can do no harm beyond
// the stack. A key that is in no table is refused: what Compose learns next is unknown
// to the checks, and must not pass them by being new.
type rule func(c *checker, path []string, v any)

// serviceRules are the keys of a compose service.
func serviceRules() map[string]rule {
	rules := map[string]rule{
		"build": (*checker).build, "cap_add": (*checker).capabilities, "cgroup": hostOnly("host", "the server's control groups"),
		"cgroup_parent": anyHost("chooses a control group of the server"), "configs": (*checker).grants, "container_name": nil,
		"credential_spec": anyHost("reads a credential of the server"), "deploy": (*checker).deploy,
		"device_cgroup_rules": anyHost("opens devices of the server"), "devices": anyHost("opens devices of the server"),
		"env_file": (*checker).envFiles, "environment": (*checker).environment, "external_links": anyHost("links to containers of others"),
		"hostname": (*checker).plainName, "image": (*checker).image, "ipc": namespace("shared memory"), "label_file": (*checker).insidePaths,
		"labels": (*checker).labels, "network_mode": namespace("network"), "networks": (*checker).attachments,
		"pid": namespace("processes"), "post_start": (*checker).hooks, "pre_stop": (*checker).hooks, "privileged": (*checker).privileged,
		"secrets": (*checker).grants, "security_opt": (*checker).securityOptions, "tmpfs": (*checker).tmpfs,
		"use_api_socket": anyHost("hands the Docker socket to the container"), "userns_mode": hostOnly("host", "the server's users"),
		"uts": hostOnly("host", "the server's host name"), "volumes": (*checker).mounts, "volumes_from": (*checker).volumesFrom,
		"working_dir": (*checker).containerPath, "extends": nil, "pre_start": never, "provider": never, "models": never,
	}
	for _, harmless := range []string{
		"annotations", "attach", "blkio_config", "cap_drop", "command", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota",
		"cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "depends_on", "dns", "dns_opt", "dns_search", "domainname",
		"entrypoint", "expose", "extra_hosts", "gpus", "group_add", "healthcheck", "init", "isolation", "links", "logging",
		"mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "oom_kill_disable", "oom_score_adj",
		"pids_limit", "platform", "ports", "profiles", "pull_policy", "pull_refresh_after", "read_only", "restart", "runtime",
		"scale", "shm_size", "stdin_open", "stop_grace_period", "stop_signal", "storage_opt", "sysctls", "tty", "ulimits", "umask", "user",
	} {
		rules[harmless] = nil
	}
	return rules
}

func buildRules() map[string]rule {
	return map[string]rule{
		"context": (*checker).buildContext, "dockerfile": (*checker).dockerfile, "dockerfile_inline": nil, "args": (*checker).environment,
		"additional_contexts": (*checker).additionalContexts, "cache_from": (*checker).cache, "cache_to": (*checker).cache,
		"entitlements": anyHost("gives the build rights on the server"), "extra_hosts": nil, "isolation": nil, "labels": nil,
		"network": hostOnly("host", "the server's network"), "no_cache": nil, "platforms": nil,
		"privileged": (*checker).privileged, "provenance": nil, "pull": nil, "sbom": nil, "secrets": (*checker).grants, "shm_size": nil,
		"ssh": anyHost("uses SSH keys of the server"), "tags": (*checker).tags, "target": nil, "ulimits": nil,
		"no_cache_filter": nil,
	}
}

func networkRules() map[string]rule {
	return map[string]rule{
		"driver": (*checker).networkDriver, "driver_opts": (*checker).networkOptions, "external": (*checker).external,
		"name": (*checker).ownName, "ipam": nil, "internal": nil, "enable_ipv4": nil, "enable_ipv6": nil, "attachable": nil, "labels": (*checker).labels,
	}
}

func volumeRules() map[string]rule {
	return map[string]rule{
		"driver": (*checker).volumeDriver, "driver_opts": (*checker).volumeOptions, "external": (*checker).external,
		"name": (*checker).ownName, "labels": (*checker).labels,
	}
}

func objectRules() map[string]rule {
	return map[string]rule{
		"file": (*checker).insidePaths, "content": nil, "environment": (*checker).variable, "name": nil, "labels": nil,
		"external": never, "driver": never, "driver_opts": never, "template_driver": never,
	}
}

// known says whether path is a key that a compose service can have.
func known(path []string) bool {
	if len(path) != 3 || path[0] != "services" {
		return false
	}
	_, ok := serviceRules()[path[2]]
	return ok
}

// vocabulary is what can stand below path, as far as it is worth a hint.
func vocabulary(path []string) []string {
	switch {
	case len(path) == 0:
		return sections()
	case len(path) == 2 && path[0] == "services":
		return append(keysOf(serviceRules()), "exclude_from_hc")
	case len(path) == 2 && path[0] == "networks":
		return keysOf(networkRules())
	case len(path) == 2 && path[0] == "volumes":
		return keysOf(volumeRules())
	case len(path) == 2:
		return keysOf(objectRules())
	case len(path) > 2 && path[0] == "services":
		return serviceWords()[path[2]]
	default:
		return nil
	}
}

// serviceWords are what can stand in the larger parts of a compose service.
func serviceWords() map[string][]string {
	return map[string][]string{
		"build":       keysOf(buildRules()),
		"healthcheck": {"disable", "interval", "retries", "start_interval", "start_period", "test", "timeout"},
		"deploy": {
			"endpoint_mode", "labels", "mode", "placement", "replicas", "resources", "restart_policy", "rollback_config", "update_config",
		},
		"depends_on": {"condition", "required", "restart"},
		"volumes":    {"bind", "consistency", "content", "is_directory", "read_only", "source", "target", "tmpfs", "type", "volume"},
		"ports":      {"app_protocol", "host_ip", "mode", "name", "protocol", "published", "target"},
	}
}

func anyHost(does string) rule {
	return func(c *checker, path []string, v any) {
		if v != nil && !empty(v) {
			c.host(path, "%s", does)
		}
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return textOf(v) == ""
	}
}

func hostOnly(word, what string) rule {
	return func(c *checker, path []string, v any) {
		if textOf(v) == word {
			c.host(path, "shares %s with the container", what)
		}
	}
}

// namespace checks a key that names whose namespace a container joins.
func namespace(what string) rule {
	return func(c *checker, path []string, v any) {
		switch mode, of, _ := cut(textOf(v)); {
		case mode == "host":
			c.host(path, "shares the server's %s with the container", what)
		case mode == "container":
			c.host(path, "joins the %s of a container outside of this service", what)
		case mode == "service":
			c.serviceRef(path, of)
		case mode == "ns":
			c.host(path, "joins a namespace of the server")
		case what == "network" && mode != "none" && mode != "bridge" && mode != "":
			c.host(path, "joins a network of others")
		case what == "network" && mode == "bridge":
			c.host(path, "joins the network that all containers of the server share")
		}
	}
}

func never(c *checker, path []string, v any) {
	if v != nil && !empty(v) {
		c.out.add(path, "Taffrail does not support this")
	}
}
