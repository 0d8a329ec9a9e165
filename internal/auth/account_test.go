package auth_test

import (
	"context"
	"encoding/base32"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// people keeps one user, as the store does.
type people struct {
	mu       sync.Mutex
	user     core.User
	factor   core.SecondFactor
	sessions []core.Session
}

func (p *people) EnsureRoot(context.Context) (core.Team, core.User, error) {
	return core.Team{RowID: 3}, p.user, nil
}

func (p *people) FindUser(_ context.Context, email string, row int64) (core.User, int64, error) {
	if row == p.user.RowID || strings.EqualFold(email, p.user.Email) {
		return p.user, 3, nil
	}
	return core.User{}, 0, core.NotFound("User")
}

func (p *people) ClaimUser(_ context.Context, u core.User) error {
	if !p.user.Password.Empty() {
		return core.Errorf(core.CodeConflict, "done")
	}
	p.user = u
	return nil
}

func (p *people) SetPassword(_ context.Context, _ int64, hash core.Secret, keep int64) error {
	p.user.Password = hash
	return p.DeleteSession(context.Background(), 9, 0, keep)
}

func (p *people) GetFactor(context.Context, int64) (core.SecondFactor, error) {
	if p.factor.Secret.Empty() {
		return p.factor, core.NotFound("Second factor")
	}
	return p.factor, nil
}

func (p *people) PutFactor(_ context.Context, before, f core.SecondFactor) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.factor.LastStep != before.LastStep || len(p.factor.Recovery) != len(before.Recovery) {
		return core.Errorf(core.CodeConflict, "changed")
	}
	p.factor = f
	return nil
}

func (p *people) DeleteFactor(context.Context, int64) error {
	p.factor = core.SecondFactor{}
	return nil
}

func (p *people) CreateSession(_ context.Context, s core.Session) (core.Session, error) {
	s.RowID = int64(len(p.sessions) + 1)
	s.User = p.user
	p.sessions = append(p.sessions, s)
	return s, nil
}

func (p *people) GetSession(_ context.Context, hash string) (core.Session, error) {
	for _, s := range p.sessions {
		if s.Hash == hash {
			return s, nil
		}
	}
	return core.Session{}, core.NotFound("Session")
}

func (p *people) TouchSession(_ context.Context, row int64, seen, expires time.Time) error {
	p.sessions[row-1].SeenAt, p.sessions[row-1].ExpiresAt = seen, expires
	return nil
}

func (p *people) ListSessions(context.Context, int64, time.Time) ([]core.Session, error) {
	return p.sessions, nil
}

func (p *people) DeleteSession(_ context.Context, _, row, keep int64) error {
	for i := range p.sessions {
		if id := p.sessions[i].RowID; id == row || row == 0 && id != keep {
			p.sessions[i].Hash = ""
		}
	}
	return nil
}

const phrase = "a taffrail log at the stern"

// crew is a set-up account with a clock that the test moves.
func crew(t *testing.T) (*auth.Accounts, *people, *time.Time) {
	t.Helper()
	at := now
	p := &people{user: core.User{RowID: 9, Name: "root", Email: "root@localhost", Role: core.RoleOwner}}
	a := auth.NewAccounts(p, p, func() time.Time { return at })
	if open, err := a.NeedsSetup(t.Context()); err != nil || !open {
		t.Fatalf("set-up needed: %v, %v", open, err)
	}
	if _, err := a.Setup(t.Context(), auth.SetupInput{Name: " Ada ", Email: "ada@example.org", Password: phrase}); err != nil {
		t.Fatal(err)
	}
	return a, p, &at
}

func TestSetup(t *testing.T) {
	t.Parallel()
	a, p, _ := crew(t)
	if open, _ := a.NeedsSetup(t.Context()); open || p.user.Name != "Ada" || !strings.HasPrefix(p.user.Password.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("after the set-up: %v %+v", open, p.user)
	}
	if _, err := a.Setup(t.Context(), auth.SetupInput{Name: "Eve", Email: "eve@example.org", Password: phrase}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("second set-up: %v", err)
	}
	for _, in := range []auth.SetupInput{
		{Name: "", Email: "a@b", Password: phrase}, {Name: "A", Email: "a.b", Password: phrase}, {Name: "A", Email: "a@", Password: phrase},
		{Name: "A", Email: "a b@c", Password: phrase}, {Name: "A", Email: "a@b", Password: "short"}, {Name: "A", Email: "a@b", Password: strings.Repeat("x", 1001)},
	} {
		if _, err := a.Setup(t.Context(), in); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%+v: %v", in, err)
		}
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	a, p, at := crew(t)
	for _, in := range []auth.LoginInput{
		{Email: "ada@example.org", Password: "wrong password"}, {Email: "eve@example.org", Password: phrase}, {Password: phrase},
		{Email: "ada@example.org", Password: strings.Repeat("x", 100_000)},
	} {
		if _, _, err := a.Login(t.Context(), in); core.CodeOf(err) != core.CodeUnauthenticated {
			t.Errorf("%+v: %v", in.Email, err)
		}
	}
	s, secret, err := a.Login(t.Context(), auth.LoginInput{Email: "ADA@example.org", Password: phrase, Agent: strings.Repeat("a", 999)})
	if err != nil || s.Pending || s.TeamID != 3 || len(s.Agent) != 300 || strings.Contains(s.Hash, secret.Reveal()) {
		t.Fatalf("%+v, %v", s, err)
	}
	*at = at.Add(13 * 24 * time.Hour)
	if s, err = a.Resolve(t.Context(), secret.Reveal()); err != nil || !s.ExpiresAt.Equal(at.Add(14*24*time.Hour)) {
		t.Errorf("a used session: %+v, %v", s, err)
	}
	for range 8 { // used all the time, it ends all the same
		*at = at.Add(13 * 24 * time.Hour)
		_, err = a.Resolve(t.Context(), secret.Reveal())
	}
	if core.CodeOf(err) != core.CodeUnauthenticated {
		t.Errorf("after 117 days: %v", err)
	}
	for _, text := range []string{"", "x", strings.Repeat("a", 43)} {
		if _, err := a.Resolve(t.Context(), text); core.CodeOf(err) != core.CodeUnauthenticated {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, secret, _ = a.Login(t.Context(), auth.LoginInput{Email: "ada@example.org", Password: phrase})
	p.sessions[1].User.Role = ""
	if _, err := a.Resolve(t.Context(), secret.Reveal()); core.CodeOf(err) != core.CodeUnauthenticated {
		t.Errorf("of somebody who left the team: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	a, p, _ := crew(t)
	one, _, _ := a.Login(t.Context(), auth.LoginInput{Email: "ada@example.org", Password: phrase})
	_, other, _ := a.Login(t.Context(), auth.LoginInput{Email: "ada@example.org", Password: phrase})
	if err := a.ChangePassword(t.Context(), one, "wrong", "another phrase of mine"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("with the wrong one: %v", err)
	}
	if err := a.ChangePassword(t.Context(), one, phrase, "another phrase of mine"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Resolve(t.Context(), other.Reveal()); core.CodeOf(err) != core.CodeUnauthenticated || p.sessions[0].Hash == "" {
		t.Errorf("other sessions end and this one stays: %v", err)
	}
	if _, err := a.ResetPassword(t.Context(), "nobody@example.org", phrase, false); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("of nobody: %v", err)
	}
	p.factor = core.SecondFactor{UserID: 9, Secret: core.NewSecret("GEZDGNBV"), ConfirmedAt: now}
	if _, err := a.ResetPassword(t.Context(), "", phrase, true); err != nil || !p.factor.Secret.Empty() {
		t.Errorf("reset: %v, factor %+v", err, p.factor)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	a, p, at := crew(t)
	f, err := a.BeginFactor(t.Context(), 9)
	if err != nil || f.Active() {
		t.Fatalf("%+v, %v", f, err)
	}
	if again, _ := a.BeginFactor(t.Context(), 9); again.Secret != f.Secret {
		t.Error("the page loaded again shows another secret")
	}
	if s, _, _ := a.Login(t.Context(), auth.LoginInput{Email: "ada@example.org", Password: phrase}); s.Pending {
		t.Error("a factor that was not confirmed is asked for")
	}
	if _, err := a.ConfirmFactor(t.Context(), 9, "000000"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("wrong code: %v", err)
	}
	codes, err := a.ConfirmFactor(t.Context(), 9, auth.CodeAt(f.Secret, *at))
	if err != nil || len(codes) != 10 || strings.Contains(strings.Join(p.factor.Recovery, " "), codes[0]) {
		t.Fatalf("%v, %v", codes, err)
	}
	pending, secret, err := a.Login(t.Context(), auth.LoginInput{Email: "ada@example.org", Password: phrase})
	if err != nil || !pending.Pending {
		t.Fatalf("%+v, %v", pending, err)
	}
	if _, _, err := a.SecondStep(t.Context(), pending, auth.CodeAt(f.Secret, *at)); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("the code that confirmed it, a second time: %v", err)
	}
	*at = at.Add(30 * time.Second)
	whole, fresh, err := a.SecondStep(t.Context(), pending, auth.CodeAt(f.Secret, *at))
	if err != nil || whole.Pending || fresh.Reveal() == secret.Reveal() || p.sessions[pending.RowID-1].Hash != "" {
		t.Fatalf("%+v, %v", whole, err)
	}
	if _, _, err := a.SecondStep(t.Context(), pending, strings.ToUpper(codes[3])); err != nil {
		t.Errorf("recovery code: %v", err)
	}
	if _, _, err := a.SecondStep(t.Context(), pending, codes[3]); core.CodeOf(err) != core.CodeInvalid || len(p.factor.Recovery) != 9 {
		t.Errorf("recovery code a second time: %v", err)
	}
	if err := a.DropFactor(t.Context(), 9, "wrong"); core.CodeOf(err) != core.CodeInvalid {
		t.Errorf("off without password: %v", err)
	}
	if err := a.DropFactor(t.Context(), 9, phrase); err != nil || !p.factor.Secret.Empty() {
		t.Errorf("off: %v", err)
	}
}

// TestCodes holds the codes against RFC 6238, appendix B.
func TestCodes(t *testing.T) {
	t.Parallel()
	secret := core.NewSecret(base32.StdEncoding.EncodeToString([]byte("12345678901234567890")))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := auth.CodeAt(secret, time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	if got := auth.FactorURL(core.NewSecret("ABC"), "ada@example.org").Reveal(); got != "otpauth://totp/Taffrail:ada@example.org?issuer=Taffrail&secret=ABC" {
		t.Error(got)
	}
}

func TestDamagedPassword(t *testing.T) {
	t.Parallel()
	h := auth.NewHasher()
	for _, hash := range []string{"x", "$argon2id$v=18$m=1,t=1,p=1$c2FsdHNhbHQ$a2V5", "$argon2id$v=19$m=1,t=1,p=0$c2FsdHNhbHQ$a2V5", "$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$a2V5", "$argon2id$v=19$m=1,t=1,p=1$!!$!!"} {
		if ok, err := h.Matches(t.Context(), core.NewSecret(hash), phrase); ok || err == nil {
			t.Errorf("%q matches: %v, %v", hash, ok, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // a free slot may be taken all the same
		_, _ = h.Hash(ctx, phrase)
	}
}
