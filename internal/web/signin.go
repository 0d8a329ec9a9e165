package web

import (
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

// door is what the pages before the sign-in show.
type door struct {
	Form form
	Next string
}

func (v *visit) who(email, password string) auth.LoginInput {
	return auth.LoginInput{Email: email, Password: password, Address: httpio.ClientIP(v.r), Agent: v.r.UserAgent()}
}

// keep puts the secret of a session into the browser.
func (v *visit) keep(secret core.Secret) { v.setCookie(sessionCookie, secret.Reveal(), year) }

func showSetup(v *visit) error {
	open, err := v.site.deps.Accounts.NeedsSetup(v.r.Context())
	if err != nil {
		return err
	}
	if !open {
		return v.redirect("/login")
	}
	f := v.formOf(nil)
	f.Values["code"] = v.r.URL.Query().Get("code")
	return v.show("setup", view{Title: "Set-up", Data: door{Form: f}})
}

func doSetup(v *visit) error {
	u, err := v.setUp()
	if err != nil {
		if !known(err) {
			return err
		}
		status := httpio.Classes()[core.CodeOf(err)].Status
		return v.show("setup", view{Title: "Set-up", Status: status, Data: door{Form: v.formOf(err, "code", "name", "email")}})
	}
	_, secret, err := v.site.deps.Accounts.SignIn(v.r.Context(), u, v.who("", ""))
	if err != nil {
		return err
	}
	v.keep(secret)
	return v.done("/", "Welcome. Your account is made, and you are signed in.")
}

func (v *visit) setUp() (core.User, error) {
	if err := v.try(""); err != nil {
		return core.User{}, err
	}
	if !v.site.deps.Setup.Right(v.form("code")) {
		return core.User{}, core.Invalid("code", "That is not the set-up code of this controller.")
	}
	u, err := v.site.deps.Accounts.Setup(v.r.Context(), auth.SetupInput{Name: v.form("name"), Email: v.form("email"), Password: v.raw("password")})
	if err == nil {
		v.site.deps.Setup.Done()
		v.site.deps.Log.InfoContext(v.r.Context(), "first account made", "user", u.RowID)
	}
	return u, err
}

func showLogin(v *visit) error {
	next := local(v.r.URL.Query().Get("next"))
	if v.signedIn() {
		return v.redirect(next)
	}
	open, err := v.site.deps.Accounts.NeedsSetup(v.r.Context())
	if err != nil {
		return err
	}
	if open {
		return v.redirect("/setup")
	}
	return v.show("login", view{Title: "Sign in", Data: door{Form: v.formOf(nil), Next: next}})
}

func doLogin(v *visit) error {
	email, next := v.form("email"), local(v.form("next"))
	err := v.try(email)
	var s core.Session
	var secret core.Secret
	if err == nil {
		s, secret, err = v.site.deps.Accounts.Login(v.r.Context(), v.who(email, v.raw("password")))
	}
	switch {
	case err != nil && message(err) == "":
		return err
	case err != nil:
		f := v.formOf(nil, "email")
		f.Text = message(err)
		return v.show("login", view{Title: "Sign in", Status: httpio.Classes()[core.CodeOf(err)].Status, Data: door{Form: f, Next: next}})
	}
	v.keep(secret)
	if s.Pending {
		return v.redirect(withNext("/login/code", next))
	}
	return v.redirect(next)
}

func showCode(v *visit) error {
	next := local(v.r.URL.Query().Get("next"))
	if !v.session.Pending {
		return v.redirect(withNext("/login", next))
	}
	return v.show("code", view{Title: "Second factor", Data: door{Form: v.formOf(nil), Next: next}})
}

func doCode(v *visit) error {
	next := local(v.form("next"))
	if !v.session.Pending {
		return v.redirect(withNext("/login", next))
	}
	err := v.try(v.session.User.Email)
	var secret core.Secret
	if err == nil {
		_, secret, err = v.site.deps.Accounts.SecondStep(v.r.Context(), v.session, v.form("code"))
	}
	switch {
	case err != nil && message(err) == "":
		return err
	case err != nil:
		return v.show("code", view{Title: "Second factor", Status: httpio.Classes()[core.CodeOf(err)].Status, Data: door{Form: v.formOf(err), Next: next}})
	}
	v.keep(secret)
	return v.redirect(next)
}

func doLogout(v *visit) error {
	if v.session.RowID != 0 {
		err := v.site.deps.Accounts.EndSession(v.r.Context(), v.session.UserID, v.session.RowID)
		if err != nil && core.CodeOf(err) != core.CodeNotFound {
			return err
		}
	}
	v.setCookie(sessionCookie, "", 0)
	return v.redirect("/login")
}
