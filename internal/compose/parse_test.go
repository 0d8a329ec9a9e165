package compose_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	literal := func(text string) compose.Variable { return compose.Variable{Value: text, Literal: true} }
	plain := func(text string) compose.Variable { return compose.Variable{Value: text} }
	for name, c := range map[string]struct {
		vars map[string]compose.Variable
		want string // of A
	}{
		"text":              {map[string]compose.Variable{"A": plain("P@$$w0rd $ ${ $1 {x}")}, "P@$$w0rd $ ${ $1 {x}"},
		"a reference":       {map[string]compose.Variable{"A": plain("postgres://$USER:${PASS}@db"), "USER": plain("ann"), "PASS": plain("x$y")}, "postgres://ann:x$y@db"},
		"literal":           {map[string]compose.Variable{"A": literal("$B ${B}"), "B": plain("b")}, "$B ${B}"},
		"unknown stays":     {map[string]compose.Variable{"A": plain("secret$HOME ${X:-y}")}, "secret$HOME ${X:-y}"},
		"a default":         {map[string]compose.Variable{"A": plain("${B:-other}"), "B": plain("")}, "other"},
		"a chain":           {map[string]compose.Variable{"A": plain("1$B"), "B": plain("2$C"), "C": plain("3")}, "123"},
		"a circle":          {map[string]compose.Variable{"A": plain("a$B"), "B": plain("b$A")}, "ab$A"},
		"itself":            {map[string]compose.Variable{"A": plain("$A:/bin")}, "$A:/bin"},
		"what it refers to": {map[string]compose.Variable{"A": plain("$B"), "B": literal("$C"), "C": plain("c")}, "$C"},
		"two lines":         {map[string]compose.Variable{"A": plain("${B\n}"), "B": plain("b")}, "${B\n}"},
	} {
		if got := compose.Expand(c.vars)["A"]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestCheckVariables(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"A=B": "", "A B": "", "1A": "", "A\nB": "", "": "", "NUL": "a\x00b", "BYTES": "\xff", "-x": ""} {
		err := compose.CheckVariables([]core.EnvVar{{Key: "FINE", Value: core.NewSecret("s")}, {Key: name, Value: core.NewSecret(value)}})
		if core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q=%q: %v", name, value, err)
		}
	}
	for _, name := range []string{"LD_PRELOAD", "PATH", "_x", "with.dot"} {
		if err := compose.CheckVariables([]core.EnvVar{{Key: name, Value: core.NewSecret("a\nb=c\r")}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseMappings(t *testing.T) {
	t.Parallel()
	got, err := compose.ParseMappings("8080:80, 127.0.0.1:53:53/udp,[::1]:9:10,")
	want := []compose.Mapping{{"", 8080, 80, "tcp"}, {"127.0.0.1", 53, 53, "udp"}, {"::1", 9, 10, "tcp"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	ports := []any{
		map[string]any{"target": 80, "published": "8080", "protocol": "tcp"},
		map[string]any{"target": 53, "published": "53", "protocol": "udp", "host_ip": "127.0.0.1"},
	}
	if diff := cmp.Diff(ports, compose.Ports(got[:2])); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, bad := range []string{"80", "0:80", "80:65536", "80:80/sctp", "x:80", "1.2.3:80:80", "80:80,80:81", "80-90:80-90", "$(id):80", "fe80::1%eth0:80:80"} {
		if got, err := compose.ParseMappings(bad); err == nil {
			t.Errorf("%q gives %v", bad, got)
		}
	}
}

func TestParsePorts(t *testing.T) {
	t.Parallel()
	got, err := compose.ParsePorts("3000, 80,3000,")
	if diff := cmp.Diff([]int{3000, 80}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range []string{"x", "0", "70000", "-1", "80/tcp", "3000;id"} {
		if _, err := compose.ParsePorts(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestParseOptions(t *testing.T) {
	t.Parallel()
	got, err := compose.ParseOptions(`--cap-add NET_ADMIN --ulimit=nofile=10:20 --init --sysctl net.core.somaxconn=1 --ip 10.0.0.9 --hostname "a b" --gpus device=0,1`, true)
	want := map[string]any{
		"cap_add": []any{"NET_ADMIN"}, "ulimits": map[string]any{"nofile": map[string]any{"soft": 10, "hard": 20}}, "init": true,
		"sysctls": map[string]any{"net.core.somaxconn": "1"}, "networks": map[string]any{"ipv4_address": "10.0.0.9"}, "hostname": "a b",
		"deploy": map[string]any{"resources": map[string]any{"reservations": map[string]any{"devices": []any{
			map[string]any{"driver": "nvidia", "capabilities": []any{"gpu"}, "device_ids": []any{"0", "1"}}}}}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for bad, why := range map[string]string{
		"--privileged": "reaches the server itself", "--network host": "network is that of the destination", "--volume /:/host": "no option of a container that can be used here",
		"--init=maybe": "true or false", "--hostname": "without a value", "--hostname 'x": "a quote that does not end", "--ulimit x": "nofile=65536",
		"--sysctl x": "name=value", "--hostname a\x00b": "control characters", "--gpus none": "all, a number",
	} {
		allow := bad == "--gpus none"
		if _, err := compose.ParseOptions(bad, allow); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSplitWords(t *testing.T) {
	t.Parallel()
	got, err := compose.SplitWords(`npm  run "start it" '$(id)' a'b'c ""`)
	if diff := cmp.Diff([]string{"npm", "run", "start it", "$(id)", "abc", ""}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	service := map[string]any{}
	compose.Limit(service, core.DefaultLimits())
	if len(service) != 0 {
		t.Errorf("no limits are %v", service)
	}
	compose.Limit(service, core.Limits{Memory: "512m", CPUs: "0.5", CPUSet: "0-1", MemorySwappiness: 10, CPUShares: 512, MemorySwap: "1g", MemoryReservation: "0"})
	want := map[string]any{"mem_limit": "512m", "memswap_limit": "1g", "cpus": "0.5", "cpuset": "0-1", "mem_swappiness": 10, "cpu_shares": 512}
	if diff := cmp.Diff(want, service); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
