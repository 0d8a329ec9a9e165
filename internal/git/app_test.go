package git_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

const installationToken = "ghs_made-up-for-tests"

// github is the part of GitHub's API that an App uses. It checks what it is sent.
type github struct {
	*httptest.Server
	tb       testing.TB
	key      *rsa.PrivateKey
	now      time.Time
	mu       sync.Mutex // guards the rest
	tokens   int
	comments map[int64]string
	repos    int // how many the installation has
	calls    []string
	answer   func(w http.ResponseWriter, r *http.Request) bool // goes before everything
}

func newGitHub(tb testing.TB) *github {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	g := &github{tb: tb, key: key, now: time.Unix(1_800_000_000, 0), comments: map[int64]string{}, repos: 3}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v3/app/installations/77/access_tokens", g.asApp(g.giveToken))
	mux.HandleFunc("GET /api/v3/app/installations/77", g.asApp(g.installation))
	mux.HandleFunc("GET /api/v3/installation/repositories", g.asInstallation(g.repositories))
	mux.HandleFunc("GET /api/v3/repos/owner/app/branches", g.asInstallation(g.branches))
	mux.HandleFunc("GET /api/v3/repos/owner/app/commits/{ref}", g.asInstallation(g.commit))
	mux.HandleFunc("POST /api/v3/repos/owner/app/statuses/{sha}", g.asInstallation(g.accept))
	mux.HandleFunc("POST /api/v3/repos/owner/app/deployments", g.asInstallation(g.accept))
	mux.HandleFunc("POST /api/v3/repos/owner/app/deployments/{id}/statuses", g.asInstallation(g.accept))
	mux.HandleFunc("GET /api/v3/repos/owner/app/issues/5/comments", g.asInstallation(g.listComments))
	mux.HandleFunc("POST /api/v3/repos/owner/app/issues/5/comments", g.asInstallation(g.addComment))
	mux.HandleFunc("PATCH /api/v3/repos/owner/app/issues/comments/{id}", g.asInstallation(g.editComment))
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.answer == nil || !g.answer(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	tb.Cleanup(g.Close)
	return g
}

func (g *github) pem() core.Secret {
	return core.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(g.key)})))
}

func (g *github) client(tb testing.TB) *http.Client {
	tb.Helper()
	c := git.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	tb.Cleanup(c.CloseIdleConnections)
	return c
}

func (g *github) app(tb testing.TB) *git.App {
	tb.Helper()
	config := git.AppConfig{API: g.URL + "/api/v3", ID: 12345, Installation: 77, Key: g.pem(), Plain: true}
	app, err := git.NewApp(config, g.client(tb), func() time.Time { return g.now })
	if err != nil {
		tb.Fatal(err)
	}
	return app
}

// asApp checks the token that an App signs for itself.
func (g *github) asApp(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := g.checkJWT(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); err != nil {
			g.tb.Error(err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (g *github) checkJWT(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("no token: %q", token)
	}
	var claims struct {
		Iat, Exp int64
		Iss      string
	}
	var head struct{ Alg, Typ string }
	decode := func(part string, into any) error {
		data, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, into)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err := errors.Join(err, decode(parts[0], &head), decode(parts[1], &claims)); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&g.key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		return err
	}
	now := g.now.Unix()
	if head.Alg != "RS256" || head.Typ != "JWT" || claims.Iss != "12345" || claims.Iat > now-30 || claims.Exp <= now || claims.Exp-claims.Iat > 600 {
		return fmt.Errorf("claims %+v %+v at %d", head, claims, now)
	}
	return nil
}

func (g *github) asInstallation(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		if h.Get("Authorization") != "Bearer "+installationToken || h.Get("Accept") != "application/vnd.github+json" || h.Get("X-Github-Api-Version") == "" || h.Get("User-Agent") != "Taffrail" {
			g.tb.Errorf("%s %s: headers %v", r.Method, r.URL, h)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (g *github) giveToken(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens++
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"token":%q,"expires_at":%q,"permissions":{}}`, installationToken, g.now.Add(time.Hour).UTC().Format(time.RFC3339))
}

func (g *github) installation(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"id":77,"account":{"login":"owner"},"permissions":{"contents":"read","statuses":"write"},"events":["push"]}`)
}

func (g *github) repositories(w http.ResponseWriter, r *http.Request) {
	from, to := page(r, g.repos)
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"id":%d,"name":"r%d","full_name":"owner/r%d","default_branch":"main","owner":{"login":"owner"}}`, i, i, i))
	}
	_, _ = fmt.Fprintf(w, `{"total_count":%d,"repositories":[%s]}`, g.repos, strings.Join(list, ","))
}

// page is what of a list of n a request asks for.
func page(r *http.Request, n int) (from, to int) {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	return min((number-1)*size, n), min(number*size, n)
}

func (g *github) branches(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `[{"name":"main","commit":{"sha":"`+strings.Repeat("a", 40)+`","url":"x"},"protected":true}]`)
}

func (g *github) commit(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("ref") != "feature/x#1" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	_, _ = io.WriteString(w, `{"sha":"`+strings.Repeat("b", 40)+`","commit":{"message":"fix: it\n\nbody","author":{"name":"Ann","email":"a@b","date":"2026-01-02T03:04:05Z"}}}`)
}

// accept keeps what was posted.
func (g *github) accept(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Content-Type") != "application/json" {
		g.tb.Errorf("%s: %v", r.URL, err)
	}
	text, _ := json.Marshal(body)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, r.Method+" "+r.URL.Path+" "+string(text))
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":901}`)
}

func (g *github) listComments(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := []map[string]any{}
	for i := range int64(150) {
		list = append(list, map[string]any{"id": i + 1, "body": "chatter, with <!-- app --> in it"})
	}
	for id, body := range g.comments {
		list = append(list, map[string]any{"id": id, "body": body})
	}
	from, to := page(r, len(list))
	_ = json.NewEncoder(w).Encode(list[from:to])
}

func (g *github) addComment(w http.ResponseWriter, r *http.Request) {
	var c struct{ Body string }
	_ = json.NewDecoder(r.Body).Decode(&c)
	g.mu.Lock()
	defer g.mu.Unlock()
	id := int64(1000 + len(g.comments))
	g.comments[id] = c.Body
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"id":%d}`, id)
}

func (g *github) editComment(w http.ResponseWriter, r *http.Request) {
	var c struct{ Body string }
	_ = json.NewDecoder(r.Body).Decode(&c)
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.comments[id]; !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	g.comments[id] = c.Body
	_, _ = fmt.Fprintf(w, `{"id":%d}`, id)
}

func TestAppReads(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	g.repos = 250
	app := g.app(t)
	repos, err := app.Repositories(t.Context())
	if err != nil || len(repos) != 250 || repos[249].FullName != "owner/r249" || repos[0].Owner.Login != "owner" {
		t.Errorf("%d repositories, %v", len(repos), err)
	}
	branches, err := app.Branches(t.Context(), "owner/app")
	if err != nil || len(branches) != 1 || branches[0].Name != "main" || branches[0].Commit.SHA != strings.Repeat("a", 40) || !branches[0].Protected {
		t.Errorf("%+v, %v", branches, err)
	}
	id, c, err := app.Commit(t.Context(), "owner/app", "feature/x#1")
	want := git.Commit{Author: "Ann", Email: "a@b", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Message: "fix: it\n\nbody"}
	if diff := cmp.Diff(want, c); diff != "" || err != nil || id != strings.Repeat("b", 40) {
		t.Errorf("%s %v\n%s", id, err, diff)
	}
	in, err := app.Installation(t.Context())
	if err != nil || in.Account.Login != "owner" || in.Permissions["contents"] != "read" {
		t.Errorf("%+v, %v", in, err)
	}
	for _, name := range []string{"", "owner", "owner/app/x", "../app", "owner/..", "owner/.", "owner/a?x=1", "owner/a#b", "o wner/a", "-x/y"} {
		if _, err := app.Branches(t.Context(), name); core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestAppToken: one is asked for when there is none or the last one ends soon, by however
// many at the same time.
func TestAppToken(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	app := g.app(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if auth, err := app.Auth(t.Context()); err != nil || auth.Token.Reveal() != installationToken {
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if g.tokens != 1 {
		t.Errorf("%d tokens", g.tokens)
	}
	for _, x := range []struct {
		later time.Duration
		want  int
	}{{45 * time.Minute, 1}, {6 * time.Minute, 2}} {
		g.now = g.now.Add(x.later)
		if _, err := app.Token(t.Context()); err != nil || g.tokens != x.want {
			t.Errorf("after %s: %d tokens, %v", x.later, g.tokens, err)
		}
	}
}

func TestAppWrites(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	app := g.app(t)
	sha := strings.Repeat("c", 40)
	err := app.SetStatus(t.Context(), "owner/app", sha, git.CommitStatus{State: "success", Context: "taffrail/web", Description: strings.Repeat("ü", 200), TargetURL: "https://t/x"})
	if err != nil {
		t.Error(err)
	}
	id, err := app.CreateDeployment(t.Context(), "owner/app", git.NewDeployment{Ref: sha, Environment: "preview-5", Transient: true})
	if err != nil || id != 901 {
		t.Errorf("%d, %v", id, err)
	}
	err = app.SetDeploymentStatus(t.Context(), "owner/app", id, git.DeploymentStatus{State: "success", LogURL: "https://t/log", EnvironmentURL: "https://5.app"})
	if err != nil {
		t.Error(err)
	}
	want := []string{
		`POST /api/v3/repos/owner/app/statuses/` + sha + ` {"context":"taffrail/web","description":"` + strings.Repeat("ü", 139) + `…","state":"success","target_url":"https://t/x"}`,
		`POST /api/v3/repos/owner/app/deployments {"auto_merge":false,"environment":"preview-5","production_environment":false,"ref":"` + sha + `","required_contexts":[],"transient_environment":true}`,
		`POST /api/v3/repos/owner/app/deployments/901/statuses {"environment_url":"https://5.app","log_url":"https://t/log","state":"success"}`,
	}
	if diff := cmp.Diff(want, g.calls); diff != "" {
		t.Error(diff)
	}
}

// TestAppComment: there is one comment, whether its id is known, forgotten or outdated.
func TestAppComment(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	app := g.app(t)
	id, err := app.Comment(t.Context(), "owner/app", 5, 0, "app-->", "queued")
	if err != nil || id != 1000 {
		t.Fatalf("%d, %v", id, err)
	}
	for _, known := range []int64{id, 0, 4711} {
		text := fmt.Sprintf("known as %d", known)
		got, err := app.Comment(t.Context(), "owner/app", 5, known, "app-->", text)
		if err != nil || got != id || len(g.comments) != 1 || g.comments[id] != "<!-- app -->\n"+text {
			t.Errorf("%d: %d, %v, %v", known, got, err, g.comments)
		}
	}
	if other, err := app.Comment(t.Context(), "owner/app", 5, 0, "other", "x"); err != nil || other == id || len(g.comments) != 2 {
		t.Errorf("%d, %v", other, err)
	}
}

func TestAppFaults(t *testing.T) {
	t.Parallel()
	status := func(code int, headers ...string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/access_tokens") {
				return false
			}
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"message":"secret-of-an-inner-server"}`)
			return true
		}
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		code   core.Code
		words  string
	}{
		{"credentials", status(401), core.CodeBadRequest, "private key"},
		{"permission", status(403), core.CodeForbidden, "permissions"},
		{"rate", status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1800000600"), core.CodeTooMany, "08:10 UTC"},
		{"secondary rate", status(403, "Retry-After", "30"), core.CodeTooMany, "in 30s"},
		{"too many", status(429), core.CodeTooMany, "later"},
		{"gone", status(404), core.CodeNotFound, "still installed"},
		{"refused", status(422), core.CodeBadRequest, "422"},
		{"trouble", status(503), core.CodeUnavailable, "503"},
		{"odd", status(418), core.CodeUnavailable, "418"},
		{"elsewhere", status(302, "Location", "http://127.0.0.1:1/x"), core.CodeBadRequest, "another address"},
		{"no JSON", func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/access_tokens") {
				return false
			}
			_, _ = io.WriteString(w, "<html>secret-of-an-inner-server")
			return true
		}, core.CodeUnavailable, "did not answer as GitHub does"},
		{"too long", func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/access_tokens") {
				return false
			}
			_, _ = io.WriteString(w, `{"repositories":[{"name":"`)
			for range 9 << 10 {
				_, _ = io.WriteString(w, strings.Repeat("a", 1<<10))
			}
			return true
		}, core.CodeUnavailable, "did not answer as GitHub does"},
		{"no token", func(w http.ResponseWriter, _ *http.Request) bool { _, _ = io.WriteString(w, "{}"); return true }, core.CodeUnavailable, "no token"},
	} {
		g := newGitHub(t)
		g.answer = c.answer
		_, err := g.app(t).Repositories(t.Context())
		var e *core.Error
		if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Msg, c.words) || strings.Contains(e.Error(), "inner-server") || strings.Contains(e.Error(), installationToken) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	g := newGitHub(t)
	ctx, cancel := context.WithCancel(t.Context())
	g.answer = func(http.ResponseWriter, *http.Request) bool { cancel(); <-ctx.Done(); return false }
	if _, err := g.app(t).Repositories(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	app := g.app(t)
	g.Close()
	if _, err := app.Repositories(t.Context()); core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestAppFollowsRenames: GitHub sends on what was renamed, on its own host.
func TestAppFollowsRenames(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	g.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v3/repos/owner/old/branches" {
			return false
		}
		http.Redirect(w, r, g.URL+"/api/v3/repos/owner/app/branches", http.StatusMovedPermanently)
		return true
	}
	if branches, err := g.app(t).Branches(t.Context(), "owner/old"); err != nil || len(branches) != 1 {
		t.Errorf("%v, %v", branches, err)
	}
}

func TestNewApp(t *testing.T) {
	t.Parallel()
	g := newGitHub(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	elliptic, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(key any) string {
		data, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: data}))
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&g.key.PublicKey)}))
	good := g.pem().Reveal()
	for name, text := range map[string]string{"as is": good, "PKCS 8": pkcs8(g.key), "CRLF": strings.ReplaceAll(good, "\n", "\r\n"), "blanks": "\n " + good + " "} {
		config := git.AppConfig{ID: 1, Installation: 2, Key: core.NewSecret(text)}
		if _, err := git.NewApp(config, http.DefaultClient, time.Now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"public key": public, "not in PEM": "hush", "passphrase": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\naHVzaA==\n-----END RSA PRIVATE KEY-----\n",
		"not an RSA key": pkcs8(elliptic), "fewer than 2048": pkcs8(small), "an RSA": "-----BEGIN RSA PRIVATE KEY-----\naHVzaA==\n-----END RSA PRIVATE KEY-----\n",
	} {
		_, err := git.NewApp(git.AppConfig{ID: 1, Installation: 2, Key: core.NewSecret(text)}, http.DefaultClient, time.Now)
		if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "aHVzaA") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, api := range []string{
		"http://api.github.com", "ftp://x", "https://", "https://user:pw@host", "https://host?x", "https://host#x", "https://good.test@evil.test/", "api.github.com", "https://host/a b",
		"https://[::1", "https://-x/", "https://host/../..;x", "https://ho%73t/", "file:///etc",
	} {
		_, err := git.NewApp(git.AppConfig{API: api, ID: 1, Installation: 2, Key: g.pem()}, http.DefaultClient, time.Now)
		if core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", api, err)
		}
	}
	if _, err := git.NewApp(git.AppConfig{Key: g.pem()}, http.DefaultClient, time.Now); core.CodeOf(err) != core.CodeBadRequest {
		t.Errorf("no ids: %v", err)
	}
}

// TestClientStaysOutside: the address that is dialled counts, however it was written.
func TestClientStaysOutside(t *testing.T) {
	t.Parallel()
	client := git.NewClient(nil)
	t.Cleanup(client.CloseIdleConnections)
	for _, host := range []string{
		"127.0.0.1", "localhost", "10.0.0.5", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.77.1", "240.0.0.1",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::7f00:1]", "[fd00::1]", "[fe80::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[fec0::1]",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+":1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "the address is in a private network") {
			t.Errorf("%s: %v", host, err)
		}
	}
	g := newGitHub(t)
	app, err := git.NewApp(git.AppConfig{API: g.URL, ID: 1, Installation: 2, Key: g.pem(), Plain: true}, client, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Token(t.Context()); core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "an administrator has to allow") {
		t.Errorf("%v", err)
	}
}
