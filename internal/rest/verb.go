package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// What resources of all kinds are told to do. The kinds differ in the switches that they
// take and in the method of control.

type actOn[B any] struct {
	UUID string `path:"uuid"`
	Body B      `in:"query"`
}

type verb = func(ctx context.Context, p auth.Principal, id core.ID, in control.Action) (control.Queued, error)

// queue makes a handler of a verb; read reads its switches.
func queue[B any](do verb, read func(B) control.Action) handler[actOn[B], api.Accepted] {
	return func(ctx context.Context, p auth.Principal, in actOn[B]) (api.Accepted, error) {
		q, err := do(ctx, p, core.ID(in.UUID), read(in.Body))
		return api.Accepted{Message: q.Message, DeploymentUUID: string(q.Deployment.UUID)}, err
	}
}

func action(b api.ActionRequest) control.Action {
	return control.Action{
		Options: core.Options{
			PullLatest: b.Latest, StopBeforeStart: b.StopBeforeStart, Force: b.Force, Remove: cleanup(b.DockerCleanup),
		},
		Note: b.Note,
	}
}

func databaseAction(b api.DatabaseActionRequest) control.Action {
	return control.Action{
		Options: core.Options{
			PullLatest: b.Latest, Force: b.Force, ForceVersion: b.ForceVersion, Remove: cleanup(b.DockerCleanup),
		},
		BackupBefore: b.BackupBefore,
		Note:         b.Note,
	}
}

func cleanup(asked *bool) core.Removal { return core.Removal{Images: asked != nil && *asked} }

type removeAll struct {
	UUID string            `path:"uuid"`
	Body api.RemoveOptions `in:"query"`
}

type removal = func(ctx context.Context, p auth.Principal, id core.ID, remove core.Removal) (control.Queued, error)

// deletion makes a handler of a method that stops a resource and takes it away.
func deletion(kind core.Kind, do removal) handler[removeAll, api.Message] {
	return func(ctx context.Context, p auth.Principal, in removeAll) (api.Message, error) {
		b := in.Body
		_, err := do(ctx, p, core.ID(in.UUID), core.Removal{
			Configurations: unlessFalse(b.DeleteConfigurations), Volumes: unlessFalse(b.DeleteVolumes),
			Networks: unlessFalse(b.DeleteConnectedNetworks), Images: unlessFalse(b.DockerCleanup),
		})
		return api.Message{Message: kind.Title() + " deletion request queued."}, err
	}
}

func unlessFalse(b *bool) bool { return b == nil || *b }

// environmentOf is how a new resource names its environment; an error when it does not.
func environmentOf(uuid, name string) (string, error) {
	if uuid != "" {
		return uuid, nil
	}
	if name != "" {
		return name, nil
	}
	e := core.Invalid("environment_name", "This field is required when environment_uuid is absent.")
	e.Msg = "You need to provide at least one of environment_name or environment_uuid."
	return "", e
}
