package control

import (
	"context"
	"slices"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

const maxTail = 10_000

// ServiceLogs returns the last lines (1 to 10,000) that one container of a service
// wrote, with the values of the service's variables masked. part is its name in the
// compose text.
func (c *Control) ServiceLogs(ctx context.Context, p auth.Principal, id core.ID, part string, lines int, timestamps bool) (string, error) {
	if err := p.Require(auth.Read); err != nil {
		return "", err
	}
	s, err := c.service(ctx, p, id)
	if err != nil {
		return "", err
	}
	if part == "" {
		return "", core.Errorf(core.CodeBadRequest, "Sub service name is required.")
	}
	f := faults{}
	f.between("lines", lines, 1, maxTail)
	if err := f.err(); err != nil {
		return "", err
	}
	i := slices.IndexFunc(s.Parts, func(o core.ServicePart) bool { return o.Name == part || string(o.UUID) == part })
	if i < 0 {
		return "", core.NotFound("Service resource")
	}
	server, err := c.serverByRow(ctx, p, s.ServerID)
	if err != nil {
		return "", err
	}
	mask, err := c.mask(ctx, p, core.Owner{Kind: core.KindService, RowID: s.RowID})
	if err != nil {
		return "", err
	}
	text, err := c.deps.Containers.Logs(ctx, server, s.Parts[i].Name+"-"+string(s.UUID), lines, timestamps)
	if core.CodeOf(err) == core.CodeNotFound {
		return "", core.Errorf(core.CodeBadRequest, "Container is not running.")
	}
	return mask.String(text), err
}

// mask makes the redactor of what the containers of a resource say.
func (c *Control) mask(ctx context.Context, p auth.Principal, o core.Owner) (*redact.Set, error) {
	envs, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, o)
	if err != nil {
		return nil, err
	}
	var secrets []redact.Value
	for _, e := range envs {
		if !e.Value.Empty() {
			secrets = append(secrets, redact.Value{Name: e.Key, Value: e.Value.Reveal()})
		}
	}
	return redact.Compile(redact.Options{Secrets: secrets}), nil
}
