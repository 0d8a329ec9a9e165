package compose

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// option is an option of "docker run" and its place in a compose file.
type option struct {
	key  string
	form form
	host bool // it reaches the host
}

// form is what becomes of the value of an option.
type form int

const (
	text form = iota
	list
	flag
	mapped
	ulimit
	address
	gpus
)

// optionTable has the options that have a place in a compose file. Networks are left out:
// a resource is on that of its destination.
func optionTable() map[string]option {
	return map[string]option{
		"--cap-add": {"cap_add", list, true}, "--cap-drop": {"cap_drop", list, false}, "--security-opt": {"security_opt", list, true},
		"--sysctl": {"sysctls", mapped, false}, "--ulimit": {"ulimits", ulimit, false}, "--device": {"devices", list, true},
		"--shm-size": {"shm_size", text, false}, "--dns": {"dns", list, false}, "--dns-search": {"dns_search", list, false},
		"--dns-option": {"dns_opt", list, false}, "--add-host": {"extra_hosts", list, false}, "--init": {"init", flag, false},
		"--privileged": {"privileged", flag, true}, "--ip": {"ipv4_address", address, false}, "--ip6": {"ipv6_address", address, false},
		"--gpus": {"deploy", gpus, true}, "--hostname": {"hostname", text, false}, "--entrypoint": {"entrypoint", list, false},
		"--tmpfs": {"tmpfs", list, false}, "--pid": {"pid", text, true}, "--ipc": {"ipc", text, true}, "--uts": {"uts", text, true},
		"--userns": {"userns_mode", text, true}, "--group-add": {"group_add", list, true}, "--oom-score-adj": {"oom_score_adj", text, true},
		"--read-only": {"read_only", flag, false}, "--user": {"user", text, false}, "--mac-address": {"mac_address", text, false},
	}
}

// ParseOptions reads options of "docker run" into keys of a compose service. Addresses
// come under "networks", as the keys of the one network. Faults follow on the name of the
// field that source is of.
func ParseOptions(source string, allowHost bool) (map[string]any, error) {
	words, err := SplitWords(source)
	if err != nil {
		return nil, err
	}
	out, table := map[string]any{}, optionTable()
	for len(words) > 0 {
		name, value, given := strings.Cut(words[0], "=")
		words = words[1:]
		o, known := table[name]
		switch {
		case !known && strings.HasPrefix(name, "--net"):
			return nil, fmt.Errorf("has %s: the network is that of the destination", name)
		case !known:
			return nil, fmt.Errorf("has %s, which is no option of a container that can be used here", name)
		case o.host && !allowHost:
			return nil, fmt.Errorf("has %s, which reaches the server itself: the team setting \"allow host access\" permits it", name)
		}
		if o.form == flag && !given {
			value = "true"
		} else if !given {
			if len(words) == 0 || strings.HasPrefix(words[0], "--") {
				return nil, fmt.Errorf("has %s without a value", name)
			}
			value, words = words[0], words[1:]
		}
		if value == "" {
			return nil, fmt.Errorf("has %s without a value", name)
		}
		if err := o.put(out, name, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o option) put(out map[string]any, name, value string) error {
	switch o.form {
	case list:
		have, _ := out[o.key].([]any)
		out[o.key] = append(have, value)
	case flag:
		on, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("has %s=%s: it is true or false", name, value)
		}
		out[o.key] = on
	case mapped:
		key, v, ok := strings.Cut(value, "=")
		if !ok || key == "" {
			return fmt.Errorf("has %s %s: write name=value", name, value)
		}
		under(out, o.key)[key] = v
	case ulimit:
		return putUlimit(out, value)
	case address:
		under(out, "networks")[o.key] = value
	case gpus:
		return putGPUs(out, value)
	default:
		out[o.key] = value
	}
	return nil
}

func under(out map[string]any, key string) map[string]any {
	m, _ := out[key].(map[string]any)
	if m == nil {
		m = map[string]any{}
		out[key] = m
	}
	return m
}

func putUlimit(out map[string]any, value string) error {
	key, rest, _ := strings.Cut(value, "=")
	softText, hardText, both := strings.Cut(rest, ":")
	if !both {
		hardText = softText
	}
	soft, err1 := strconv.Atoi(softText)
	hard, err2 := strconv.Atoi(hardText)
	if key == "" || err1 != nil || err2 != nil || soft < -1 || hard < -1 {
		return fmt.Errorf("has --ulimit %s: write name=soft:hard, like nofile=65536:65536", value)
	}
	under(out, "ulimits")[key] = map[string]any{"soft": soft, "hard": hard}
	return nil
}

// putGPUs takes "all", a number, or "device=0,1".
func putGPUs(out map[string]any, value string) error {
	device := map[string]any{"driver": "nvidia", "capabilities": []any{"gpu"}}
	ids, named := strings.CutPrefix(strings.Trim(value, `"`), "device=")
	n, err := strconv.Atoi(value)
	switch {
	case named && ids != "":
		var list []any
		for id := range strings.SplitSeq(ids, ",") {
			list = append(list, id)
		}
		device["device_ids"] = list
	case value == "all":
		device["count"] = value
	case err == nil && n > 0:
		device["count"] = n
	default:
		return fmt.Errorf("has --gpus %s: write all, a number, or device=0,1", value)
	}
	out["deploy"] = map[string]any{"resources": map[string]any{"reservations": map[string]any{"devices": []any{device}}}}
	return nil
}

// SplitWords splits like a shell does as far as quotes go; nothing is expanded. Faults
// follow on the name of the field.
func SplitWords(source string) ([]string, error) {
	if strings.ContainsFunc(source, func(r rune) bool { return r < ' ' && !slices.Contains([]rune{'\n', '\t', '\r'}, r) || r == 0x7f }) {
		return nil, errors.New("must not have control characters")
	}
	var words []string
	var word strings.Builder
	var quote rune
	open := false
	for _, r := range source {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case strings.ContainsRune(" \t\r\n", r):
			if open {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 {
		return nil, errors.New("has a quote that does not end")
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
