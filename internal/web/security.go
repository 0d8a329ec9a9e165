package web

import (
	"strconv"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// keysView is the list of keys with the form for one more.
type keysView struct {
	Keys []core.PrivateKey
	Form form
	Made string // public half of a new one, to be copied
}

func listKeys(v *visit) error { return v.keys(keysView{Form: v.formOf(nil)}, 0) }

func (v *visit) keys(k keysView, status int) error {
	var err error
	if k.Keys, err = v.site.control.ListKeys(v.r.Context(), v.p); err != nil {
		return err
	}
	return v.show("keys", view{Title: "Keys", Section: "keys", Status: status, Data: k})
}

// createKey stores the key that was given, or makes one.
func createKey(v *visit) error {
	in := control.KeyInput{Name: v.form("name"), Description: v.form("description"), PrivateKey: core.NewSecret(v.raw("private_key"))}
	store := v.site.control.CreateKey
	if v.form("private_key") == "" {
		store = v.site.control.GenerateKey
	}
	made, err := store(v.r.Context(), v.p, in)
	switch {
	case err != nil && known(err):
		return v.keys(keysView{Form: v.formOf(err, "name", "description")}, 422)
	case err != nil:
		return err
	}
	return v.keys(keysView{Form: v.formOf(nil), Made: made.PublicKey}, 0)
}

// tokensView is the list of tokens and, once, the text of a new one.
type tokensView struct {
	Tokens    []core.Token
	Form      form
	Abilities []option
	Lifetimes []option
	Made      string
}

func listTokens(v *visit) error { return v.tokens(tokensView{Form: v.formOf(nil)}, 0) }

func (v *visit) tokens(t tokensView, status int) error {
	var err error
	if t.Tokens, err = v.site.control.ListTokens(v.r.Context(), v.p); err != nil {
		return err
	}
	words := map[auth.Ability]string{
		auth.Root: "Everything (root)", auth.Read: "Read", auth.ReadSensitive: "Read, with secrets and logs",
		auth.Write: "Read and change", auth.WriteSensitive: "Change secrets", auth.Deploy: "Deploy",
	}
	for _, a := range auth.Abilities() {
		t.Abilities = append(t.Abilities, option{Value: string(a), Label: words[a]})
	}
	t.Lifetimes = []option{{"30", "30 days", false}, {"90", "90 days", true}, {"365", "A year", false}, {"0", "For ever", false}}
	return v.show("tokens", view{Title: "API tokens", Section: "tokens", Status: status, Data: t})
}

func createToken(v *visit) error {
	days, err := strconv.Atoi(v.form("days"))
	if err != nil || days < 0 || days > 3650 {
		return core.Errorf(core.CodeBadRequest, "The lifetime of a token is a number of days.")
	}
	_, text, err := v.site.control.CreateToken(v.r.Context(), v.p, control.TokenInput{
		Name: v.form("name"), Abilities: v.r.PostForm["abilities"], Lifetime: time.Duration(days) * 24 * time.Hour,
	})
	switch {
	case err != nil && known(err):
		return v.tokens(tokensView{Form: v.formOf(err, "name", "days")}, 422)
	case err != nil:
		return err
	}
	return v.tokens(tokensView{Form: v.formOf(nil), Made: text.Reveal()}, 0)
}

func revokeToken(v *visit) error {
	row, err := strconv.ParseInt(v.r.PathValue("token"), 10, 64)
	if err != nil {
		return core.NotFound("Token")
	}
	if err := v.site.control.DeleteToken(v.r.Context(), v.p, row); err != nil {
		return err
	}
	return v.done("/security/tokens", "The token is revoked. It is refused from now on.")
}

// teamView is the team and who is in it.
type teamView struct {
	Team    core.Team
	Members []core.User
}

func showTeam(v *visit) error {
	t, err := v.site.control.CurrentTeam(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	members, err := v.site.control.CurrentMembers(v.r.Context(), v.p)
	if err != nil {
		return err
	}
	return v.show("team", view{Title: "Team", Section: "team", Data: teamView{t, members}})
}
