package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

// visit is one request of somebody.
type visit struct {
	site    *Site
	w       http.ResponseWriter
	r       *http.Request
	session core.Session   // zero: not signed in
	p       auth.Principal // of a whole session
}

// identify finds the session. CodeUnauthenticated when there is none.
func (v *visit) identify() error {
	c, err := v.r.Cookie(v.cookieName(sessionCookie))
	if err != nil {
		return core.Errorf(core.CodeUnauthenticated, "You are not signed in.")
	}
	s, err := v.site.deps.Accounts.Resolve(v.r.Context(), c.Value)
	if err != nil {
		return err
	}
	v.session = s
	if !s.Pending {
		v.p = auth.ForUser(s.TeamID, s.User, core.TriggerUI)
	}
	return nil
}

func (v *visit) signedIn() bool { return v.session.RowID != 0 && !v.session.Pending }

// toLogin leads to the login and, behind it, back to where the visitor wanted to go.
// Script gets an error that it understands.
func (v *visit) toLogin() error {
	if v.r.Method != http.MethodGet || v.wantsData() {
		return core.Errorf(core.CodeUnauthenticated, "You are not signed in any more. Sign in again.")
	}
	to := "/login"
	if v.r.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(v.r.URL.RequestURI())
	}
	return v.redirect(to)
}

// wantsData says whether script asks, rather than somebody who moves from page to page.
func (v *visit) wantsData() bool {
	accept := v.r.Header.Get("Accept")
	return strings.HasPrefix(accept, "application/json") || strings.HasPrefix(accept, "text/event-stream")
}

// redirect sends the visitor on. It is always to a path of ours.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, local(to), http.StatusSeeOther)
	return nil
}

// local makes sure that a path stays on this site: "//evil.example" does not.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// id is a path value that must be an id.
func (v *visit) id(name string) core.ID { return core.ID(v.r.PathValue(name)) }

// form is a value of the form, trimmed; text and passwords are read with raw.
func (v *visit) form(name string) string { return strings.TrimSpace(v.raw(name)) }

// raw is a value of the form as it was given, with the line ends of Unix.
func (v *visit) raw(name string) string {
	return strings.ReplaceAll(v.r.PostFormValue(name), "\r\n", "\n")
}

func (v *visit) checked(name string) bool { return v.r.PostFormValue(name) != "" }

// number is a value of the query, at least 0.
func (v *visit) number(name string) int64 {
	n, err := strconv.ParseInt(v.r.URL.Query().Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// try counts an attempt of signing in, by address and by account.
func (v *visit) try(account string) error {
	err := v.site.attempts.Take(v.w, "address "+httpio.ClientIP(v.r))
	if err == nil && account != "" {
		err = v.site.attempts.Take(v.w, "account "+strings.ToLower(account))
	}
	if err != nil {
		return core.Errorf(core.CodeTooMany, "That were many attempts in a short time. Wait a minute, then try again.")
	}
	return nil
}

// fields are what is wrong with a form, by field; ok is false for all other errors.
func fields(err error) (map[string][]string, bool) {
	var e *core.Error
	if !errors.As(err, &e) || e.Code != core.CodeInvalid {
		return nil, false
	}
	return e.Fields, true
}

// message is what of an error a person may see; "" when it is ours to mend.
func message(err error) string {
	var e *core.Error
	var refusal *httpio.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Body.Message
	case errors.As(err, &e) && e.Code != core.CodeInternal:
		return e.Msg
	}
	return ""
}

// fail shows what went wrong. Faults of ours are logged under a reference.
func (v *visit) fail(err error) {
	ctx := v.r.Context()
	if ctx.Err() != nil {
		return // nobody is left to tell
	}
	code := core.CodeOf(err)
	status := httpio.Classes()[code].Status
	said := failure{Status: status, Text: message(err)}
	if said.Text == "" {
		said.Status, said.Reference = http.StatusInternalServerError, string(core.NewID()[:8])
		v.site.deps.Log.ErrorContext(ctx, "page failed", "reference", said.Reference, "path", v.r.URL.Path, "error", err)
		said.Text = "Something broke on our side. The log of the controller says what, under the reference " + said.Reference + "."
	}
	if v.wantsData() {
		_ = httpio.WriteJSON(v.w, said.Status, map[string]string{"message": said.Text})
		return
	}
	if err := v.show("error", view{Title: said.title(), Status: said.Status, Data: said}); err != nil {
		v.site.deps.Log.ErrorContext(ctx, "error page failed", "error", err)
		http.Error(v.w, said.Text, said.Status)
	}
}

// failure is what the error page says.
type failure struct {
	Status    int
	Text      string
	Reference string
}

func (f failure) title() string {
	switch f.Status {
	case http.StatusNotFound:
		return "Not found"
	case http.StatusForbidden:
		return "Not allowed"
	case http.StatusUnauthorized:
		return "Not signed in"
	case http.StatusInternalServerError:
		return "Something broke"
	}
	return "That did not work"
}
