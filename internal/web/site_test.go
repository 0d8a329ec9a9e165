package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/webtest"
)

// person is somebody with a browser that keeps cookies and follows no redirects.
type person struct {
	t      testing.TB
	w      *webtest.World
	client *http.Client
}

type reply struct {
	status   int
	location string
	header   http.Header
	body     string
}

func (r reply) has(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("status %d: %q is not on the page:\n%s", r.status, text, r.body)
		}
	}
}

func somebody(t testing.TB, w *webtest.World) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	webtest.Must(t, err)
	return &person{t, w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is the owner, or somebody else, on a site that is set up.
func signedIn(t testing.TB, w *webtest.World, email string) *person {
	t.Helper()
	p := somebody(t, w)
	if r := p.post("/login", "email", email, "password", webtest.Password); r.status != 303 || r.location != "/" {
		t.Fatalf("login: %d %s", r.status, r.body)
	}
	return p
}

func (p *person) do(method, path, body string, headers ...string) reply {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.w.URL+path, strings.NewReader(body))
	webtest.Must(p.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.client.Do(req)
	webtest.Must(p.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	webtest.Must(p.t, err)
	return reply{resp.StatusCode, resp.Header.Get("Location"), resp.Header, string(data)}
}

func (p *person) get(path string, headers ...string) reply {
	p.t.Helper()
	return p.do(http.MethodGet, path, "", headers...)
}

func (p *person) post(path string, pairs ...string) reply {
	p.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return p.do(http.MethodPost, path, values.Encode(), "Sec-Fetch-Site", "same-origin")
}

func TestSetup(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	p := somebody(t, w)
	if r := p.get("/"); r.location != "/login" {
		t.Errorf("a stranger at the root: %+v", r)
	}
	if r := p.get("/login"); r.location != "/setup" {
		t.Errorf("login before the set-up: %+v", r)
	}
	form := []string{"code", webtest.Code, "name", "Ada", "email", webtest.Email, "password", webtest.Password}
	wrong := append([]string{}, form...)
	wrong[1] = "guessed"
	r := p.post("/setup", wrong...)
	r.has(t, "That is not the set-up code", `value="Ada"`)
	if r.status != 422 || strings.Contains(r.body, webtest.Password) {
		t.Errorf("wrong code: %d", r.status)
	}
	short := append([]string{}, form...)
	short[7] = "short"
	p.post("/setup", short...).has(t, "at least 10 characters")
	if r := p.post("/setup", form...); r.status != 303 || r.location != "/" {
		t.Fatalf("set-up: %+v", r)
	}
	p.get("/").has(t, "Welcome. Your account is made", "Overview", "Ada")
	if r := somebody(t, w).get("/setup"); r.location != "/login" {
		t.Errorf("a second set-up: %+v", r)
	}
	if r := somebody(t, w).post("/setup", form...); r.status != 409 {
		t.Errorf("a second set-up: %d", r.status)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	p := somebody(t, w)
	if r := p.get("/deployments?status=failed"); r.location != "/login?next=%2Fdeployments%3Fstatus%3Dfailed" {
		t.Errorf("to the login: %+v", r)
	}
	if r := p.get("/search?q=", "Accept", "application/json"); r.status != 401 {
		t.Errorf("script that is not signed in: %+v", r)
	}
	p.post("/login", "email", webtest.Email, "password", "wrong").has(t, "do not belong together")
	for next, want := range map[string]string{"/servers": "/servers", "//evil.example/": "/", "https://evil.example/": "/", `/\evil.example`: "/", "": "/"} {
		r := somebody(t, w).post("/login", "email", webtest.Email, "password", webtest.Password, "next", next)
		if r.location != want {
			t.Errorf("next %q leads to %q", next, r.location)
		}
		cookie := r.header.Get("Set-Cookie")
		if !strings.HasPrefix(cookie, "taffrail_session=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Errorf("cookie %q", cookie)
		}
		w.Now.Add(61e9) // attempts are counted by the minute
	}
	behind := somebody(t, w).do(http.MethodPost, "/login", url.Values{"email": {webtest.Email}, "password": {webtest.Password}}.Encode(), "X-Forwarded-Proto", "https")
	if cookie := behind.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-taffrail_session=") || !strings.Contains(cookie, "Secure") {
		t.Errorf("cookie on https: %q", cookie)
	}
	w.Now.Add(61e9)
	for range 11 {
		p.post("/login", "email", webtest.Email, "password", "wrong")
	}
	if r := p.post("/login", "email", webtest.Email, "password", webtest.Password); r.status != 429 {
		t.Errorf("the right password behind many wrong ones: %d", r.status)
	}
	w.Now.Add(61e9)
	p = signedIn(t, w, webtest.Email)
	if r := p.post("/logout"); r.location != "/login" {
		t.Errorf("sign out: %+v", r)
	}
	if r := p.get("/"); r.location != "/login" {
		t.Errorf("behind it: %+v", r)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	p := signedIn(t, w, webtest.Email)
	for _, headers := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		if r := p.do(http.MethodPost, "/projects", "name=x", headers...); r.status != 403 {
			t.Errorf("%v: %d", headers, r.status)
		}
	}
	h := p.get("/").header
	if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
	if r := p.get("/nothing-here"); r.status != 404 {
		t.Errorf("an unknown page: %d", r.status)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	p := signedIn(t, w, webtest.Email)
	if r := p.post("/account/factor"); r.location != "/account#factor" {
		t.Fatalf("%+v", r)
	}
	p.get("/account").has(t, "otpauth://totp/Taffrail:ada@example.org?")
	p.post("/account/factor/on", "code", "000000").has(t, "not the code that the app shows")
	u, _, err := w.DB.FindUser(t.Context(), webtest.Email, 0)
	webtest.Must(t, err)
	f, err := w.DB.GetFactor(t.Context(), u.RowID)
	webtest.Must(t, err)
	on := f
	on.ConfirmedAt, on.Recovery = w.Now.Now(), []string{}
	webtest.Must(t, w.DB.PutFactor(t.Context(), f, on))

	q := somebody(t, w)
	if r := q.post("/login", "email", webtest.Email, "password", webtest.Password, "next", "/servers"); r.location != "/login/code?next=%2Fservers" {
		t.Fatalf("login: %+v", r)
	}
	if r := q.get("/"); r.location != "/login" {
		t.Errorf("half signed in: %+v", r)
	}
	q.get("/login/code").has(t, "Second factor")
	if r := q.post("/login/code", "code", "123"); r.status != 422 {
		t.Errorf("wrong code: %d", r.status)
	}
	p.post("/account/factor/off", "off_password", "wrong").has(t, "not your password")
	if r := p.post("/account/factor/off", "off_password", webtest.Password); r.status != 303 {
		t.Errorf("off: %+v", r)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	p, q := signedIn(t, w, webtest.Email), signedIn(t, w, webtest.Email)
	p.get("/account").has(t, "this one", "End all others")
	if r := p.post("/account/sessions/end"); r.status != 303 {
		t.Errorf("%+v", r)
	}
	if r := q.get("/"); r.location != "/login" {
		t.Errorf("the other session: %+v", r)
	}
	p.post("/account/password", "current_password", "wrong", "password", "another fine phrase").has(t, "not your present password")
	if r := p.post("/account/password", "current_password", webtest.Password, "password", "another fine phrase"); r.status != 303 {
		t.Errorf("%+v", r)
	}
	p.get("/account").has(t, "Your password is changed")
	if r := p.post("/theme", "theme", "dark", "back", "/team"); r.location != "/team" {
		t.Errorf("%+v", r)
	}
	p.get("/team").has(t, `data-theme="dark"`, "Ada Lovelace", webtest.Member)
}
