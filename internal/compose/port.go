package compose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Mapping is a port of the server that leads to one of a container.
type Mapping struct {
	Address         string // of the server; empty: all
	Port, Container int
	Protocol        string // tcp or udp
}

// ParseMappings reads "[address:]host:container[/udp],…". Faults follow on the name of
// the field.
func ParseMappings(text string) ([]Mapping, error) {
	var out []Mapping
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		m, err := parseMapping(one)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o Mapping) bool { return o.Port == m.Port && o.Protocol == m.Protocol }) {
			return nil, fmt.Errorf("has port %d of the server twice", m.Port)
		}
		out = append(out, m)
	}
	return out, nil
}

func parseMapping(one string) (Mapping, error) {
	m := Mapping{Protocol: "tcp"}
	fault := fmt.Errorf("has %q: write host:container, like 15432:5432, with ports between 1 and 65535", one)
	rest, protocol, said := strings.Cut(one, "/")
	if said {
		m.Protocol = protocol
	}
	i := strings.LastIndex(rest, ":")
	if i < 0 || m.Protocol != "tcp" && m.Protocol != "udp" {
		return m, fault
	}
	host, container := rest[:i], rest[i+1:]
	if j := strings.LastIndex(host, ":"); j >= 0 {
		addr, err := netip.ParseAddr(strings.Trim(host[:j], "[]"))
		if err != nil || addr.Zone() != "" {
			return m, fault
		}
		m.Address, host = addr.String(), host[j+1:]
	}
	var err1, err2 error
	m.Port, err1 = portNumber(host)
	m.Container, err2 = portNumber(container)
	if err1 != nil || err2 != nil {
		return m, fault
	}
	return m, nil
}

// ParsePorts reads "3000,9000": ports that a container listens on.
func ParsePorts(text string) ([]int, error) {
	var out []int
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		port, err := portNumber(one)
		if err != nil {
			return nil, fmt.Errorf("has %q: write ports between 1 and 65535, with commas between", one)
		}
		if !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	return out, nil
}

func portNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return int(n), err
}

// Ports is the key "ports" of a compose service.
func Ports(list []Mapping) []any {
	var out []any
	for _, m := range list {
		port := map[string]any{"target": m.Container, "published": strconv.Itoa(m.Port), "protocol": m.Protocol}
		if m.Address != "" {
			port["host_ip"] = m.Address
		}
		out = append(out, port)
	}
	return out
}
