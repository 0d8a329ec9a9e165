package redact_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/redact"
)

// TestShapesHide: what stands between « and » must become one mask, and the
// rest must stay.
func TestShapesHide(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"user info": {
			"postgres://app:«Drizzle55x»@db:5432/app?sslmode=disable",
			"DATABASE_URL=mysql://root:«p»@127.0.0.1/x",
			`{"url":"https://u:«Drizzle55x»@host.test/a"}`,
			`{"url":"postgres:\/\/app:«Drizzle55x»@db\/app"}`,
			"amqp://u:«a:b:c»@mq/%2f",
			"redis://:«Drizzle55x»@[::1]:6379",
			"mongodb://u:«Drizzle55x»@h1:27017,h2:27017/db",
			"postgres://a:«one55x»@h1/x,postgres://b:«two66y»@h2/y",
			"cloning https://«abcDEF0123456789abcDEF0123»@git.test/o/r.git",
			"postgres://app:«Dri?zz#le55»@db/app",
			"app:«Drizzle55x»@tcp(db:3306)/shop",
			"dsn=app:«Dri:zzle»@unix(/run/mysqld.sock)/shop",
		},
		"assignments": {
			"DB_PASSWORD=«Drizzle55x»", "export API_KEY=«Drizzle55x»", "-e JWT_SECRET=«Drizzle55x» img",
			`"password": "«Drizzle 55x»", "user": "app"`, `{"clientSecret":"«Drizzle55x»","n":1}`,
			`{\"password\":\"«Drizzle55x»\",\"a\":1}`, `{"password":"«Driz\"zle55x»"}`,
			"password: «Drizzle55x»", "  - DB_PASS=«Drizzle55x»", "spring.datasource.password=«Drizzle55x»",
			"private_key = '«Drizzle55x»'", "access_key: «Drizzle55x» # note", "PGPASSWORD=«Drizzle55x» psql",
			"MYSQL_PWD=«Drizzle55x» mysql", "X-Api-Key: «Drizzle55x»", "PRIVATE-TOKEN: «Drizzle55x»",
			"user=app;Password=«Dri,zzle»;Encrypt=true", "?access_token=«Drizzle55x»&a=b", "<password>«Drizzle55x»</password>",
			"secret := \"«Drizzle55x»\"", "'token' => '«Drizzle55x»',", "config['password'] = '«Drizzle55x»'",
			"AccountKey=«Drizzle55x==»;EndpointSuffix=core", "APP_KEY=«base64:Drizzle55x=»", "SECRET_KEY_BASE=«Drizzle55x»",
			"\x1b[32mpassword\x1b[0m=«Drizzle55x»\x1b[0m", "password=«hunter»", "DB_PASSWORD=«Drizzle<REDACTED>»",
			"SQLSTATE: password=«Drizzle55x»)", "_auth=«dXNlcjpwYXNz»", `"auth": "«dXNlcjpwYXNzd29yZA==»"`,
			"passphrase: «Drizzle55x»", "credentials=«Drizzle55x»", "password=«${A}b$c»",
		},
		"commands": {
			"mysql --password=«Drizzle55x» -h db", "tool --token «Drizzle55x» --next", "docker login -u bot -p «Drizzle55x» r.test",
			"sshpass -p «Drizzle55x» ssh h", "sshpass -p«Drizzle55x» ssh h", "mysqldump -u root -p«Drizzle55x» shop",
			"curl -s -u bot:«Drizzle55x» https://h.test", "curl --user 'bot:«Drizzle55x»' h.test", "redis-cli -h c -a «Drizzle55x» ping",
			"machine h.test login u password «Drizzle55x»", "CREATE USER a IDENTIFIED BY '«Drizzle55x»';", "ALTER USER a WITH PASSWORD '«Drizzle55x»';",
		},
		"headers": {
			"> Authorization: Bearer «abc.def-123_XYZ»", "authorization: Basic «dTpwYXNz»", `-H "Authorization: token «Drizzle55x»" h`,
			`"Authorization":"Bearer «Drizzle55x»"`, "Proxy-Authorization: Basic «dTpwYXNz»", "Bearer «Drizzle55xDrizzle55x»",
			"< set-cookie: sid=«Drizzle55x»; Path=/; HttpOnly", "Cookie: a=«Drizzle55x»; b=«second66»",
			`Authorization: Digest «username="u", response="abcdef"»`,
		},
		"tokens": {
			"ghs_«A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8»", "github_pat_«11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz»", "xoxb-«123456789012-abcDEF»",
			"sk_live_«abcDEF0123456789»", "npm_«abcDEF0123456789abcd»", "dckr_pat_«abcDEF0123456789-_x»", "AIza«SyA1234567890abcdefghijklmnopqrstuv»",
			"hvs.«CAESIJ1234567890abcdefgh»", "SG.«abcdefghijklmnop0123.ABCDEFGHIJKLMNOPQRSTUV»", "taffrail_«abcDEF0123456789abcDEF»",
			"jwt eyJ«hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N» x",
		},
		"signed": {
			"https://b.test/o?X-Amz-Signature=«9f86d081884c7d65»&foo=1", "https://a.test/c?sv=1&sig=«abc%2Bdef%3D1»&se=2",
			"https://g.test/o?X-Goog-Signature=«9f86d081884c7d65»",
		},
	}
	set := redact.Compile(redact.Options{})
	for kind, lines := range tests {
		for _, line := range lines {
			in := strings.NewReplacer("«", "", "»", "").Replace(line)
			want := line
			for strings.Contains(want, "«") {
				i, j := strings.Index(want, "«"), strings.Index(want, "»")
				want = want[:i] + redact.Mask + want[j+len("»"):]
			}
			if got := set.String("x " + in + "\nnext\n"); got != "x "+want+"\nnext\n" {
				t.Errorf("%s: %q\n got %q\nwant %q", kind, in, got, want)
			}
		}
	}
}

// TestShapesKeep: nothing of this is secret.
func TestShapesKeep(t *testing.T) {
	t.Parallel()
	lines := []string{
		"Password: ", "Enter password for app: ", "[sudo] password for root: ", "The password must have 12 characters.",
		"error: Invalid password: must have 12 characters", "password authentication failed for user \"app\"",
		"HEAD is now at 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b fix", "img@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"docker-image://node:20@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "0b1e7a52-4c1f-4f57-9d3a-6b1a4c9a7d10",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl root@host", "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDTfQbK1Qp0c1cKJXc",
		"-----BEGIN PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
		"https://registry.example.org:443/@babel/core@7.1.0", "http://host:8080/a?x=a@b.c", "ssh://git@host.test:22/o/r.git", "git@host.test:o/r.git",
		"mail ops@example.test", "listening on 0.0.0.0:8080", "see docs.test:8080/a@b",
		"PWD=/home/app", "OLDPWD=/", "PASSWORD_FILE=/run/secrets/db", "tokenType: Bearer", "token_count=120", "max_tokens: 100", "tokens=5",
		"secretName: db-creds", "imagePullSecrets:", "secretKeyRef:", "secrets: inherit", "--mount=type=secret,id=npmrc", "--secret id=npmrc,src=.npmrc",
		"DB_PASSWORD=${DB_PASSWORD}", "password: $DB_PASSWORD", "password: null", `"password": ""`, `"password": true`, "token = getToken()", "password: {{ .Values.password }}",
		"PASS: test_login (0.1s)", "pass: 12, fail: 0", "bypass=1 compass=north", "tokenizer=fast", "passwordless=yes", "the glpat- prefix", "sk-learn-contrib-package-name-with-words",
		"npm_config_user_agent=yarn", "AKIA is a prefix", "The bearer of this token is unknown", "authorization: denied", "cookie jar: empty",
		"secret/db-creds created", "namespace/secret unchanged", "Unexpected token: punc (,)", "SyntaxError: Unexpected token '<'",
		"eyJ is how JSON starts in base64", "expected token `;`", "curl -u", "docker login", "login -p", "mysql -p", "if password == other", "password != x", "http://[::1]:80/",
	}
	set := redact.Compile(redact.Options{})
	for _, line := range lines {
		if got := set.String(line + "\nnext\n"); got != line+"\nnext\n" {
			t.Errorf("%q became %q", line, got)
		}
	}
}

// TestPrivateKeys: the body goes, what stands around it stays.
func TestPrivateKeys(t *testing.T) {
	t.Parallel()
	line := "MIIEpQ7wZ0tLk9vXb2Nn8YcQm4Hs1Jd5Rf6Tg3Uh0Vi2Wj4Xk6Yl8Zm1An3Bo5Cp"
	tests := []struct{ in, want string }{
		{"a\n-----BEGIN RSA PRIVATE KEY-----\n" + line + "\nabc=\n-----END RSA PRIVATE KEY-----\nb\n", "a\n-----BEGIN RSA PRIVATE KEY-----<REDACTED>\nb\n"},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n" + line + "\n-----END RSA PRIVATE KEY-----\nb\n", "-----BEGIN RSA PRIVATE KEY-----<REDACTED>\nb\n"},
		{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + line + "\n-----END PGP PRIVATE KEY BLOCK-----\nb\n", "-----BEGIN PGP PRIVATE KEY BLOCK-----<REDACTED>\nb\n"},
		{`{"k":"-----BEGIN PRIVATE KEY-----\n` + line + `\n-----END PRIVATE KEY-----\n"}`, `{"k":"-----BEGIN PRIVATE KEY-----<REDACTED>\n"}`},
		{"K=-----BEGIN PRIVATE KEY----- " + line + " " + line + " -----END PRIVATE KEY----- x\n", "K=-----BEGIN PRIVATE KEY-----<REDACTED> x\n"},
		{"#5 0.1 -----BEGIN PRIVATE KEY-----\n#5 0.2 " + line + "\n#5 0.3 " + line + "\n#5 done\n", "#5 0.1 -----BEGIN PRIVATE KEY-----<REDACTED>#5 done\n"},
		{"-----BEGIN PRIVATE KEY-----\nnot a key\n", "-----BEGIN PRIVATE KEY-----\nnot a key\n"},
		{"-----BEGIN PRIVATE KEY-----" + strings.Repeat("\n", 100) + "x\n", "-----BEGIN PRIVATE KEY-----" + strings.Repeat("\n", 100) + "x\n"},
	}
	set := redact.Compile(redact.Options{})
	for _, tt := range tests {
		if got := set.String(tt.in); got != tt.want {
			t.Errorf("%q\n got %q\nwant %q", tt.in, got, tt.want)
		}
	}
}

func TestLongValuesGoWhole(t *testing.T) {
	t.Parallel()
	set := redact.Compile(redact.Options{})
	for _, name := range []string{"token=", "Authorization: Bearer ", "ghp_", "x eyJhbGciOi.eyJ"} {
		got := set.String(name + strings.Repeat("aB3", 20000) + " tail\n")
		if len(got) > 60 || !strings.HasSuffix(got, redact.Mask+" tail\n") {
			t.Errorf("%s: %q", name, short(got))
		}
	}
}

func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	hide, show := redact.Compile(redact.Options{HidePrivateIPs: true}), redact.Compile(redact.Options{})
	tests := []struct{ in, want string }{
		{"10.1.2.3:80 and 172.16.0.1, 172.31.9.9 and 192.168.0.9.", "<REDACTED>:80 and <REDACTED>, <REDACTED> and <REDACTED>."},
		{"11.1.2.3 172.15.0.1 172.32.0.1 192.169.0.9 8.10.1.2.3", "11.1.2.3 172.15.0.1 172.32.0.1 192.169.0.9 8.10.1.2.3"},
		{"peer [fd12:3456::1]:80 not fdisk fd12 fc", "peer [<REDACTED>]:80 not fdisk fd12 fc"},
		{"v10.2.3.4 10.2.3 10.2.3.4-rc1 10.2.3.400", "v10.2.3.4 10.2.3 10.2.3.4-rc1 10.2.3.400"},
	}
	for _, tt := range tests {
		if got := hide.String(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
		if got := show.String(tt.in); got != tt.in {
			t.Errorf("without the option %q became %q", tt.in, got)
		}
	}
}
