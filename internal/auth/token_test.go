package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

func TestTokenFormIsWhatClientsExpect(t *testing.T) {
	t.Parallel()
	secret, hash := auth.NewToken()
	text := auth.TokenText(37, secret).Reveal()
	if !regexp.MustCompile(`^\d+\|\w+$`).MatchString(text) {
		t.Fatalf("token %q has not the form <id>|<secret>", text)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9]{40}$`).MatchString(secret.Reveal()) {
		t.Fatalf("secret %q is not 40 letters and digits", secret.Reveal())
	}
	row, again, ok := auth.ParseToken(text)
	if !ok || row != 37 || again != secret.Reveal() || auth.HashToken(again) != hash {
		t.Fatalf("ParseToken(%q) = %d, %q, %v", text, row, again, ok)
	}
	if len(hash) != 64 || strings.Contains(hash, secret.Reveal()) {
		t.Fatalf("hash %q is no hex SHA-256", hash)
	}
	other, _ := auth.NewToken()
	if other.Reveal() == secret.Reveal() {
		t.Fatal("two tokens are the same")
	}
}

func TestParseTokenRefusesRubbish(t *testing.T) {
	t.Parallel()
	secret, _ := auth.NewToken()
	s := secret.Reveal()
	good := "5|" + s
	changed := s[:39] + string(s[39]^1)
	for _, text := range []string{
		"", "|", "5|", "|" + s, s, "5" + s, "5|" + s[:39], "5|" + s + "x", good + "\n", " " + good, good + "\x00",
		"+5|" + s, "-5|" + s, "0x5|" + s, "05|" + s, "5.0|" + s, "99999999999999999999|" + s, "5||" + s[1:],
		"5|" + changed, "5|" + strings.ToUpper(s), "5|" + strings.Repeat("a", 40), "5|" + strings.Repeat("ü", 20),
		"5|" + s[:20] + "' OR 1=1 --" + s[31:], strings.Repeat("9", 1<<20) + "|" + s,
	} {
		if _, _, ok := auth.ParseToken(text); ok && text != good {
			t.Errorf("ParseToken accepts %.60q", text)
		}
	}
	if _, _, ok := auth.ParseToken(good); !ok {
		t.Errorf("ParseToken refuses %q", good)
	}
}

func TestParseAbilities(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, want string
		bad      bool
	}{
		{in: "root", want: "root"},
		{in: "read,deploy", want: "read,deploy"},
		{in: " read , read", want: "read"},
		{in: "read:sensitive", want: "read:sensitive,read"},
		{in: "write,write:sensitive", want: "write,write:sensitive"},
		{in: "root,read", bad: true},
		{in: "admin", bad: true},
		{in: "ROOT", bad: true},
		{in: "*", bad: true},
		{in: "", bad: true},
		{in: "read,", bad: true},
	} {
		got, err := auth.ParseAbilities(strings.Split(c.in, ","))
		var names []string
		for _, a := range got {
			names = append(names, string(a))
		}
		if (core.CodeOf(err) == core.CodeInvalid) != c.bad || strings.Join(names, ",") != c.want {
			t.Errorf("ParseAbilities(%q) = %v, %v", c.in, got, err)
		}
	}
	if _, err := auth.ParseAbilities(nil); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("no abilities: %v", err)
	}
}

func TestPrincipalCanWhatTokenAndRoleAllow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role core.Role
		has  auth.Ability
		want auth.Ability
		ok   bool
		msg  string
	}{
		{core.RoleOwner, auth.Root, auth.Write, true, ""},
		{core.RoleAdmin, auth.Root, auth.ReadSensitive, true, ""},
		{core.RoleAdmin, auth.Read, auth.Read, true, ""},
		{core.RoleAdmin, auth.Read, auth.Deploy, false, "Missing required permissions: deploy"},
		{core.RoleAdmin, auth.Deploy, auth.Read, false, "Missing required permissions: read"},
		{core.RoleAdmin, auth.Write, auth.Root, false, "Missing required permissions: root"},
		{core.RoleAdmin, auth.Write, auth.WriteSensitive, false, "Missing required permissions: write:sensitive"},
		{core.RoleMember, auth.Root, auth.Read, true, ""},
		{core.RoleMember, auth.Root, auth.Write, false, "Missing required team role."},
		{core.RoleMember, auth.ReadSensitive, auth.ReadSensitive, false, "Missing required team role."},
		{core.RoleMember, auth.Read, auth.Deploy, false, "Missing required permissions: deploy"},
		{"", auth.Root, auth.Write, false, "Missing required team role."},
	} {
		p := auth.Principal{Role: c.role, Abilities: []auth.Ability{c.has}}
		err := p.Require(c.want)
		if p.Can(c.want) != c.ok || (err == nil) != c.ok {
			t.Errorf("%s with %s: Can(%s) = %v, Require = %v", c.role, c.has, c.want, p.Can(c.want), err)
		}
		if err != nil && (core.CodeOf(err) != core.CodeForbidden || err.Error() != c.msg) {
			t.Errorf("%s with %s wants %s: error %q, want %q", c.role, c.has, c.want, err, c.msg)
		}
	}
	member := auth.ForUser(1, core.User{RowID: 7, Name: "Ann", Role: core.RoleMember}, core.TriggerUI)
	if member.SeesSecrets() || !member.Can(auth.Read) || member.Actor != (core.Actor{Kind: "user", ID: 7, Name: "Ann"}) {
		t.Errorf("member = %+v", member)
	}
}
