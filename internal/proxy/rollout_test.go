package proxy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

func rollout(t *testing.T, kind proxy.Kind) proxy.Rollout {
	return proxy.Rollout{
		Kind: kind, Dir: "/data/taffrail/proxy", Input: cases(t)["https"], New: "app-new", Old: "app-old", Wait: time.Second, Limit: time.Second,
	}
}

func TestTheRolloutsSteps(t *testing.T) {
	t.Parallel()
	for _, kind := range []proxy.Kind{proxy.Traefik, proxy.Caddy} {
		r := rollout(t, kind)
		admit, err := r.Admit()
		if err != nil {
			t.Fatal(err)
		}
		drain, err := r.Drain()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "rollout-"+string(kind)+".golden", run.Script{ID: "id", Dir: "/x", Steps: append(admit, drain...)}.String())
	}
}

func TestWithoutProxyOrDomainsNothingIsToDo(t *testing.T) {
	t.Parallel()
	none, bare, first := rollout(t, proxy.None), rollout(t, proxy.Caddy), rollout(t, proxy.Caddy)
	bare.Input.Routes = nil
	first.Old = ""
	for what, f := range map[string]func() ([]run.Step, error){
		"no proxy": none.Admit, "no proxy, drain": none.Drain, "no domains": bare.Admit, "no domains, drain": bare.Drain, "nothing old": first.Drain,
	} {
		if steps, err := f(); err != nil || len(steps) != 0 {
			t.Errorf("%s: %v, %v", what, steps, err)
		}
	}
	if steps, err := first.Admit(); err != nil || len(steps) != 4 {
		t.Errorf("the first one: %v, %v", steps, err)
	}
	for what, change := range map[string]func(*proxy.Rollout){
		"proxy": func(r *proxy.Rollout) { r.Kind = "x" }, "new": func(r *proxy.Rollout) { r.New = "" },
		"old":        func(r *proxy.Rollout) { r.Old = "$(id)" },
		"generation": func(r *proxy.Rollout) { r.Input.Generation, r.Input.Container = 0, "x" }, "input": func(r *proxy.Rollout) { r.Input.Name = "" },
	} {
		r := rollout(t, proxy.Traefik)
		change(&r)
		if _, err := r.Admit(); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := r.Drain(); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestOldFilesAreTakenAway holds that no file is there that labels of the new container
// would bring to life, but for those in use.
func TestOldFilesAreTakenAway(t *testing.T) {
	t.Parallel()
	r := rollout(t, proxy.Caddy)
	first, err := r.Prepare()
	if err != nil || len(first) != 1 || len(first[0].Delete) != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	admit, err := r.Admit()
	if err != nil {
		t.Fatal(err)
	}
	files := admit[len(admit)-1].Files
	if len(files) != 1 || files[0].Path != first[0].Delete[0] || files[0].Content != "app-new:3000\n" {
		t.Errorf("%s is taken away, %+v is written", first[0].Delete[0], files)
	}
	same, other := r.Input, r.Input
	same.Generation--
	other.Auth = proxy.Auth{User: "a", Hash: hash}
	r.Last = &same
	if steps, err := r.Prepare(); err != nil || len(steps) != 0 {
		t.Errorf("the file in use: %+v, %v", steps, err)
	}
	r.Last = &other
	if steps, err := r.Prepare(); err != nil || len(steps) != 1 {
		t.Errorf("the file of other settings: %+v, %v", steps, err)
	}
	r = rollout(t, proxy.Traefik)
	if steps, err := r.Prepare(); err != nil || len(steps) != 0 {
		t.Errorf("Traefik has no files: %+v, %v", steps, err)
	}
	r = rollout(t, proxy.Caddy)
	r.Dir = "proxy"
	if _, err := r.Prepare(); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("a folder anywhere: %v", err)
	}
}

// stage is a folder of stand-ins for the programs of the proxy's container.
type stage string

func newStage(t *testing.T, programs map[string]string) stage {
	t.Helper()
	dir := t.TempDir()
	programs["docker"] = "shift 2; exec \"$@\"" // docker exec NAME …
	for name, body := range programs {
		text := "#!/bin/sh\ncd " + dir + "\n" + body + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	return stage(dir)
}

func (s stage) file(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(s), name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// play carries out the step of that name.
func (s stage) play(t *testing.T, steps []run.Step, name string) (string, error) {
	t.Helper()
	for _, step := range steps {
		if step.Name == name {
			cmd := exec.CommandContext(t.Context(), filepath.Join(string(s), step.Argv[0]), step.Argv[1:]...)
			cmd.Env = append(os.Environ(), "PATH="+string(s)+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
	}
	t.Fatalf("there is no step %q", name)
	return "", nil
}

// asks counts its calls in the file "asked" and prints the file "answer" from the nth on.
const asks = `echo "$4" >>asked
[ "$(wc -l <asked)" -lt 3 ] || cat answer`

func TestAdmitWaitsForTheProxy(t *testing.T) {
	t.Parallel()
	for kind, answer := range map[proxy.Kind]string{
		proxy.Traefik: `{"rule":"x","status":"enabled","name":"y"}`,
		proxy.Caddy:   `{"handler":"vars",MARK},{"handler":"vars"}`,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			admit, err := rollout(t, kind).Admit()
			if err != nil {
				t.Fatal(err)
			}
			s := newStage(t, map[string]string{"wget": asks})
			step := admit[len(admit)-1]
			if kind == proxy.Caddy {
				step = admit[len(admit)-2]
			}
			sign := step.Argv[len(step.Argv)-1]
			answer := strings.ReplaceAll(answer, "MARK", sign)
			s.file(t, "answer", answer)
			if out, err := s.play(t, admit, "admit"); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			asked, _ := os.ReadFile(filepath.Join(string(s), "asked"))
			if got := strings.Count(string(asked), "\n"); got < 3 || !strings.HasPrefix(string(asked), "http://127.0.0.1:") {
				t.Errorf("asked %d times:\n%s", got, asked)
			}
			s.file(t, "answer", strings.NewReplacer("enabled", "disabled", "-w4k8so0c-", "-w4k8so0d-").Replace(answer))
			out, err := s.play(t, admit, "admit")
			if err == nil || !strings.Contains(out, "no route to the new container") {
				t.Errorf("another answer: %v: %s", err, out)
			}
		})
	}
}

func TestAdmitNamesAPortThatNobodyListensOn(t *testing.T) {
	t.Parallel()
	admit, err := rollout(t, proxy.Caddy).Admit()
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, map[string]string{"nc": `echo "$*" >asked; exit 1`, "sleep": ":"})
	out, err := s.play(t, admit, "reach")
	if err == nil || !strings.Contains(out, "cannot connect to app-new on port 3000") {
		t.Errorf("%v: %s", err, out)
	}
	if asked, _ := os.ReadFile(filepath.Join(string(s), "asked")); string(asked) != "-z -w 2 app-new 3000\n" {
		t.Errorf("asked %s", asked)
	}
	s = newStage(t, map[string]string{"nc": `[ -e tried ] || { touch tried; exit 1; }`, "sleep": ":"})
	if out, err := s.play(t, admit, "reach"); err != nil {
		t.Errorf("the second time: %v: %s", err, out)
	}
}

func TestDrainWaitsForConnectionsOfTheOldOne(t *testing.T) {
	t.Parallel()
	const head = "Active Internet connections (w/o servers)\nProto Recv-Q Send-Q Local Address Foreign Address State\n"
	line := func(foreign, state string) string {
		return "tcp        0      0 172.18.0.2:4711  " + foreign + "  " + state + "\n"
	}
	getent := `[ "$1 $2" = "hosts app-old" ] && echo "172.18.0.5      app-old"`
	for what, c := range map[string]struct {
		netstat string // prints the first time
		busy    bool
	}{
		"nothing":       {head, false},
		"one":           {head + line("172.18.0.5:3000", "ESTABLISHED"), true},
		"another port":  {head + line("172.18.0.5:30001", "ESTABLISHED"), false},
		"another host":  {head + line("172.18.0.55:3000", "ESTABLISHED"), false},
		"closed":        {head + line("172.18.0.5:3000", "TIME_WAIT"), false},
		"one and more":  {head + line("172.18.0.9:80", "ESTABLISHED") + line("172.18.0.5:3000", "ESTABLISHED"), true},
		"no name":       {"", false},
		"never drained": {head + line("172.18.0.5:3000", "ESTABLISHED"), true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			drain, err := rollout(t, proxy.Traefik).Drain()
			if err != nil {
				t.Fatal(err)
			}
			programs := map[string]string{"getent": getent, "netstat": `echo x >>asked; [ "$(wc -l <asked)" -gt 2 ] || cat answer`}
			switch what {
			case "no name":
				programs["getent"] = "exit 2"
			case "never drained":
				programs["netstat"] = "echo x >>asked; cat answer"
			}
			s := newStage(t, programs)
			s.file(t, "answer", c.netstat)
			out, err := s.play(t, drain, "drain")
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			asked, _ := os.ReadFile(filepath.Join(string(s), "asked"))
			if busy := len(asked) > 2; busy != c.busy {
				t.Errorf("asked %d times", len(asked)/2)
			}
			if late := strings.Contains(out, "still at work"); late != (what == "never drained") {
				t.Errorf("said %q", out)
			}
		})
	}
}
