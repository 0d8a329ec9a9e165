package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/template"
)

// Template is a stack that people make with one click.
type Template = template.Template

// UnknownTypeError is the CodeNotFound error for a template that there is not.
type UnknownTypeError struct {
	Valid []string // those that there are
	cause *core.Error
}

// Error implements error.
func (e *UnknownTypeError) Error() string { return e.cause.Error() }

// Unwrap gives the *core.Error.
func (e *UnknownTypeError) Unwrap() error { return e.cause }

// ListTemplates returns the one-click services, by key.
func (c *Control) ListTemplates(_ context.Context, p auth.Principal) ([]Template, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return c.deps.Setup.Templates.List(), nil
}

// GetTemplate returns one of them by its key or an alias; *UnknownTypeError when there is none.
func (c *Control) GetTemplate(_ context.Context, p auth.Principal, key string) (Template, error) {
	if err := p.Require(auth.Read); err != nil {
		return Template{}, err
	}
	return c.template(key)
}

func (c *Control) template(key string) (Template, error) {
	t, ok := c.deps.Setup.Templates.Find(key)
	if !ok {
		return Template{}, &UnknownTypeError{c.deps.Setup.Templates.Keys(), core.NotFound("Service")}
	}
	return t, nil
}

// fromTemplate gives a service that has a type the text of its template.
func (c *Control) fromTemplate(in ServiceInput) (ServiceInput, error) {
	if in.Type == "" || !in.Compose.Empty() {
		return in, nil
	}
	t, err := c.template(in.Type)
	if err != nil {
		return in, err
	}
	in.Type, in.Compose = t.Key, core.NewSecret(t.Compose)
	return in, nil
}
