package control

import (
	"errors"

	"github.com/taffrail/taffrail/internal/core"
)

// named makes every "missing" error read the same, whoever found out: the answer for
// another team's row has the bytes of that for a missing one.
func named(err error, what string) error {
	if core.CodeOf(err) == core.CodeNotFound {
		return core.NotFound(what)
	}
	return err
}

// known refuses an id that cannot be one before it gets near the database.
func known(id core.ID, what string) error {
	if !id.Valid() {
		return core.NotFound(what)
	}
	return nil
}

// instead replaces an error of one code by what it means in this place.
func instead(err error, code core.Code, by error) error {
	if core.CodeOf(err) == code {
		return by
	}
	return err
}

func invalid(err error) (*core.Error, bool) {
	var e *core.Error
	ok := errors.As(err, &e) && e.Code == core.CodeInvalid
	return e, ok
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// person finds the error for a person in a chain.
func person(err error) (*core.Error, bool) {
	var e *core.Error
	ok := errors.As(err, &e)
	return e, ok
}
