package service_test

import (
	"path"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/core"
)

// FuzzDraft: no text makes a panic, and none that is accepted without leave to use the
// host writes a file that uses it.
func FuzzDraft(f *testing.F) {
	for _, name := range []string{"plain.yml", "features.yml"} {
		f.Add(readTestdata(f, name), "host")
	}
	for _, text := range []string{
		bomb(), "services: {web: {image: x, privileged: \"${V}\"}}", "services: {web: {image: x, volumes: [\"${V}:/x\"]}}",
		"services: {web: {image: x, volumes: [{type: bind, source: \"${V}\", target: /x, content: a}]}}",
		"services: {web: {image: x, network_mode: \"${V}\", pid: \"${V}\", ipc: \"${V}\"}}",
		"services: {a: &a {image: x, cap_add: [SYS_ADMIN]}, b: {<<: *a, extends: a}}",
		"services: {web: {build: {context: \"${V}\"}}}\nvolumes: {d: {driver_opts: {device: \"${V}\", o: bind}}}",
	} {
		f.Add(text, "/etc")
	}
	shelf := &shelf{} // one for all: the first use of a kind takes a while
	f.Fuzz(func(t *testing.T, text, value string) {
		s := core.Service{UUID: uuid, LabelEscape: true, ComposeRaw: core.NewSecret(text)}
		draft, err := drafter().Draft(s, nil, core.Server{}, false)
		if err != nil {
			if core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("not fit for a person: %v", err)
			}
			return
		}
		s.Parts = draft.Parts
		for i := range draft.Envs {
			if i%2 == 0 && !strings.Contains(value, "\x00") {
				draft.Envs[i].Value = secret(value)
			}
		}
		shelf.service, shelf.envs = s, draft.Envs
		plan, err := shelf.plan(t, deployment(), observed())
		if err != nil {
			if core.CodeOf(err) != core.CodeInvalid {
				t.Fatalf("not fit for a person: %v", err)
			}
			return
		}
		confined(t, plan.Script.Dir, plan.Script.Steps[0].Files[0].Content)
	})
}

// confined fails when a written compose file uses the host.
func confined(t *testing.T, dir, text string) {
	t.Helper()
	var file struct {
		Services map[string]struct {
			Privileged  bool
			NetworkMode string `yaml:"network_mode"`
			Pid, Ipc    string
			CapAdd      []string `yaml:"cap_add"`
			Devices     []any
			Volumes     []struct{ Type, Source string }
		}
		Volumes map[string]struct {
			External   bool
			Name       string
			DriverOpts map[string]string `yaml:"driver_opts"`
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("the written file is no YAML: %v\n%s", err, text)
	}
	for name, s := range file.Services {
		if s.Privileged || s.NetworkMode == "host" || s.Pid == "host" || s.Ipc == "host" || len(s.Devices) > 0 {
			t.Errorf("%s uses the host:\n%s", name, text)
		}
		for _, c := range s.CapAdd {
			if strings.Contains(strings.ToUpper(c), "SYS_ADMIN") || strings.EqualFold(c, "ALL") {
				t.Errorf("%s has %s", name, c)
			}
		}
		for _, v := range s.Volumes {
			clean := path.Clean(v.Source)
			if v.Type == "bind" && !strings.HasPrefix(clean, dir+"/") {
				t.Errorf("%s mounts %s", name, v.Source)
			}
		}
	}
	for name, v := range file.Volumes {
		if v.External || !strings.HasPrefix(v.Name, string(uuid)) || strings.Contains(v.DriverOpts["o"], "bind") {
			t.Errorf("volume %s is not the service's own: %+v", name, v)
		}
	}
}
