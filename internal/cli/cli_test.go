package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/cli"
)

// result is what one command line did.
type result struct {
	code     int
	out, err string
}

// run runs a command line in an environment of its own.
func run(t testing.TB, env map[string]string, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), args, cli.IO{
		In: strings.NewReader(stdin), Out: &out, Err: &errs, Version: "v0",
		Getenv: func(k string) string { return env[k] },
	})
	return result{code, out.String(), errs.String()}
}

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	home := map[string]string{"HOME": t.TempDir()}
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"unknown command", []string{"deplyo"}, []string{`no command "taffrail deplyo"`, "Did you mean deploy", "taffrail --help"}},
		{"unknown command of a group", []string{"services", "lst"}, []string{`"taffrail services lst"`, "Did you mean list"}},
		{"unknown flag", []string{"deploy", "--wiat", "x"}, []string{"Unknown flag: --wiat", "taffrail deploy --help"}},
		{"missing argument", []string{"deploy"}, []string{"NAME is missing.", "taffrail deploy --help"}},
		{"too many", []string{"deploy", "a", "b"}, []string{`one argument too many: "b"`}},
		{"output form", []string{"version", "-o", "xml"}, []string{`not "xml"`}},
		{"no token", []string{"deployments"}, []string{"no token for http://127.0.0.1:8000", "taffrail token create"}},
		{"no such context", []string{"deployments", "--context", "nope"}, []string{`no context "nope"`, "known: none"}},
		{"needed flag", []string{"services", "create"}, []string{"Give either --file or --type."}},
		{"address is no URL", []string{"deployments", "--url", "ftp://x", "--token", "1|a"}, []string{"must begin with http"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := run(t, home, "", c.args...)
			if got.code != cli.ExitError || got.out != "" {
				t.Errorf("exit %d with output %q, want 1 with none", got.code, got.out)
			}
			for _, want := range c.want {
				if !strings.Contains(got.err, want) {
					t.Errorf("error %q lacks %q", got.err, want)
				}
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	got := run(t, nil, "", "--help")
	for _, want := range []string{"Deployments:", "deploy ", "Running a controller:", "server ", "redact", "--url", "TAFFRAIL_TOKEN"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("help lacks %q", want)
		}
	}
	if bare := run(t, nil, ""); bare.code != 0 || bare.out != got.out {
		t.Errorf("no command at all must show the help, not exit %d with %q %q", bare.code, bare.out, bare.err)
	}
}

func TestEveryCommandHelps(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"server", "token create", "doctor", "redact", "version", "completion bash", "deploy", "logs", "deployments", "show", "cancel",
		"servers add", "servers update", "servers validate", "keys generate", "projects create", "projects environments list",
		"services create", "services update", "services delete", "services restart", "services envs set", "services logs", "context add",
	} {
		got := run(t, nil, "", append(strings.Fields(command), "--help")...)
		if got.code != 0 || !strings.Contains(got.out, "taffrail "+command) {
			t.Errorf("%s: exit %d, help %q", command, got.code, got.out)
		}
	}
}

func TestContexts(t *testing.T) {
	t.Parallel()
	env := map[string]string{"XDG_CONFIG_HOME": t.TempDir()}
	steps := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"context", "list", "-o", "json"}, 0, "[]"},
		{[]string{"context", "add", "home"}, 1, "--url and --token are needed"},
		{[]string{"context", "add", "home", "--url", "https://a.example", "--token", "1|geheim"}, 0, ""},
		{[]string{"context", "add", "work", "--url", "https://b.example", "--token", "2|geheim"}, 0, ""},
		{[]string{"context", "use", "house"}, 1, "known: home, work"},
		{[]string{"context", "use", "home"}, 0, ""},
		{[]string{"context", "list"}, 0, "*  home  https://a.example"},
		{[]string{"context", "delete", "home"}, 0, ""},
		{[]string{"context", "list", "-o", "name"}, 0, "work\n"},
	}
	for _, s := range steps {
		got := run(t, env, "", s.args...)
		if got.code != s.code || !strings.Contains(got.out+got.err, s.want) {
			t.Errorf("%v: exit %d, %q %q; want %d with %q", s.args, got.code, got.out, got.err, s.code, s.want)
		}
		if strings.Contains(got.out, "geheim") {
			t.Errorf("%v shows a token", s.args)
		}
	}
	info, err := os.Stat(filepath.Join(env["XDG_CONFIG_HOME"], "taffrail", "config.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("config file: %v %v", info, err)
	}
}

func TestTokenDoesNotFollowAnotherAddress(t *testing.T) {
	t.Parallel()
	env := map[string]string{"XDG_CONFIG_HOME": t.TempDir()}
	run(t, env, "", "context", "add", "home", "--url", "https://a.example", "--token", "1|geheim")
	got := run(t, env, "", "deployments", "--url", "http://127.0.0.1:1")
	if got.code != 1 || !strings.Contains(got.err, "no token for http://127.0.0.1:1") {
		t.Errorf("exit %d, %q", got.code, got.err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	got := run(t, nil, "", "cancel", "x", "--url", "http://127.0.0.1:1", "--token", "1|x", "--output", "json")
	if got.code != 1 || !strings.Contains(got.err, "cannot reach http://127.0.0.1:1") {
		t.Errorf("exit %d, %q", got.code, got.err)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{"table": "taffrail  v0", "json": `"version": "v0"`, "yaml": "version: v0", "name": "v0\n"} {
		if got := run(t, nil, "", "version", "-o", form); !strings.Contains(got.out, want) {
			t.Errorf("%s: %q lacks %q", form, got.out, want)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secrets, vars := filepath.Join(dir, "s"), filepath.Join(dir, "v")
	for path, text := range map[string]string{secrets: `["hunter2-hunter2"]`, vars: `{"PIN":"42"}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := run(t, nil, "password hunter2-hunter2\nPIN=42 and 42\n", "redact", "--secrets", secrets, "--vars", vars)
	if got.code != 0 || got.out != "password <REDACTED>\nPIN=<REDACTED> and 42\n" {
		t.Errorf("exit %d, %q %q", got.code, got.out, got.err)
	}
	if err := os.WriteFile(secrets, []byte(`{"a":"hunter2-hunter2"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got = run(t, nil, "x", "redact", "--secrets", secrets)
	if got.code != 1 || !strings.Contains(got.err, "must hold a JSON array of strings") || strings.Contains(got.err, "hunter2") {
		t.Errorf("exit %d, %q", got.code, got.err)
	}
}
