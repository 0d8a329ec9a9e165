package auth

import (
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// CodeAt is what an authenticator app shows.
func CodeAt(secret core.Secret, at time.Time) string {
	code, err := codeAt(secret, at.Unix()/totpPeriod)
	if err != nil {
		panic(err)
	}
	return code
}
