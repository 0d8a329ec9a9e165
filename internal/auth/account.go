package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// UserStore keeps people and what they sign in with.
type UserStore interface {
	// EnsureRoot returns the root team and its first user.
	EnsureRoot(ctx context.Context) (core.Team, core.User, error)
	// FindUser finds a person by e-mail address, whatever its case, or by row when email
	// is empty, with the first team the person is in. CodeNotFound when there is none.
	FindUser(ctx context.Context, email string, row int64) (core.User, int64, error)
	// ClaimUser gives a user who has no password yet a name, an address and a password.
	// CodeConflict when the user has one, or somebody else has the address.
	ClaimUser(ctx context.Context, u core.User) error
	// SetPassword stores a new password hash and ends all sessions but one (0: all).
	SetPassword(ctx context.Context, user int64, hash core.Secret, keep int64) error
	// GetFactor answers CodeNotFound when the user has none, confirmed or not.
	GetFactor(ctx context.Context, user int64) (core.SecondFactor, error)
	// PutFactor stores f in the place of before, or answers CodeConflict when what is
	// stored is another one by now: no code is taken twice.
	PutFactor(ctx context.Context, before, f core.SecondFactor) error
	// DeleteFactor takes it away. That there is none is no error.
	DeleteFactor(ctx context.Context, user int64) error
}

// Accounts is how people sign in with a browser: the first one's set-up, passwords,
// second factors, sessions. Guessing is limited by who calls. It is safe for concurrent
// use.
type Accounts struct {
	users    UserStore
	sessions SessionStore
	hasher   *Hasher
	now      func() time.Time
}

// NewAccounts makes Accounts.
func NewAccounts(users UserStore, sessions SessionStore, now func() time.Time) *Accounts {
	return &Accounts{users: users, sessions: sessions, hasher: NewHasher(), now: now}
}

// NeedsSetup says whether nobody has set the first user's password yet.
func (a *Accounts) NeedsSetup(ctx context.Context) (bool, error) {
	_, u, err := a.users.EnsureRoot(ctx)
	return err == nil && u.Password.Empty(), err
}

// SetupInput is the first user's own account.
type SetupInput struct {
	Name, Email, Password string
}

// Setup gives the first user an address and a password, once: CodeConflict when that was
// done. Whether the caller may do it is for the caller to know.
func (a *Accounts) Setup(ctx context.Context, in SetupInput) (core.User, error) {
	in.Name, in.Email = strings.TrimSpace(in.Name), strings.TrimSpace(in.Email)
	if err := checkAccount(in); err != nil {
		return core.User{}, err
	}
	_, u, err := a.users.EnsureRoot(ctx)
	if err != nil {
		return u, err
	}
	if u.Password, err = a.hasher.Hash(ctx, in.Password); err != nil {
		return u, err
	}
	u.Name, u.Email = in.Name, in.Email
	return u, a.users.ClaimUser(ctx, u)
}

func checkAccount(in SetupInput) error {
	fields := map[string][]string{}
	if in.Name == "" || len(in.Name) > 255 {
		fields["name"] = []string{"Say what you are called, in at most 255 characters."}
	}
	at := strings.LastIndexByte(in.Email, '@')
	if at < 1 || at == len(in.Email)-1 || len(in.Email) > 255 || strings.ContainsAny(in.Email, " \t\r\n<>,;") {
		fields["email"] = []string{"That is no e-mail address: it must look like ada@example.org."}
	}
	if err := CheckPassword("password", in.Password); err != nil {
		fields["password"] = err.Fields["password"]
	}
	if len(fields) == 0 {
		return nil
	}
	return &core.Error{Code: core.CodeInvalid, Msg: "Some fields need another look.", Fields: fields}
}

// ChangePassword sets a new password for whoever knows the old one, and ends all other
// sessions. CodeInvalid names the field at fault.
func (a *Accounts) ChangePassword(ctx context.Context, s core.Session, old, password string) error {
	u, _, err := a.users.FindUser(ctx, "", s.UserID)
	if err != nil {
		return err
	}
	if ok, err := a.hasher.Matches(ctx, u.Password, old); err != nil || !ok {
		return orInvalid(err, "current_password", "That is not your present password.")
	}
	return a.setPassword(ctx, u.RowID, password, s.RowID)
}

// ResetPassword sets the password of the user with this address, or of the first user
// when it is empty, ends all sessions and, with factor, takes the second factor away.
// It is for whoever owns the data folder or the database.
func (a *Accounts) ResetPassword(ctx context.Context, email, password string, factor bool) (core.User, error) {
	u, err := a.byAddress(ctx, email)
	if err != nil {
		return u, err
	}
	if err := a.setPassword(ctx, u.RowID, password, 0); err != nil || !factor {
		return u, err
	}
	return u, a.users.DeleteFactor(ctx, u.RowID)
}

func (a *Accounts) byAddress(ctx context.Context, email string) (core.User, error) {
	if email == "" {
		_, u, err := a.users.EnsureRoot(ctx)
		return u, err
	}
	u, _, err := a.users.FindUser(ctx, email, 0)
	if core.CodeOf(err) == core.CodeNotFound {
		return u, core.Errorf(core.CodeNotFound, "Nobody has the e-mail address %s.", email)
	}
	return u, err
}

func (a *Accounts) setPassword(ctx context.Context, user int64, password string, keep int64) error {
	if err := CheckPassword("password", password); err != nil {
		return err // a *core.Error
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return a.users.SetPassword(ctx, user, hash, keep)
}

func orInvalid(err error, field, message string) error {
	if err != nil {
		return err
	}
	return core.Invalid(field, "%s", message)
}

// Factor returns a person's second factor; zero when there is none.
func (a *Accounts) Factor(ctx context.Context, user int64) (core.SecondFactor, error) {
	f, err := a.users.GetFactor(ctx, user)
	if core.CodeOf(err) == core.CodeNotFound {
		return core.SecondFactor{UserID: user}, nil
	}
	return f, err
}

// BeginFactor makes the secret of a second factor, which is asked for only once a code
// of it has been given. CodeConflict when there is an active one.
func (a *Accounts) BeginFactor(ctx context.Context, user int64) (core.SecondFactor, error) {
	before, err := a.Factor(ctx, user)
	if err != nil {
		return before, err
	}
	if before.Active() {
		return before, core.Errorf(core.CodeConflict, "Your account has a second factor already. Turn it off first.")
	}
	if !before.Secret.Empty() {
		return before, nil // what the app was shown stays right when the page is loaded again
	}
	f := core.SecondFactor{UserID: user, Secret: newFactorSecret()}
	return f, a.users.PutFactor(ctx, before, f)
}

// ConfirmFactor turns the second factor on for whoever has a code of it, and returns the
// recovery codes, which nobody sees again.
func (a *Accounts) ConfirmFactor(ctx context.Context, user int64, code string) ([]string, error) {
	before, err := a.Factor(ctx, user)
	if err != nil {
		return nil, err
	}
	if before.Secret.Empty() || before.Active() {
		return nil, core.Errorf(core.CodeConflict, "There is no second factor that waits for a code. Load the page again.")
	}
	now := a.now()
	step, err := matchCode(before, code, now)
	if err != nil || step == 0 {
		return nil, orInvalid(err, "code", "That is not the code that the app shows now. Check that the clock of your device is right.")
	}
	codes, hashes := newRecovery()
	f := before
	f.ConfirmedAt, f.LastStep, f.Recovery = now, step, hashes
	return codes, a.users.PutFactor(ctx, before, f)
}

// DropFactor turns the second factor off for whoever knows the password.
func (a *Accounts) DropFactor(ctx context.Context, user int64, password string) error {
	u, _, err := a.users.FindUser(ctx, "", user)
	if err != nil {
		return err
	}
	if ok, err := a.hasher.Matches(ctx, u.Password, password); err != nil || !ok {
		return orInvalid(err, "off_password", "That is not your password.")
	}
	return a.users.DeleteFactor(ctx, user)
}

// spend takes a code of the second factor or a recovery code, each once.
func (a *Accounts) spend(ctx context.Context, user int64, code string) (bool, error) {
	before, err := a.Factor(ctx, user)
	if err != nil || !before.Active() {
		return false, err
	}
	f := before
	if f.LastStep, err = matchCode(before, code, a.now()); err != nil {
		return false, err
	}
	if f.LastStep == 0 {
		i := slices.Index(before.Recovery, hashRecovery(code))
		if i < 0 {
			return false, nil
		}
		f.LastStep, f.Recovery = before.LastStep, slices.Delete(slices.Clone(before.Recovery), i, i+1)
	}
	if err := a.users.PutFactor(ctx, before, f); err != nil {
		if core.CodeOf(err) == core.CodeConflict {
			return false, nil // somebody else used the same code at the same moment
		}
		return false, err
	}
	return true, nil
}
