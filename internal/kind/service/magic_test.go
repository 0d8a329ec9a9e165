package service_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
)

// TestMagicVariables: each pattern makes a value of its form.
func TestMagicVariables(t *testing.T) {
	t.Parallel()
	host := `web-` + string(uuid) + `\.203\.0\.113\.7\.sslip\.io`
	for name, form := range map[string]string{
		"SERVICE_USER_A": `[A-Za-z0-9]{16}`, "SERVICE_LOWERCASEUSER_A": `[a-z]{16}`,
		"SERVICE_PASSWORD_A": `[A-Za-z0-9]{32}`, "SERVICE_PASSWORD_64_A": `[A-Za-z0-9]{64}`,
		"SERVICE_PASSWORDWITHSYMBOLS_A": `[^\s"'$\\` + "`" + `]{32}`, "SERVICE_PASSWORDWITHSYMBOLS_64_A": `.{64}`,
		"SERVICE_BASE64_A": `\w{32}`, "SERVICE_BASE64_32_A": `\w{32}`, "SERVICE_BASE64_64_A": `\w{64}`, "SERVICE_BASE64_128_A": `\w{128}`,
		"SERVICE_REALBASE64_A": `[\w+/]{43}=`, "SERVICE_REALBASE64_32_A": `[\w+/]{43}=`, "SERVICE_REALBASE64_64_A": `[\w+/]{86}==`,
		"SERVICE_REALBASE64_128_A": `[\w+/]{171}=`,
		"SERVICE_HEX_32_A":         `[0-9a-f]{32}`, "SERVICE_HEX_64_A": `[0-9a-f]{64}`, "SERVICE_HEX_128_A": `[0-9a-f]{128}`,
		"SERVICE_NAME_MY_APP": `my-app`, "SERVICE_NAME_OTHER": `OTHER`,
		"SERVICE_URL_WEB": `http://` + host, "SERVICE_FQDN_WEB": host, "SERVICE_URL_WEB_3000": `http://` + host + `:3000`,
		"SERVICE_FOO": ``, "SERVICE_PASSWORD_": ``, "PLAIN": ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := draft("services:\n  web: {image: x, command: \"${"+name+"}\"}\n  my-app: {image: x}\n", false)
			if err != nil {
				t.Fatal(fieldsOf(err))
			}
			row := rowOf(d.Envs, name)
			if row == nil || !regexp.MustCompile(`^`+form+`$`).MatchString(row.Value.Reveal()) {
				t.Fatalf("got %v, want the form %s", row, form)
			}
			if !row.IsGenerated || !row.IsRuntime || row.Owner.Kind != core.KindService || !row.UUID.Valid() {
				t.Errorf("row is %+v", *row)
			}
		})
	}
}

func rowOf(rows []core.EnvVar, name string) *core.EnvVar {
	for i := range rows {
		if rows[i].Key == name {
			return &rows[i]
		}
	}
	return nil
}

// TestVariablesOfText: each way to name a variable makes a row, once.
func TestVariablesOfText(t *testing.T) {
	t.Parallel()
	d, err := draft(`services:
  web:
    image: x:${A:-one}
    command: ["$B", "${C-two}", "${D:?say it}", "${E?}", "$$F", "${G:-${H:-deep}}", "${A}"]
    environment: [I, J=1, "K=${L}"]
    labels: ["m=$M"]
    volumes:
      - {type: bind, source: ./x, target: /x, content: "$N ${O}"}
x-unused: ${P}
`, false)
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	want := map[string]string{"A": "one", "B": "", "C": "two", "D": "", "E": "", "G": "${H:-deep}", "H": "deep", "I": "", "L": ""}
	for _, row := range d.Envs {
		if value, known := want[row.Key]; !known || row.Value.Reveal() != value {
			t.Errorf("%s is %q", row.Key, row.Value.Reveal())
		}
		if required := row.Key == "D" || row.Key == "E"; row.IsRequired != required {
			t.Errorf("%s: required %t", row.Key, row.IsRequired)
		}
	}
	if len(d.Envs) != len(want) {
		t.Errorf("%d rows, want %d", len(d.Envs), len(want))
	}
}

// TestAddresses: who owns a URL variable, and what follows when people choose another.
func TestAddresses(t *testing.T) {
	t.Parallel()
	const text = "services:\n  my-app:\n    image: x\n    environment: [SERVICE_FQDN_MY_APP_3000=/api]\n  other:\n    image: x\n    environment: [SERVICE_URL_SITE]\n  app_80: {image: x, command: \"$SERVICE_URL_APP_80\"}\n"
	s := newShelf(t, text, nil)
	fqdn := map[string]string{}
	for _, p := range s.service.Parts {
		fqdn[p.Name] = p.Fqdn
	}
	base := "-" + string(uuid) + ".203.0.113.7.sslip.io"
	for name, want := range map[string]string{
		"my-app": "http://my-app" + base + ":3000/api", "other": "http://site" + base, "app_80": "http://app-80" + base,
	} {
		if fqdn[name] != want {
			t.Errorf("%s is at %q, want %q", name, fqdn[name], want)
		}
	}
	for i := range s.service.Parts {
		if s.service.Parts[i].Name == "my-app" {
			s.service.Parts[i].Fqdn = "https://shop.example.com:3000/v2,https://b.example.com"
		}
	}
	got := s.written(t)["docker-compose.yml"].Content
	for _, want := range []string{
		`SERVICE_FQDN_MY_APP_3000: "shop.example.com:3000/v2"`, `COOLIFY_URL: "https://shop.example.com/v2,https://b.example.com"`,
		`TAFFRAIL_FQDN: "shop.example.com,b.example.com"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
	rowOf(s.envs, "SERVICE_FQDN_MY_APP_3000").Value = secret("by.hand.example.com")
	if got := s.written(t)["docker-compose.yml"].Content; !strings.Contains(got, "by.hand.example.com") {
		t.Errorf("an address set by hand is gone:\n%s", got)
	}
	d, err := s.kind().Draft(s.service, s.envs, s.server, false)
	if err != nil || !strings.Contains(strings.Join(d.Domains, " "), "https://b.example.com") {
		t.Errorf("chosen addresses are gone: %v %v", d.Domains, err)
	}
}

// TestSupabaseTokens: the tokens are signed with the stack's own password.
func TestSupabaseTokens(t *testing.T) {
	t.Parallel()
	d, err := draft("services: {web: {image: x, environment: [SERVICE_SUPABASEANON_KEY, SERVICE_SUPABASESERVICE_KEY]}}\n", false)
	if err != nil {
		t.Fatal(fieldsOf(err))
	}
	key := rowOf(d.Envs, "SERVICE_PASSWORD_JWT")
	for name, role := range map[string]string{"SERVICE_SUPABASEANON_KEY": "anon", "SERVICE_SUPABASESERVICE_KEY": "service_role"} {
		parts := strings.Split(rowOf(d.Envs, name).Value.Reveal(), ".")
		mac := hmac.New(sha256.New, []byte(key.Value.Reveal()))
		mac.Write([]byte(parts[0] + "." + parts[1]))
		if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
			t.Errorf("%s has a wrong signature", name)
		}
		var claims struct {
			Iss, Role string
			Iat, Exp  int64
		}
		body, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil {
			err = json.Unmarshal(body, &claims)
		}
		if err != nil || claims.Role != role || claims.Iss != "supabase" || claims.Exp <= claims.Iat {
			t.Errorf("%s says %s (%v)", name, body, err)
		}
	}
}

func TestPartKinds(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]core.PartKind{
		"postgres:16-alpine": core.PartDatabase, "ghcr.io/a/postgresql@sha256:" + strings.Repeat("0", 64): core.PartDatabase,
		"registry:5000/library/mysql": core.PartDatabase, "mariadb": core.PartDatabase, "mongo:7": core.PartDatabase, "redis": core.PartDatabase,
		"valkey/valkey:8": core.PartDatabase, "eqalpha/keydb": core.PartDatabase, "clickhouse/clickhouse-server:25.11": core.PartDatabase,
		"docker.dragonflydb.io/dragonflydb/dragonfly": core.PartDatabase, "postgis/postgis:16": core.PartDatabase,
		"nginx": core.PartApplication, "prom/mysqld-exporter": core.PartApplication, "phpmyadmin/phpmyadmin": core.PartApplication,
		"postgrest/postgrest": core.PartApplication, "mongo-express": core.PartApplication, "supabase/postgres-meta": core.PartApplication,
	} {
		d, err := draft("services: {a: {image: \""+image+"\"}}\n", false)
		if err != nil {
			t.Fatal(image, fieldsOf(err))
		}
		if d.Parts[0].Kind != want || d.Parts[0].Image != image {
			t.Errorf("%s is %s", image, d.Parts[0].Kind)
		}
	}
}
