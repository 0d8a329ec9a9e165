package server

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/redact"
)

// works are the jobs that this controller can do.
func (s *Server) works(kinds map[core.Kind]deploy.Kind) []queue.Work {
	return []queue.Work{
		archive.Packing(s.db), archive.Retaining(s.db, time.Now, s.log), archive.Rescrubbing(s.db, secretsNow(s, kinds)),
	}
}

// secretsNow tells what a log of a resource must not show now: what a deployment of it
// would be redacted with.
func secretsNow(s *Server, kinds map[core.Kind]deploy.Kind) archive.Secrets {
	own := ownSecrets(s.db)
	return func(ctx context.Context, d core.Deployment) ([]redact.Value, error) {
		kind := kinds[d.Kind]
		if kind == nil {
			return nil, core.NotFound(d.Kind.Title())
		}
		d.Verb = core.VerbRestart // which asks nobody outside
		target, err := kind.Load(ctx, d)
		if err != nil {
			return nil, err
		}
		more, err := own(ctx, target.Server())
		return append(target.Secrets(), more...), err
	}
}
