package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/httpio"
)

func (a *API) listTemplates(ctx context.Context, p auth.Principal, _ none) ([]api.ServiceTemplate, error) {
	all, err := a.control.ListTemplates(ctx, p)
	return list(all, showTemplate), err
}

type oneTemplate struct {
	Type string `path:"type" doc:"Key of the template, or an alias."`
}

func (a *API) getTemplate(ctx context.Context, p auth.Principal, in oneTemplate) (api.ServiceTemplate, error) {
	t, err := a.control.GetTemplate(ctx, p, in.Type)
	out := showTemplate(t)
	out.Compose = t.Compose
	return out, unknownType(err)
}

// unknownType adds the types that there are to the answer to one that there is not.
func unknownType(err error) error {
	var unknown *control.UnknownTypeError
	if !errors.As(err, &unknown) {
		return err
	}
	e := httpio.Refuse(http.StatusNotFound, unknown.Error())
	e.Body.ValidTypes = unknown.Valid
	return e
}

func showTemplate(t control.Template) api.ServiceTemplate {
	word := func(s string) string { return s }
	return api.ServiceTemplate{
		Type: t.Key, Aliases: list(t.Aliases, word), Name: t.Name, Description: t.Description, Category: t.Category,
		Tags: list(t.Tags, word), Port: t.Port, Docs: t.Docs,
	}
}
