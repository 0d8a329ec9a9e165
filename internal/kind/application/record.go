package application

import (
	"context"
	"fmt"
	"slices"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/stack"
)

const healthy = "running:healthy"

// Record implements deploy.Kind: how the application is, what runs, the message of the
// commit, and the same deployment on further servers.
func (k *Kind) Record(ctx context.Context, d core.Deployment, found core.Findings) error {
	if text := found.Answers[answerCommit]; text != "" {
		d.Revision.Message = git.ParseCommit(text).Message
		if err := k.store.SetRevision(ctx, d); err != nil {
			return fmt.Errorf("record commit: %w", err)
		}
	}
	done := d.Status == core.StatusFinished && d.Verb != core.VerbStop
	if found.Looked {
		if err := k.recordState(ctx, d, found, done); err != nil {
			return err
		}
	}
	if !done || d.Revision.OnlyHere || d.Revision.PullRequest != 0 {
		return nil
	}
	if err := k.store.EnqueueFurther(ctx, d); err != nil {
		return fmt.Errorf("queue further servers: %w", err)
	}
	return nil
}

// recordState stores how the application is and what runs. What was put on the server is
// what the plan kept of it, since the settings may be others by now.
func (k *Kind) recordState(ctx context.Context, d core.Deployment, found core.Findings, done bool) error {
	hash, ran, parts, proven, err := k.came(ctx, d, done)
	if err != nil {
		return err
	}
	state := status(found.Containers, proven)
	if len(parts) > 0 {
		state, _ = stack.Status(partsOf(parts), found.Containers)
	}
	if err := k.store.SetApplicationStatus(ctx, d, state, hash, ran); err != nil {
		return fmt.Errorf("record application: %w", err)
	}
	return nil
}

// came says what came of a deployment. proven: the runner has seen what runs answer.
func (k *Kind) came(ctx context.Context, d core.Deployment, done bool) (hash string, ran *core.ApplicationRan, parts []core.ComposedPart, proven bool, err error) {
	if !done {
		// What was put back, or was never touched, is as well as it was.
		t, err := k.read(ctx, d)
		if err != nil {
			return "", nil, nil, false, err
		}
		return "", nil, t.ranParts(), t.proven(t.Application.Status), nil
	}
	text, err := deploy.Kept(d.Config.Snapshot)
	if err != nil || len(text) == 0 {
		return "", nil, nil, false, err
	}
	s, err := openSetup(text)
	if err != nil {
		return "", nil, nil, false, err
	}
	ran = &core.ApplicationRan{Deployment: d.UUID, Commit: s.Commit, Image: s.Image, BuildHash: s.BuildHash}
	if c := s.Stack; c != nil {
		ran.Composed = core.Composed{Name: c.Name, Raw: core.NewSecret(c.Raw), Text: core.NewSecret(c.Compose), Parts: c.Parts}
	}
	return d.Config.Hash, ran, ran.Composed.Parts, s.Check != nil, nil
}

// status sums up what was seen. Containers that were replaced and not removed yet count
// for nothing beside one that runs. proven says that the runner has seen it answer, which
// stands for the health check that Docker has none of.
func status(seen []core.Container, proven bool) string {
	up := func(c core.Container) bool { return c.State == "running" || c.State == "restarting" }
	if slices.ContainsFunc(seen, up) {
		seen = slices.DeleteFunc(slices.Clone(seen), func(c core.Container) bool { return !up(c) })
	}
	seen = slices.Clone(seen)
	for i, c := range seen {
		if proven && c.Health == "" && c.Restarts == 0 {
			seen[i].Health = "healthy"
		}
	}
	return compose.Aggregate(seen)
}
