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

// PasswordOrder says whose password ResetPassword sets, and to what.
type PasswordOrder struct {
	Email        string // empty: the first user
	Password     core.Secret
	SecondFactor bool // take the second factor away too
}

// ResetPassword sets a password and ends all sessions of that user, with or without a
// running controller. It is for whoever owns the data folder or the database, and works
// before the first set-up too, in the place of it.
func ResetPassword(ctx context.Context, cfg config.Config, log *slog.Logger, order PasswordOrder) (user core.User, err error) {
	db, err := openStore(ctx, cfg, log, "", true)
	if err != nil {
		return user, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return auth.NewAccounts(db, db, time.Now).ResetPassword(ctx, order.Email, order.Password.Reveal(), order.SecondFactor)
}
