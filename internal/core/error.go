package core

import (
	"errors"
	"fmt"
)

// Code is the class of an error. One table in httpio maps it to an HTTP status, and
// the client maps it back, so that the CLI and the API say the same.
type Code string

// The codes. An error without one is Internal: it is logged once and shown to a
// person as a reference id only.
const (
	CodeInvalid         Code = "invalid"         // input with fields at fault (422)
	CodeBadRequest      Code = "bad_request"     // input that makes no sense as a whole, or a state that does not allow it (400)
	CodeUnauthenticated Code = "unauthenticated" // no or bad credentials (401)
	CodeForbidden       Code = "forbidden"       // credentials without the ability (403)
	CodeNotFound        Code = "not_found"       // missing, or another team's: nobody can tell which (404)
	CodeConflict        Code = "conflict"        // exists already, or changed meanwhile (409)
	CodeTooMany         Code = "too_many"        // queue full or rate limit (429)
	CodeUnavailable     Code = "unavailable"     // a server or the store cannot be reached now (503)
	CodeLost            Code = "lost"            // the lease was taken over: the writer must stop (409)
	CodeInternal        Code = "internal"        // a fault of ours (500)
)

// Error is an error fit for a person. It is made at the edges only (store, host,
// control, validation); in between errors are wrapped with fmt.Errorf and %w.
type Error struct {
	Op     string              // what was being done: "connect to server", "parse compose file"
	Code   Code                // class, never empty
	Msg    string              // what failed, on what, why, and what to do: one or two sentences
	Fields map[string][]string // with CodeInvalid: field name → what is wrong with it
	Err    error               // the cause; never shown to a person
}

// Error implements error. It includes the cause: use Message for a person's eyes.
func (e *Error) Error() string {
	text := e.Msg
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a code with a message for a person.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// NotFound is the one answer for a thing that is missing or another team's.
// what is a kind with a capital letter: "Service".
func NotFound(what string) *Error { return Errorf(CodeNotFound, "%s not found.", what) }

// Invalid is the error for a single field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{
		Code:   CodeInvalid,
		Msg:    "Validation failed.",
		Fields: map[string][]string{field: {fmt.Sprintf(format, args...)}},
	}
}

// CodeOf returns the code of the first Error in err's chain, CodeInternal when there
// is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
