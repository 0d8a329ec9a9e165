package web

import (
	"net/http"
	"net/url"
	"time"
)

// Names of cookies. On https the session's gets the prefix __Host-, which browsers take
// only from this very host.
const (
	sessionCookie = "taffrail_session"
	noticeCookie  = "taffrail_notice"
	themeCookie   = "taffrail_theme"
)

const year = 365 * 24 * time.Hour

// secure says whether the visitor's browser speaks https with us, or with a proxy in
// front of us that says so. A lie makes a cookie that plain http does not send back, and
// nothing worse.
func (v *visit) secure() bool {
	return v.r.TLS != nil || v.r.Header.Get("X-Forwarded-Proto") == "https"
}

func (v *visit) cookieName(name string) string {
	if v.secure() && name == sessionCookie {
		return "__Host-" + name
	}
	return name
}

func (v *visit) setCookie(name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: v.cookieName(name), Value: url.QueryEscape(value), Path: "/", HttpOnly: true,
		Secure: v.secure(), SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds()),
	}
	if life <= 0 {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

func (v *visit) cookie(name string) string {
	c, err := v.r.Cookie(v.cookieName(name))
	if err != nil {
		return ""
	}
	value, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return value
}

// done leads on to a page that says text once.
func (v *visit) done(to, text string) error {
	v.setCookie(noticeCookie, text, time.Minute)
	return v.redirect(to)
}

// notice takes the text of done.
func (v *visit) notice() string {
	text := v.cookie(noticeCookie)
	if text != "" {
		v.setCookie(noticeCookie, "", 0)
	}
	return text
}

// theme is what the visitor has chosen: light, dark, or "" for what the system says.
func (v *visit) theme() string {
	if t := v.cookie(themeCookie); t == "light" || t == "dark" {
		return t
	}
	return ""
}

func setTheme(v *visit) error {
	v.setCookie(themeCookie, v.form("theme"), year)
	return v.redirect(v.form("back"))
}
