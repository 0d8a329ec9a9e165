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
		Kind: kind, Input: cases(t)["https"], New: "app-new", Old: "app-old", Wait: time.Second, Limit: time.Second,
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
	if steps, err := first.Admit(); err != nil || len(steps) != 3 {
		t.Errorf("the first one: %v, %v", steps, err)
	}
	for what, change := range map[string]func(*proxy.Rollout){
		"proxy": func(r *proxy.Rollout) { r.Kind = "x" }, "new": func(r *proxy.Rollout) { r.New = "" },
		"old": func(r *proxy.Rollout) { r.Old = "$(id)" }, "input": func(r *proxy.Rollout) { r.Input.Name = "" },
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
		proxy.Caddy:   `{"handler":"vars","taffrail":"t0-w4k8so0c-g7"},{"handler":"vars"}`,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			admit, err := rollout(t, kind).Admit()
			if err != nil {
				t.Fatal(err)
			}
			s := newStage(t, map[string]string{"wget": asks})
			s.file(t, "answer", answer)
			if out, err := s.play(t, admit, "admit"); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			asked, _ := os.ReadFile(filepath.Join(string(s), "asked"))
			if got := strings.Count(string(asked), "\n"); got < 3 || !strings.HasPrefix(string(asked), "http://127.0.0.1:") {
				t.Errorf("asked %d times:\n%s", got, asked)
			}
			s.file(t, "answer", strings.NewReplacer("enabled", "disabled", "-g7", "-g77").Replace(answer))
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
