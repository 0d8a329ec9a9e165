package auth

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	sessionIdle    = 14 * 24 * time.Hour // without a request
	sessionLife    = 90 * 24 * time.Hour // whatever happens
	pendingLife    = 5 * time.Minute     // to give the second factor
	sessionTouch   = 5 * time.Minute     // how exact SeenAt is
	sessionLetters = tokenSymbols
	sessionLength  = 43 // more than 256 bits
	maxAgent       = 300
)

// SessionStore keeps sessions.
type SessionStore interface {
	CreateSession(ctx context.Context, s core.Session) (core.Session, error)
	// GetSession finds a session by its hash, with its user's present role.
	GetSession(ctx context.Context, hash string) (core.Session, error)
	// TouchSession notes a use and puts the end off.
	TouchSession(ctx context.Context, row int64, seen, expires time.Time) error
	// ListSessions returns the whole sessions of a user that have not ended, newest use first.
	ListSessions(ctx context.Context, user int64, now time.Time) ([]core.Session, error)
	// DeleteSession ends one of a user's sessions, or with row 0 all but keep.
	DeleteSession(ctx context.Context, user, row, keep int64) error
}

// LoginInput is what somebody signs in with.
type LoginInput struct {
	Email, Password string
	Address, Agent  string
}

// Login checks a password and begins a session, pending when a second factor is to be
// given. Whatever is wrong, the answer is the same CodeUnauthenticated error and takes as
// long.
func (a *Accounts) Login(ctx context.Context, in LoginInput) (core.Session, core.Secret, error) {
	u, team, err := a.users.FindUser(ctx, in.Email, 0)
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return core.Session{}, core.Secret{}, err
	}
	ok, wrong := a.hasher.Matches(ctx, u.Password, in.Password)
	if wrong != nil {
		return core.Session{}, core.Secret{}, wrong
	}
	if err != nil || !ok || in.Email == "" {
		return core.Session{}, core.Secret{}, core.Errorf(core.CodeUnauthenticated, "This e-mail address and this password do not belong together.")
	}
	f, err := a.Factor(ctx, u.RowID)
	if err != nil {
		return core.Session{}, core.Secret{}, err
	}
	return a.begin(ctx, core.Session{UserID: u.RowID, TeamID: team, Address: in.Address, Agent: in.Agent, Pending: f.Active()})
}

// SecondStep turns a pending session into a whole one, with a secret of its own.
func (a *Accounts) SecondStep(ctx context.Context, pending core.Session, code string) (core.Session, core.Secret, error) {
	ok, err := a.spend(ctx, pending.UserID, code)
	if err != nil || !ok {
		return core.Session{}, core.Secret{}, orInvalid(err, "code", "That code is wrong, or was used already. Wait for the next one.")
	}
	if err := a.sessions.DeleteSession(ctx, pending.UserID, pending.RowID, 0); err != nil && core.CodeOf(err) != core.CodeNotFound {
		return core.Session{}, core.Secret{}, err
	}
	return a.begin(ctx, core.Session{UserID: pending.UserID, TeamID: pending.TeamID, Address: pending.Address, Agent: pending.Agent})
}

// SignIn begins a session for somebody who has proved who they are in another way.
func (a *Accounts) SignIn(ctx context.Context, u core.User, in LoginInput) (core.Session, core.Secret, error) {
	_, team, err := a.users.FindUser(ctx, "", u.RowID)
	if err != nil {
		return core.Session{}, core.Secret{}, err
	}
	return a.begin(ctx, core.Session{UserID: u.RowID, TeamID: team, Address: in.Address, Agent: in.Agent})
}

func (a *Accounts) begin(ctx context.Context, s core.Session) (core.Session, core.Secret, error) {
	secret := core.RandomText(sessionLength, sessionLetters)
	now := a.now()
	s.Hash, s.CreatedAt, s.SeenAt, s.ExpiresAt = HashToken(secret), now, now, now.Add(sessionIdle)
	s.Agent = s.Agent[:min(len(s.Agent), maxAgent)]
	if s.Pending {
		s.ExpiresAt = now.Add(pendingLife)
	}
	made, err := a.sessions.CreateSession(ctx, s)
	return made, core.NewSecret(secret), err
}

// Resolve finds the session of a secret, pending ones too, and puts its end off.
// CodeUnauthenticated when there is none, it has ended, or its user has left the team.
func (a *Accounts) Resolve(ctx context.Context, secret string) (core.Session, error) {
	out := core.Errorf(core.CodeUnauthenticated, "You are not signed in.")
	if len(secret) != sessionLength {
		return core.Session{}, out
	}
	s, err := a.sessions.GetSession(ctx, HashToken(secret))
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return core.Session{}, err
	}
	now := a.now()
	if err != nil || !now.Before(s.ExpiresAt) || s.User.Role == "" {
		return core.Session{}, out
	}
	if s.Pending || now.Sub(s.SeenAt) < sessionTouch {
		return s, nil
	}
	s.SeenAt, s.ExpiresAt = now, now.Add(sessionIdle)
	if end := s.CreatedAt.Add(sessionLife); end.Before(s.ExpiresAt) {
		s.ExpiresAt = end
	}
	return s, a.sessions.TouchSession(ctx, s.RowID, s.SeenAt, s.ExpiresAt)
}

// Sessions returns the sessions of a user.
func (a *Accounts) Sessions(ctx context.Context, user int64) ([]core.Session, error) {
	return a.sessions.ListSessions(ctx, user, a.now())
}

// EndSession ends one of a user's sessions.
func (a *Accounts) EndSession(ctx context.Context, user, row int64) error {
	return a.sessions.DeleteSession(ctx, user, row, 0)
}

// EndOthers ends all sessions of a user but one.
func (a *Accounts) EndOthers(ctx context.Context, user, keep int64) error {
	return a.sessions.DeleteSession(ctx, user, 0, keep)
}
