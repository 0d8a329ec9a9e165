package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/config"
	"github.com/taffrail/taffrail/internal/core"
)

// TokenOrder says which token CreateToken makes.
type TokenOrder struct {
	Name      string
	Abilities []string
	Lifetime  time.Duration // 0: for ever
}

// CreateToken makes a token of the root team's first user, with or without a running
// controller, and makes both if there are none. It is for whoever owns the data folder
// or the database. The text is "<id>|<secret>".
func CreateToken(ctx context.Context, cfg config.Config, log *slog.Logger, order TokenOrder) (text core.Secret, err error) {
	if order.Name == "" || len(order.Name) > 255 {
		return text, core.Invalid("name", "The token needs a name of at most 255 characters.")
	}
	abilities, err := auth.ParseAbilities(order.Abilities)
	if err != nil {
		return text, err
	}
	db, err := openStore(ctx, cfg, log, "", true)
	if err != nil {
		return text, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	team, user, err := db.EnsureRoot(ctx)
	if err != nil {
		return text, err
	}
	secret, hash := auth.NewToken()
	token := core.Token{TeamID: team.RowID, UserID: user.RowID, Name: order.Name, Hash: hash}
	for _, a := range abilities {
		token.Abilities = append(token.Abilities, string(a))
	}
	if order.Lifetime > 0 {
		token.ExpiresAt = time.Now().Add(order.Lifetime).UTC()
	}
	token, err = db.CreateToken(ctx, token)
	return auth.TokenText(token.RowID, secret), err
}
