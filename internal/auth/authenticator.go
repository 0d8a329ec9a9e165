package auth

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// TokenReader reads tokens for authentication.
type TokenReader interface {
	// GetToken reads a token by row id, with the present role of its user in its team.
	GetToken(ctx context.Context, row int64) (core.Token, error)
}

// Authenticator turns bearer tokens into principals. It may be used from several
// goroutines at the same time.
type Authenticator struct {
	tokens TokenReader
	used   func(row int64, at time.Time)
	now    func() time.Time
}

// NewAuthenticator makes an Authenticator. used is told of every accepted token and
// must not block: a Toucher's Touch; nil when nobody wants to know.
func NewAuthenticator(tokens TokenReader, used func(row int64, at time.Time), now func() time.Time) *Authenticator {
	if used == nil {
		used = func(int64, time.Time) {}
	}
	return &Authenticator{tokens: tokens, used: used, now: now}
}

// Authenticate returns the principal of a bearer token ("<id>|<secret>"). Whatever is
// wrong with the token (its form, its secret, expired, revoked), the answer is the same
// CodeUnauthenticated error, so that nobody learns which. Only who holds a token that
// would be right is told, by another message of that code, that its user has left the
// team.
func (a *Authenticator) Authenticate(ctx context.Context, bearer string, trigger core.Trigger) (Principal, error) {
	row, secret, ok := ParseToken(bearer)
	if !ok {
		return Principal{}, unauthenticated()
	}
	t, err := a.tokens.GetToken(ctx, row)
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return Principal{}, err
	}
	// A missing row is compared too, with the empty hash, and so takes as long.
	same := subtle.ConstantTimeCompare([]byte(HashToken(secret)), []byte(t.Hash)) == 1
	now := a.now()
	if err != nil || !same || expired(t, now) {
		return Principal{}, unauthenticated()
	}
	if t.Role == "" {
		return Principal{}, core.Errorf(core.CodeUnauthenticated, "Invalid token.")
	}
	a.used(row, now)
	return ofToken(t, trigger), nil
}

func expired(t core.Token, now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt)
}

func ofToken(t core.Token, trigger core.Trigger) Principal {
	abilities := make([]Ability, 0, len(t.Abilities))
	for _, name := range t.Abilities {
		abilities = append(abilities, Ability(name))
	}
	return Principal{
		TeamID:    t.TeamID,
		UserID:    t.UserID,
		TokenID:   t.RowID,
		Role:      t.Role,
		Abilities: abilities,
		Actor:     core.Actor{Kind: "token", ID: t.RowID, Name: t.Name},
		Trigger:   trigger,
		ExpiresAt: t.ExpiresAt,
	}
}

func unauthenticated() error {
	return core.Errorf(core.CodeUnauthenticated, "Unauthenticated.")
}
