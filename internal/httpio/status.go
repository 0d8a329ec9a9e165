package httpio

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/core"
)

// Class is what an error code means in HTTP.
type Class struct {
	Status     int
	RetryAfter time.Duration // 0: no Retry-After header
}

// Classes is the one table from error codes to HTTP. The Go client has the way back.
func Classes() map[core.Code]Class {
	return map[core.Code]Class{
		core.CodeInvalid:         {Status: http.StatusUnprocessableEntity},
		core.CodeBadRequest:      {Status: http.StatusBadRequest},
		core.CodeUnauthenticated: {Status: http.StatusUnauthorized},
		core.CodeForbidden:       {Status: http.StatusForbidden},
		core.CodeNotFound:        {Status: http.StatusNotFound},
		core.CodeConflict:        {Status: http.StatusConflict},
		core.CodeTooMany:         {Status: http.StatusTooManyRequests, RetryAfter: time.Minute},
		core.CodeUnavailable:     {Status: http.StatusServiceUnavailable, RetryAfter: 10 * time.Second},
		core.CodeLost:            {Status: http.StatusConflict},
		core.CodeInternal:        {Status: http.StatusInternalServerError},
	}
}

// Refusal is an error about the request as such, with the reply ready made. Everything
// else that can go wrong is a *core.Error.
type Refusal struct {
	Body   api.Error
	Header http.Header
}

// Error implements error.
func (e *Refusal) Error() string { return e.Body.Error() }

// Refuse makes a Refusal.
func Refuse(status int, message string) *Refusal {
	return &Refusal{Body: api.Error{Status: status, Message: message}, Header: http.Header{}}
}

// malformed is the shape of requests that break a rule of form.
func malformed(status int, detail string) *Refusal {
	r := Refuse(status, "Invalid request.")
	r.Body.Detail = detail
	return r
}

// replyTo makes the body and headers of the reply to err, and says whether it is
// internal: then nothing of it may be shown, and somebody has to log it.
func replyTo(err error) (refusal *Refusal, internal bool) {
	var ready *Refusal
	if errors.As(err, &ready) {
		return ready, false
	}
	var e *core.Error
	if !errors.As(err, &e) || e.Code == core.CodeInternal {
		return nil, true
	}
	class, ok := Classes()[e.Code]
	if !ok {
		return nil, true
	}
	r := Refuse(class.Status, e.Msg)
	r.Body.Errors = e.Fields
	if class.RetryAfter > 0 {
		r.Header.Set("Retry-After", strconv.Itoa(int(class.RetryAfter.Seconds())))
	}
	return r, false
}
