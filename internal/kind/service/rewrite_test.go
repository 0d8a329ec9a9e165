package service_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"pgregory.net/rapid"

	"github.com/taffrail/taffrail/internal/core"
)

// TestWritten holds what is written to the server for whole texts.
func TestWritten(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{
		"plain":    {"SERVICE_PASSWORD_DB": "p-db", "TAG": "1.27"},
		"features": {"SECRET_VALUE": "hush'$x\"", "PLAIN": "from variable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newShelf(t, readTestdata(t, name+".yml"), vars).written(t)
			var b strings.Builder
			for _, path := range slices.Sorted(maps.Keys(files)) {
				f := files[path]
				fmt.Fprintf(&b, "==== %s %#o dir=%t\n%s", path, f.Mode, f.IsDir, f.Content)
			}
			golden(t, name+".golden", b.String())
		})
	}
}

// TestWrittenAgain: the same service is written the same each time, and a text that
// was stored again keeps all generated values.
func TestWrittenAgain(t *testing.T) {
	t.Parallel()
	s := newShelf(t, readTestdata(t, "plain.yml"), nil)
	first := s.written(t)
	again, err := s.kind().Draft(s.service, s.envs, s.server, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Envs) > 0 {
		t.Errorf("the second draft makes new variables: %v", again.Envs)
	}
	s.service.Parts = again.Parts
	second := s.written(t)
	for path, f := range first {
		if second[path] != f {
			t.Errorf("%s differs the second time", path)
		}
	}
}

// TestHash: the hash changes with everything that changes the result, and with nothing
// else.
func TestHash(t *testing.T) {
	t.Parallel()
	hash := func(change func(s *shelf)) string {
		s := newShelf(t, readTestdata(t, "features.yml"), map[string]string{
			"SECRET_VALUE": "a", "PLAIN": "b",
		})
		change(s)
		plan, err := s.plan(t, core.Deployment{UUID: core.NewID(), Verb: core.VerbDeploy}, observed())
		if err != nil {
			t.Fatal(fieldsOf(err))
		}
		return plan.Hash
	}
	base := hash(func(*shelf) {})
	if same := hash(func(s *shelf) { s.service.Name = "other"; s.service.Status = "exited" }); same != base {
		t.Error("the name of the service changes the hash")
	}
	if same := hash(func(s *shelf) { s.service.ComposeRaw = secret(s.service.ComposeRaw.Reveal() + "# note\n") }); same != base {
		t.Error("a comment changes the hash")
	}
	for what, change := range map[string]func(s *shelf){
		"variable": func(s *shelf) { s.envs[0].Value = secret("other") },
		"new variable": func(s *shelf) {
			s.envs = append(s.envs, core.EnvVar{Key: "NEW", Value: secret("x"), IsRuntime: true})
		},
		"mounted file": func(s *shelf) {
			s.service.ComposeRaw = secret(strings.ReplaceAll(s.service.ComposeRaw.Reveal(), "server {", "server{"))
		},
	} {
		if hash(change) == base {
			t.Errorf("%s: the hash stays the same", what)
		}
	}
}

// TestDotenvIsExact: Compose's own parser reads back every value byte by byte.
func TestDotenvIsExact(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services: {web: {image: x, environment: {REF: \"${V}\"}}}\n", map[string]string{"V": "x"})
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.OneOf(
			rapid.StringMatching(`[a-z\\"'$#{}=\n\r\t :-]*`), rapid.String(),
		).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(rt, "value")
		s.envs[0].Value = secret(value)
		files := s.written(t)
		read, err := dotenv.Parse(strings.NewReader(files[".env"].Content))
		if err != nil || read["V"] != value {
			rt.Fatalf("%q reads back as %q (%v)", value, read["V"], err)
		}
	})
}

// TestReferences: a value that is not literal may refer to other variables of the
// service; everything else in it stays as it is.
func TestReferences(t *testing.T) {
	t.Parallel()
	const text = "services: {web: {image: x}}\n"
	for name, c := range map[string]struct {
		value   string
		literal bool
		want    string
	}{
		"plain":          {"abc", false, "abc"},
		"known":          {"$HOST:${PORT}", false, "db:5432"},
		"literal":        {"$HOST:${PORT}", true, "$HOST:${PORT}"},
		"with default":   {"${HOST:-other}/${NONE:-kept}", false, "db/${NONE:-kept}"},
		"empty default":  {"${EMPTY:-other}", false, "other"},
		"unknown":        {"P@$$w0rd $NOPE ${NOPE} $ ${ $1", false, "P@$$w0rd $NOPE ${NOPE} $ ${ $1"},
		"doubled":        {"$$HOST", false, "$$HOST"},
		"itself":         {"$V:/x", false, "$V:/x"},
		"in a circle":    {"${LOOP}", false, "${LOOP}"},
		"through others": {"${URL}", false, "http://db"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, text, map[string]string{"HOST": "db", "PORT": "5432", "EMPTY": ""})
			s.envs = append(s.envs,
				core.EnvVar{Key: "V", Value: secret(c.value), IsLiteral: c.literal, IsRuntime: true},
				core.EnvVar{Key: "LOOP", Value: secret("${V}"), IsRuntime: true},
				core.EnvVar{Key: "URL", Value: secret("http://${HOST}"), IsRuntime: true},
				core.EnvVar{Key: "V", Value: secret("preview"), IsPreview: true, IsRuntime: true},
				core.EnvVar{Key: "BUILD_ONLY", Value: secret("x"), IsBuildtime: true},
			)
			read, err := dotenv.Parse(strings.NewReader(s.written(t)[".env"].Content))
			if err != nil || read["V"] != c.want {
				t.Errorf("got %q, want %q (%v)", read["V"], c.want, err)
			}
			if _, there := read["BUILD_ONLY"]; there {
				t.Error("a variable for builds only got into the containers' file")
			}
		})
	}
}

func TestBadVariables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"A B", "x", `The variable "A B" cannot be used`}, {"1A", "x", "cannot be used"}, {"A=B", "x", "cannot be used"},
		{"A$(x)", "x", "cannot be used"}, {"A\nB", "x", "cannot be used"}, {"", "x", "cannot be used"},
		{"A", "a\x00b", "The value of the variable A holds a NUL"}, {"A", "a\xff", "is not valid UTF-8"},
	} {
		s := newShelf(t, "services: {web: {image: x}}\n", nil)
		s.envs = []core.EnvVar{{Key: c.name, Value: secret(c.value), IsRuntime: true}}
		_, err := s.plan(t, deployment(), observed())
		if core.CodeOf(err) != core.CodeInvalid || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.value+"b") {
			t.Errorf("%q=%q: %v", c.name, c.value, err)
		}
	}
}

// TestRewriteRules checks single rules on the written tree.
func TestRewriteRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want, not string }{
		"user's restart stays":  {"services: {web: {image: x, restart: \"no\"}}", `restart: "no"`, ""},
		"restart_policy stays":  {"services: {web: {image: x, deploy: {restart_policy: {condition: none}}}}", "condition: none", "unless-stopped"},
		"replicas have no name": {"services: {web: {image: x, scale: 2}}", "scale: 2", "container_name"},
		"user's value wins":     {"services: {web: {image: x, environment: {COOLIFY_URL: mine}}}", "COOLIFY_URL: mine", ""},
		"text keeps its dollar": {"services: {web: {image: x, command: \"echo $$HOME\"}}", `echo $$HOME`, ""},
		"literal label":         {"services: {web: {image: x, labels: {a: \"$apr1$x\"}}}", `$$apr1$$x`, ""},
		"extends is resolved":   {"services: {a: {image: x, exclude_from_hc: true}, b: {extends: a, hostname: h}}", "hostname: h", "extends"},
		"optional env file":     {"services: {web: {image: x, env_file: [{path: a.env, required: false}]}}", "required: false", ""},
		"short env file":        {"services: {web: {image: x, env_file: a.env}}", "- a.env\n      - .env", "required"},
		"no develop":            {"services: {web: {image: x, develop: {watch: [{action: sync, path: ., target: /x}]}}}", "image: x", "develop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newShelf(t, c.text+"\n", nil).written(t)["docker-compose.yml"].Content
			if !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
				t.Errorf("want %q, not %q in\n%s", c.want, c.not, got)
			}
		})
	}
}

// TestSecretsStayOut: no value is seen when a plan, a draft or an error is printed.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	s := newShelf(t, readTestdata(t, "features.yml"), map[string]string{"SECRET_VALUE": "hush-hush", "PLAIN": "tell-nobody"})
	plan, err := s.plan(t, deployment(), observed())
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.kind().Draft(s.service, s.envs, s.server, false)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{plan.String(), fmt.Sprintf("%+v %#v", d, d), string(asJSON)} {
		if strings.Contains(text, "hush-hush") || strings.Contains(text, "tell-nobody") {
			t.Errorf("a secret is in %s", text)
		}
	}
	for _, step := range plan.Script.Steps {
		if argv := strings.Join(step.Argv, " "); strings.Contains(argv, "hush") || strings.Contains(argv, "tell") {
			t.Errorf("a secret is in the arguments: %s", argv)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "services: {web: {image: x, environment: {API_TOKEN: inline-token, COLOUR: inline-red, P: \"${SERVICE_PASSWORD_X}\"}}}\n",
		map[string]string{"PLAIN": "plain-value"})
	s.envs = append(s.envs, core.EnvVar{Key: "URL", Value: secret("x-${PLAIN}"), IsRuntime: true})
	target, err := s.kind().Load(t.Context(), deployment())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range target.Secrets() {
		got[v.Value] = v.Name
	}
	for value, name := range map[string]string{"plain-value": "PLAIN", "inline-token": "API_TOKEN", "x-plain-value": "URL", "x-${PLAIN}": "URL"} {
		if got[value] != name {
			t.Errorf("%s is not among the secrets as %s: %v", value, name, got)
		}
	}
	if _, there := got["inline-red"]; there {
		t.Error("an inline value without a sensitive name is taken for a secret")
	}
	if !slices.Contains(slices.Collect(maps.Values(got)), "SERVICE_PASSWORD_X") {
		t.Error("the generated password is not among the secrets")
	}
	s.service.ComposeRaw = secret("services: [")
	if target, err = s.kind().Load(t.Context(), deployment()); err != nil || len(target.Secrets()) == 0 {
		t.Errorf("a text that is at fault has no secrets (%v)", err)
	}
}
