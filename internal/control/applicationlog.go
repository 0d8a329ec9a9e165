package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

// ApplicationLogs returns the last lines (1 to 10,000) that an application wrote, with the
// values of its variables masked. part is a service of its compose file; empty: all that
// it has. When it has several containers, those of each come behind a line with its name.
// CodeBadRequest when it has none.
func (c *Control) ApplicationLogs(ctx context.Context, p auth.Principal, id core.ID, part string, lines int, timestamps bool) (string, error) {
	if err := p.Require(auth.Read); err != nil {
		return "", err
	}
	a, err := c.application(ctx, p, id)
	if err != nil {
		return "", err
	}
	if err := checkTail(lines); err != nil {
		return "", err
	}
	server, err := c.serverByRow(ctx, p, a.ServerID)
	if err != nil {
		return "", err
	}
	mask, err := c.mask(ctx, p, core.Owner{Kind: core.KindApplication, RowID: a.RowID}, applicationSecrets(a))
	if err != nil {
		return "", err
	}
	read := func(container string) (string, error) {
		return c.deps.Containers.Logs(ctx, server, container, lines, timestamps)
	}
	text, err := c.containerLogs(ctx, server, a.UUID, part, read)
	if core.CodeOf(err) == core.CodeBadRequest {
		err = core.Errorf(core.CodeBadRequest, "Application is not running.")
	}
	return mask.String(text), err
}

// applicationSecrets are what an application knows, besides its variables, that nobody is
// to read in its log.
func applicationSecrets(a core.Application) []redact.Value {
	out := []redact.Value{
		{Name: "http_basic_auth_password", Value: a.Serve.Password.Reveal()},
		{Name: "manual_webhook_secret_github", Value: a.Hooks.GitHub.Reveal()},
		{Name: "manual_webhook_secret_gitlab", Value: a.Hooks.GitLab.Reveal()},
		{Name: "manual_webhook_secret_bitbucket", Value: a.Hooks.Bitbucket.Reveal()},
		{Name: "manual_webhook_secret_gitea", Value: a.Hooks.Gitea.Reveal()},
		{Name: "manual_webhook_secret_generic", Value: a.Hooks.Generic.Reveal()},
	}
	return slices.DeleteFunc(out, func(v redact.Value) bool { return v.Value == "" })
}
