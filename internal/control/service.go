package control

import (
	"context"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// ListServices returns the services of the team. Compose texts are empty unless p may
// see secrets.
func (c *Control) ListServices(ctx context.Context, p auth.Principal) ([]core.Service, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Services.ListServices(ctx, p.TeamID)
	for i := range list {
		list[i] = shownService(p, list[i])
	}
	return list, err
}

// GetService returns one service; its compose texts are empty unless p may see secrets.
func (c *Control) GetService(ctx context.Context, p auth.Principal, id core.ID) (core.Service, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Service{}, err
	}
	s, err := c.service(ctx, p, id)
	return shownService(p, s), err
}

// StartService queues a start. CodeBadRequest when the service runs and nothing that
// is under way is going to change that.
func (c *Control) StartService(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindService, id, core.VerbStart, in)
}

// StopService queues a stop. CodeBadRequest when the service is stopped and nothing
// that is under way is going to change that.
func (c *Control) StopService(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindService, id, core.VerbStop, in)
}

// RestartService queues a restart.
func (c *Control) RestartService(ctx context.Context, p auth.Principal, id core.ID, in Action) (Queued, error) {
	return c.act(ctx, p, core.KindService, id, core.VerbRestart, in)
}

// DeleteService queues a stop that takes away what remove says, and deletes the
// service: it is gone for everybody at once, but its deployments stay readable. What is
// under way for it is cancelled first.
func (c *Control) DeleteService(ctx context.Context, p auth.Principal, id core.ID, remove core.Removal) (Queued, error) {
	return c.remove(ctx, p, core.KindService, id, remove)
}

func (c *Control) service(ctx context.Context, p auth.Principal, id core.ID) (core.Service, error) {
	if err := known(id, "Service"); err != nil {
		return core.Service{}, err
	}
	s, err := c.deps.Services.GetService(ctx, p.TeamID, id)
	return s, named(err, "Service")
}

func shownService(p auth.Principal, s core.Service) core.Service {
	if !p.SeesSecrets() {
		s.ComposeRaw, s.Compose = core.Secret{}, core.Secret{}
	}
	return s
}

func serviceAccess(store ServiceStore) access {
	return access{
		kind: core.KindService,
		get: func(ctx context.Context, team int64, id core.ID) (Resource, error) {
			s, err := store.GetService(ctx, team, id)
			return ofService(s), err
		},
		list: func(ctx context.Context, team int64) ([]Resource, error) {
			list, err := store.ListServices(ctx, team)
			return resourcesOf(list, ofService), err
		},
		remove: func(ctx context.Context, team int64, id core.ID) error { return store.DeleteService(ctx, team, id) },
		began:  "started. It could take a while, be patient.",
	}
}

func ofService(s core.Service) Resource {
	return Resource{
		RowID:         s.RowID,
		UUID:          s.UUID,
		Kind:          core.KindService,
		Type:          string(core.KindService),
		Name:          s.Name,
		Description:   s.Description,
		Status:        s.Status,
		EnvironmentID: s.EnvironmentID,
		ServerID:      s.ServerID,
		CreatedAt:     s.CreatedAt,
		UpdatedAt:     s.UpdatedAt,
	}
}
