package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

// needDocker skips a test that needs a real engine with the lab's images.
func needDocker(t *testing.T) {
	t.Helper()
	if os.Getenv("TAFFRAIL_LAB") != "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("TAFFRAIL_LAB is not set: the lab must be up in CI")
	}
	t.Skip("needs Docker and the lab's images: run lab/up.sh and load its environment")
}

// onDocker is a service whose folder and project are real, and gone after the test.
func onDocker(t *testing.T, text string, vars map[string]string) *shelf {
	t.Helper()
	needDocker(t)
	s := newShelf(t, text, vars)
	s.service.UUID = core.NewID()
	s.server.Settings.RemoteDir = t.TempDir()
	t.Cleanup(func() {
		plan, err := s.plan(t, core.Deployment{UUID: core.NewID(), Verb: core.VerbStop, Options: core.Options{
			Remove: core.Removal{Volumes: true, Networks: true, Images: true},
		}}, observed())
		if err != nil {
			t.Error(err)
			return
		}
		carryOut(t, plan)
	})
	return s
}

// carryOut does what the runner does with a plan, watching left out.
func carryOut(t *testing.T, plan deploy.Plan) {
	t.Helper()
	spared := map[string]bool{}
	for _, step := range plan.Script.Steps {
		if step.Group != "" && spared[step.Group] {
			continue
		}
		for _, f := range step.Files {
			write(t, filepath.Join(plan.Script.Dir, f.Path), f)
		}
		if len(step.Argv) > 0 && command(t, step) && step.Spares != "" {
			spared[step.Spares] = true
		}
	}
}

func write(t *testing.T, path string, f run.File) {
	t.Helper()
	var err error
	if f.Check {
		return
	}
	if f.IsDir {
		err = os.MkdirAll(path, os.FileMode(f.Mode))
	} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
		err = os.WriteFile(path, []byte(f.Content), os.FileMode(f.Mode))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// command runs a step and says whether it succeeded; one that must and does not ends the
// test.
func command(t *testing.T, step run.Step) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, step.Argv[0], step.Argv[1:]...)
	// What the machine's environment holds must not get into the stack.
	cmd.Env = append(os.Environ(), "HOME_OF_SERVER=leaked", "SHARED=leaked", "TAG=leaked")
	for name, value := range step.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil && !step.MayFail && step.Spares == "" {
		t.Fatalf("%s: %v\n%s", strings.Join(step.Argv, " "), err, out)
	}
	return err == nil
}

// docker returns what a docker command prints. It serves clean-ups too, where the
// test's own context is over.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *shelf) up(t *testing.T) {
	t.Helper()
	plan, err := s.plan(t, core.Deployment{UUID: core.NewID(), Verb: core.VerbDeploy}, observed())
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	carryOut(t, plan)
}

func (s *shelf) container(name string) string { return name + "-" + string(s.service.UUID) }

// environ is the environment that a container was made with.
func (s *shelf) environ(t *testing.T, name string) map[string]string {
	t.Helper()
	var list []string
	text := docker(t, "inspect", "--format", "{{json .Config.Env}}", s.container(name))
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, one := range list {
		key, value, _ := strings.Cut(one, "=")
		env[key] = value
	}
	return env
}

// nasty are values that something on the way could take for more than text.
func nasty() map[string]string {
	return map[string]string{
		"N01": "plain", "N02": "", "N03": " leading", "N04": "trailing ", "N05": "\ttabs\t", "N06": "a b  c",
		"N07": "x'; touch /tmp/p; '", "N08": "$(id)", "N09": "`id`", "N10": "a\nB=c", "N11": "one\ntwo\n\nfour\n",
		"N12": "\n", "N13": "lone\rcr", "N14": "crlf\r\nend", "N15": "P@$$w0rd", "N16": "secret$HOME", "N17": "${X:-y}",
		"N18": "${", "N19": "$", "N20": "$$", "N21": "$$$", "N22": `trailing backslash\`, "N23": `two\\`, "N24": `\`, "N25": `\\\`,
		"N26": `\n \t \" \' \$ \0 \x`, "N27": "#comment", "N28": "a #not a comment", "N29": "a#b", "N30": `"quoted"`, "N31": `'single'`,
		"N32": `"`, "N33": `'`, "N34": `\"`, "N35": `mix "a" 'b' \c $d`, "N36": "key=value=x", "N37": "export X=1", "N38": "ünïcødé ☃ 😀",
		"N39": "\u2028\u2029\u0085", "N40": "\ufeffbom", "N41": "bell\a esc\x1b[31m del\x7f", "N42": "{{.}} {{env \"X\"}}",
		"N43": "!important", "N44": "yes", "N45": "0123", "N46": "~", "N47": "null", "N48": "- a", "N49": "a: b", "N50": "&a *b !c %d @e",
		"N51": "-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\n", "N52": `{"json": "with \"quotes\" and $dollars"}`,
		"N53": strings.Repeat("long ", 20_000), "N54": "\\", "N55": "\"\\\"", "N56": "'\\''", "N57": "${SHARED}", "N58": "$SHARED",
		"PATH": "/own/bin", "LD_PRELOAD": "/x.so", "DOCKER_HOST": "tcp://192.0.2.1:1", "COMPOSE_PROFILES": "debug",
		"WITH.DOT": "d", "COMPOSE_FILE": "/etc/passwd", "HOME": "/own/home", "PWD": "/own", "BASH_ENV": "/x",
	}
}

// TestEnvironmentIsExact: what is stored is what the container gets, both from the
// file with all variables and where the text refers to one, whatever the machine's own
// environment says.
func TestEnvironmentIsExact(t *testing.T) {
	t.Parallel()
	want := nasty()
	text := "services:\n  web:\n    image: alpine:3\n    stop_signal: SIGKILL\n    command: [/bin/sleep, \"600\"]\n    environment:\n"
	for name := range want {
		if name != "WITH.DOT" { // nothing in the text can refer to it
			text += "      REF_" + name + ": ${" + name + "}\n"
		}
	}
	text += "      HOME_OF_SERVER:\n      TEXT: \"it costs $$5 ${SHARED:-nothing}\"\n  debug: {image: nope, profiles: [debug]}\n"
	s := onDocker(t, text, want)
	s.up(t)
	got := s.environ(t, "web")
	if len(got["N53"]) != len(want["N53"]) {
		t.Errorf("N53 has %d bytes, want %d", len(got["N53"]), len(want["N53"]))
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: container has %.200q, want %.200q", name, got[name], value)
		}
		if name != "WITH.DOT" && got["REF_"+name] != value {
			t.Errorf("REF_%s: container has %.200q, want %.200q", name, got["REF_"+name], value)
		}
	}
	if leaked, there := got["HOME_OF_SERVER"]; there {
		t.Errorf("HOME_OF_SERVER is %q; the server's environment must not get in", leaked)
	}
	if got["TEXT"] != "it costs $5 nothing" {
		t.Errorf("TEXT is %q", got["TEXT"])
	}
}

// TestStackFeatures drives what people use of Compose on a real engine.
func TestStackFeatures(t *testing.T) {
	t.Parallel()
	s := onDocker(t, readTestdata(t, "features.yml"), map[string]string{"SECRET_VALUE": "hush'$x\"", "PLAIN": "from variable"})
	s.up(t)
	exec := func(args ...string) string {
		return docker(t, append([]string{"exec", s.container("web")}, args...)...)
	}
	for what, c := range map[string]struct{ got, want string }{
		"config content":  {exec("cat", "/etc/app.conf"), "listen $host; from variable\n"},
		"config variable": {exec("cat", "/etc/var.conf"), "from variable"},
		"secret":          {exec("cat", "/run/secrets/token"), "hush'$x\""},
		"mount content":   {exec("cat", "/etc/nginx.conf"), "server { $uri \"q\" }\n"},
		"mount folder":    {exec("sh", "-c", "test -d /srv && echo yes"), "yes\n"},
		"named volume":    {exec("cat", "/data/made"), "migrated\n"},
		"built image":     {docker(t, "logs", s.container("built")), "built with from variable\n"},
		"one-shot":        {docker(t, "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}}", s.container("migrate")), "exited 0 \n"},
		"restart":         {docker(t, "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", s.container("web")), "unless-stopped\n"},
		"own network":     {docker(t, "network", "inspect", "--format", "{{.Name}} {{.Attachable}}", string(s.service.UUID)), string(s.service.UUID) + " true\n"},
		"volume name":     {docker(t, "volume", "ls", "-q", "--filter", "name="+string(s.service.UUID)), string(s.service.UUID) + "_data\n"},
		"label":           {docker(t, "inspect", "--format", `{{index .Config.Labels "rule"}}`, s.container("web")), "Host(`a`) && $x${PLAIN}\n"},
		"env file":        {s.environ(t, "web")["PLAIN"], "from variable"},
		"told":            {s.environ(t, "web")["COOLIFY_CONTAINER_NAME"], s.container("web")},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	ps := docker(t, "ps", "-a", "--format", "{{.Names}}", "--filter", "label=com.docker.compose.project="+string(s.service.UUID))
	if strings.Contains(ps, "debug") || strings.Count(ps, "worker") != 2 {
		t.Errorf("containers: %s", ps)
	}
	before := docker(t, "inspect", "--format", "{{.Id}}", s.container("web"))
	s.up(t)
	if after := docker(t, "inspect", "--format", "{{.Id}}", s.container("web")); after != before {
		t.Error("a deployment that changes nothing made a new container")
	}
}

func readTestdata(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(bytes.ReplaceAll(text, []byte("\r"), nil))
}

// TestConnected: with the switch on, the containers are on the destination's network
// under their own names and not under those of their compose services; deploying again
// and restarting keep it so.
func TestConnected(t *testing.T) {
	t.Parallel()
	s := onDocker(t, "services: {web: {image: alpine:3, command: [sleep, \"600\"], stop_signal: SIGKILL}}\n", nil)
	network := "taffrail-test-" + string(s.service.UUID)
	s.destination.Network, s.service.ConnectToDockerNetwork = network, true
	t.Cleanup(func() { docker(t, "network", "rm", network) })
	for _, d := range []core.Deployment{
		{UUID: "one", Verb: core.VerbDeploy}, {UUID: "two", Verb: core.VerbDeploy},
		{UUID: "three", Verb: core.VerbRestart, Options: core.Options{StopBeforeStart: true}},
	} {
		plan, err := s.plan(t, d, observed())
		if err != nil {
			t.Fatal(fieldsOf(err))
		}
		carryOut(t, plan)
		format := `{{range $n, $e := .NetworkSettings.Networks}}{{$n}}={{$e.Aliases}} {{end}}`
		got := docker(t, "inspect", "--format", format, s.container("web"))
		_, aliases, found := strings.Cut(got, network+"=[")
		aliases, _, _ = strings.Cut(aliases, "]")
		if !found || !strings.Contains(aliases, s.container("web")) || strings.Contains(" "+aliases+" ", " web ") {
			t.Errorf("%s: networks are %s", d.UUID, got)
		}
	}
	plan, err := s.plan(t, core.Deployment{UUID: "four", Verb: core.VerbStop}, observed())
	if err != nil {
		t.Fatal(err)
	}
	carryOut(t, plan)
	left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+string(s.service.UUID))
	if networks := docker(t, "network", "ls", "-q", "--filter", "name="+string(s.service.UUID)+"$"); left+networks != "" && strings.Count(networks, "\n") > 1 {
		t.Errorf("left behind: containers %q, networks %q", left, networks)
	}
}

// TestStopGivesEachItsGrace stops a container that does not listen.
func TestStopGivesEachItsGrace(t *testing.T) {
	t.Parallel()
	const deaf = "image: \"alpine:3\", init: false, command: [sh, -c, \"trap '' TERM; while :; do sleep 1; done\"]"
	s := onDocker(t, "services: {quick: {"+deaf+", stop_grace_period: 1s}, other: {image: \"alpine:3\", init: true, command: [sleep, '600']}}\n", nil)
	s.up(t)
	if got := docker(t, "inspect", "--format", "{{.Config.StopTimeout}}", s.container("other")); got != "30\n" {
		t.Errorf("without a word of its own: %q", got)
	}
	plan, err := s.plan(t, core.Deployment{UUID: core.NewID(), Verb: core.VerbStop}, observed())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	carryOut(t, plan)
	if took := time.Since(began); took < time.Second || took > 8*time.Second {
		t.Errorf("took %s", took)
	}
}
