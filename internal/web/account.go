package web

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

func withNext(path, next string) string {
	if next == "/" || next == "" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// accountView is somebody's own account.
type accountView struct {
	Sessions []core.Session
	Present  int64
	Factor   core.SecondFactor
	Secret   string       // of a second factor that waits for its first code, in groups
	URL      template.URL // that an authenticator app on this device takes
	Password form
	Code     form
	Off      form
	Recovery []string // shown once
}

func showAccount(v *visit) error { return v.account(accountView{}, 0) }

// account shows the account with forms that something was wrong with.
func (v *visit) account(a accountView, status int) error {
	ctx, accounts := v.r.Context(), v.site.deps.Accounts
	var err error
	if a.Sessions, err = accounts.Sessions(ctx, v.session.UserID); err != nil {
		return err
	}
	if a.Factor, err = accounts.Factor(ctx, v.session.UserID); err != nil {
		return err
	}
	a.Present = v.session.RowID
	if !a.Factor.Secret.Empty() && !a.Factor.Active() {
		a.Secret = grouped(a.Factor.Secret.Reveal())
		a.URL = template.URL(auth.FactorURL(a.Factor.Secret, v.session.User.Email).Reveal()) //nolint:gosec // our own scheme
	}
	return v.show("account", view{Title: "Your account", Section: "account", Status: status, Data: a})
}

// grouped breaks a secret into fours, as people type it.
func grouped(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func changePassword(v *visit) error {
	err := v.try(v.session.User.Email)
	if err == nil {
		err = v.site.deps.Accounts.ChangePassword(v.r.Context(), v.session, v.raw("current_password"), v.raw("password"))
	}
	if err != nil {
		if !known(err) {
			return err
		}
		return v.account(accountView{Password: v.formOf(err)}, 422)
	}
	return v.done("/account", "Your password is changed. All other sessions have ended.")
}

func beginFactor(v *visit) error {
	if _, err := v.site.deps.Accounts.BeginFactor(v.r.Context(), v.session.UserID); err != nil {
		return err
	}
	return v.redirect("/account#factor")
}

func confirmFactor(v *visit) error {
	err := v.try(v.session.User.Email)
	var codes []string
	if err == nil {
		codes, err = v.site.deps.Accounts.ConfirmFactor(v.r.Context(), v.session.UserID, v.form("code"))
	}
	if err != nil {
		if !known(err) {
			return err
		}
		return v.account(accountView{Code: v.formOf(err)}, 422)
	}
	return v.account(accountView{Recovery: codes}, 0)
}

func dropFactor(v *visit) error {
	err := v.try(v.session.User.Email)
	if err == nil {
		err = v.site.deps.Accounts.DropFactor(v.r.Context(), v.session.UserID, v.raw("off_password"))
	}
	if err != nil {
		if !known(err) {
			return err
		}
		return v.account(accountView{Off: v.formOf(err)}, 422)
	}
	return v.done("/account", "The second factor is off.")
}

func endSession(v *visit) error {
	row, err := strconv.ParseInt(v.form("session"), 10, 64)
	if err == nil && row > 0 {
		err = v.site.deps.Accounts.EndSession(v.r.Context(), v.session.UserID, row)
	} else {
		err = v.site.deps.Accounts.EndOthers(v.r.Context(), v.session.UserID, v.session.RowID)
	}
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return err
	}
	return v.done("/account", "Signed out there.")
}
