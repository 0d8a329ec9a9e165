package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
)

const maxTail = 10_000

// maxLogs is about how much text of several containers is shown together.
const maxLogs = 4 << 20

// ServiceLogs returns the last lines (1 to 10,000) that a part of a service wrote, with
// the values of the service's variables masked. part is its name in the compose text.
// When it has several containers, those of each come behind a line with its name.
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
	if err := checkTail(lines); err != nil {
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
	mask, err := c.mask(ctx, p, core.Owner{Kind: core.KindService, RowID: s.RowID}, nil)
	if err != nil {
		return "", err
	}
	read := func(container string) (string, error) {
		return c.deps.Containers.Logs(ctx, server, container, lines, timestamps)
	}
	text, err := c.containerLogs(ctx, server, s.UUID, s.Parts[i].Name, read)
	return mask.String(text), err
}

func checkTail(lines int) error {
	f := faults{}
	f.between("lines", lines, 1, maxTail)
	return f.err()
}

// containerLogs joins what the containers of a project wrote, or of one part of it.
func (c *Control) containerLogs(ctx context.Context, server core.Server, project core.ID, part string, read func(string) (string, error)) (string, error) {
	found, err := c.deps.Containers.List(ctx, server, project)
	if err != nil {
		return "", err
	}
	own := slices.DeleteFunc(found[project], func(o core.Container) bool { return part != "" && o.Service != part })
	var names, texts []string
	size := 0
	for _, o := range own {
		text, err := read(o.Name)
		if core.CodeOf(err) == core.CodeNotFound {
			continue // gone since we looked
		}
		if err != nil {
			return "", err
		}
		names, texts = append(names, o.Name), append(texts, text)
		if size += len(text); size > maxLogs {
			break
		}
	}
	if len(texts) == 0 {
		return "", core.Errorf(core.CodeBadRequest, "Container is not running.")
	}
	if len(own) == 1 {
		return texts[0], nil
	}
	return headed(names, texts, len(own)), nil
}

// headed puts a line with its name before each text. It says so when there are more
// than these.
func headed(names, texts []string, all int) string {
	var b strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&b, "==> %s (%d of %d) <==\n%s", names[i], i+1, all, text)
		if !strings.HasSuffix(text, "\n") {
			b.WriteByte('\n')
		}
	}
	if len(texts) < all {
		fmt.Fprintf(&b, "==> %d more not shown <==\n", all-len(texts))
	}
	return b.String()
}

// mask makes the redactor of what the containers of a resource say. secrets are those
// that it has besides its variables.
func (c *Control) mask(ctx context.Context, p auth.Principal, o core.Owner, secrets []redact.Value) (*redact.Set, error) {
	envs, err := c.deps.Envs.ListEnvs(ctx, p.TeamID, o)
	if err != nil {
		return nil, err
	}
	for _, e := range envs {
		if !e.Value.Empty() {
			secrets = append(secrets, redact.Value{Name: e.Key, Value: e.Value.Reveal()})
		}
	}
	return redact.Compile(redact.Options{Secrets: secrets}), nil
}
