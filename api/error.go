package api

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Code is the class of an error. It does not travel: the HTTP status says as much.
type Code string

// The codes.
const (
	CodeInvalid         Code = "invalid"
	CodeBadRequest      Code = "bad_request"
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	CodeNotFound        Code = "not_found"
	CodeConflict        Code = "conflict"
	CodeTooMany         Code = "too_many"
	CodeUnavailable     Code = "unavailable"
	CodeInternal        Code = "internal"
)

// Error is the body of every reply that is not a success. It is also what the Go client
// returns, with Status filled from the reply, so that errors.As finds it.
type Error struct {
	Success    bool                `json:"success,omitempty" doc:"True when the API is off, as Coolify has it; it means nothing."`
	Message    string              `json:"message" doc:"What failed, on what, why, and what to do."`
	Errors     map[string][]string `json:"errors,omitempty" doc:"With 422: field name, then what is wrong with it."`
	Warning    string              `json:"warning,omitempty" doc:"With a conflict of domains: what happens when it is overridden."`
	Conflicts  []DomainConflict    `json:"conflicts,omitempty" doc:"With a conflict of domains: who has them."`
	ValidTypes []string            `json:"valid_service_types,omitempty" doc:"With an unknown type of a service: those that there are."`
	Detail     string              `json:"error,omitempty" doc:"With a malformed request: which rule it breaks."`
	Docs       string              `json:"docs,omitempty" doc:"Where to read on; present when the path itself is unknown."`
	Reference  string              `json:"reference,omitempty" doc:"With 500: what to look for in the server's log."`

	Code       Code          `json:"-"` // follows from the status of the reply
	Status     int           `json:"-"` // of the reply
	RetryAfter time.Duration `json:"-"` // of the reply; 0 when it says nothing
}

// DomainConflict is a domain that another resource has already.
type DomainConflict struct {
	Domain       string `json:"domain"`
	ResourceName string `json:"resource_name"`
	ResourceUUID string `json:"resource_uuid"`
	ResourceType string `json:"resource_type" rule:"enum=application|service|instance"`
	Message      string `json:"message"`
}

// Error implements error: the message, then what is wrong with each field.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if e.Detail != "" {
		b.WriteString(" " + e.Detail)
	}
	fields := make([]string, 0, len(e.Errors))
	for field := range e.Errors {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	for _, field := range fields {
		b.WriteString("\n  " + field + ": " + strings.Join(e.Errors[field], " "))
	}
	if e.Reference != "" {
		b.WriteString(" (reference " + e.Reference + ")")
	}
	return b.String()
}

// IsCode says whether err is, or wraps, an *Error of this code.
func IsCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
