package control

import (
	"context"
	"hash/maphash"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
)

const (
	keepEvery    = 30 * time.Second // with a jitter of a third
	keepAtOnce   = 4                // servers that are looked at at the same time
	keepLimit    = 10 * time.Second // for one server to answer
	maxDoublings = 4                // a server that does not answer is asked every 16th round at least
)

// keeper is the service that keeps the statuses of resources true: containers crash and
// recover when no deployment is there to see it. It asks every server one question a
// round, and writes only what has changed.
type keeper struct {
	supervise.Service
	*looker
	log  *slog.Logger
	seed maphash.Seed

	mu     sync.Mutex // guards what follows
	known  map[resourceKey]sight
	silent map[int64]silence // servers that did not answer last time
}

// resourceKey names a resource of whatever kind.
type resourceKey struct {
	kind core.Kind
	row  int64
}

func keyOf(r core.Resting) resourceKey { return resourceKey{kind: r.Kind, row: r.RowID} }

// sight is what was seen of a resource last. While it stays, its status does too.
type sight struct {
	containers uint64 // hash of their states
	changed    time.Time
}

// silence says how long a server is left alone.
type silence struct{ times, skip int }

func newKeeper(l *looker, log *slog.Logger) *keeper {
	k := &keeper{looker: l, log: log, seed: maphash.MakeSeed(), known: map[resourceKey]sight{}, silent: map[int64]silence{}}
	k.Service = supervise.Loop(k.serve)
	return k
}

func (k *keeper) serve(ctx context.Context) {
	for {
		pause := time.NewTimer(keepEvery*5/6 + rand.N(keepEvery/3))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
			k.round(ctx)
		}
	}
}

// round looks at every server with resources at rest, once.
func (k *keeper) round(ctx context.Context) {
	list, err := k.seen.ListResting(ctx)
	if err != nil {
		k.failed(ctx, "statuses not refreshed", "error", err)
		return
	}
	of := map[int64][]core.Resting{}
	for _, r := range list {
		of[r.ServerID] = append(of[r.ServerID], r)
	}
	k.forget(list)
	var all sync.WaitGroup
	slots := make(chan struct{}, keepAtOnce)
	for row, resources := range of {
		if !k.due(row) {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			k.server(ctx, row, resources)
		})
	}
	all.Wait()
}

// server looks at one server.
func (k *keeper) server(ctx context.Context, row int64, resources []core.Resting) {
	server, err := k.seen.GetServerByRow(ctx, resources[0].TeamID, row)
	if err != nil || !server.Facts.Reachable {
		return
	}
	found, err := k.ask(ctx, server)
	if ctx.Err() != nil {
		return
	}
	k.answered(row, err == nil)
	if err != nil {
		k.log.Debug("statuses of a server not refreshed", "server", string(server.UUID), "error", err)
		return
	}
	for _, r := range resources {
		if err := k.resource(ctx, r, found[r.UUID]); err != nil && core.CodeOf(err) != core.CodeNotFound {
			k.failed(ctx, "status of a resource not refreshed", "uuid", string(r.UUID), "error", err)
		}
	}
}

func (k *keeper) ask(ctx context.Context, server core.Server) (map[core.ID][]core.Container, error) {
	ctx, cancel := context.WithTimeout(ctx, keepLimit)
	defer cancel()
	return k.containers.List(ctx, server, "")
}

// resource records how one resource is, unless it is as it was the last time. listed is
// how it was before the server was asked.
func (k *keeper) resource(ctx context.Context, listed core.Resting, seen []core.Container) error {
	now := sight{containers: k.hash(seen), changed: listed.UpdatedAt}
	if k.saw(keyOf(listed), now) {
		return nil
	}
	c, changed, err := k.record(ctx, listed, seen)
	if err != nil {
		return err
	}
	if changed {
		k.log.Info("resource has changed by itself", "kind", string(listed.Kind), "uuid", string(listed.UUID), "from", listed.Status, "to", c.Status)
	}
	k.note(keyOf(listed), now)
	return nil
}

// hash makes a number of what the status depends on.
func (k *keeper) hash(seen []core.Container) uint64 {
	var h maphash.Hash
	h.SetSeed(k.seed)
	for _, c := range seen {
		for _, text := range []string{c.Service, c.State, c.Health, strconv.Itoa(c.ExitCode)} {
			_, _ = h.WriteString(text)
			_ = h.WriteByte(0)
		}
	}
	return h.Sum64()
}

func (k *keeper) saw(of resourceKey, now sight) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[of] == now
}

func (k *keeper) note(of resourceKey, now sight) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[of] = now
}

// forget drops what is known of resources that are not at rest, or gone.
func (k *keeper) forget(list []core.Resting) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := make(map[resourceKey]sight, len(list))
	for _, r := range list {
		if known, ok := k.known[keyOf(r)]; ok {
			kept[keyOf(r)] = known
		}
	}
	k.known = kept
}

// due says whether a server is to be asked in this round.
func (k *keeper) due(row int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	q, ok := k.silent[row]
	if !ok || q.skip == 0 {
		return true
	}
	q.skip--
	k.silent[row] = q
	return false
}

// answered remembers whether a server answered: one that does not is asked ever less.
func (k *keeper) answered(row int64, did bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if did {
		delete(k.silent, row)
		return
	}
	times := min(k.silent[row].times+1, maxDoublings)
	k.silent[row] = silence{times: times, skip: 1<<times - 1}
}

// failed tells the operator, unless it is only that we stop.
func (k *keeper) failed(ctx context.Context, what string, about ...any) {
	if ctx.Err() == nil {
		k.log.WarnContext(ctx, what, about...)
	}
}
