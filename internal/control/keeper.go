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

// keeper is the service that keeps the statuses of services true: containers crash and
// recover when no deployment is there to see it. It asks every server one question a
// round, and writes only what has changed.
type keeper struct {
	supervise.Service
	*looker
	log  *slog.Logger
	seed maphash.Seed

	mu     sync.Mutex // guards what follows
	known  map[int64]sight
	silent map[int64]silence // servers that did not answer last time
}

// sight is what was seen of a service last. While it stays, its status does too.
type sight struct {
	containers uint64 // hash of their states
	changed    time.Time
}

// silence says how long a server is left alone.
type silence struct{ times, skip int }

func newKeeper(l *looker, log *slog.Logger) *keeper {
	k := &keeper{looker: l, log: log, seed: maphash.MakeSeed(), known: map[int64]sight{}, silent: map[int64]silence{}}
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

// round looks at every server with services at rest, once.
func (k *keeper) round(ctx context.Context) {
	list, err := k.seen.ListRestingServices(ctx)
	if err != nil {
		k.failed(ctx, "statuses not refreshed", "error", err)
		return
	}
	of := map[int64][]core.Service{}
	for _, s := range list {
		of[s.ServerID] = append(of[s.ServerID], s)
	}
	k.forget(list)
	var all sync.WaitGroup
	slots := make(chan struct{}, keepAtOnce)
	for row, services := range of {
		if !k.due(row) {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			k.server(ctx, row, services)
		})
	}
	all.Wait()
}

// server looks at one server.
func (k *keeper) server(ctx context.Context, row int64, services []core.Service) {
	server, err := k.seen.GetServerByRow(ctx, services[0].TeamID, row)
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
	for _, s := range services {
		if err := k.service(ctx, s, found[s.UUID]); err != nil && core.CodeOf(err) != core.CodeNotFound {
			k.failed(ctx, "status of a service not refreshed", "uuid", string(s.UUID), "error", err)
		}
	}
}

func (k *keeper) ask(ctx context.Context, server core.Server) (map[core.ID][]core.Container, error) {
	ctx, cancel := context.WithTimeout(ctx, keepLimit)
	defer cancel()
	return k.containers.List(ctx, server, "")
}

// service records how one service is, unless it is as it was the last time. listed is
// how it was before the server was asked.
func (k *keeper) service(ctx context.Context, listed core.Service, seen []core.Container) error {
	now := sight{containers: k.hash(seen), changed: listed.UpdatedAt}
	if k.saw(listed.RowID, now) {
		return nil
	}
	s, err := k.services.GetService(ctx, listed.TeamID, listed.UUID)
	if err != nil {
		return err
	}
	if !s.UpdatedAt.Equal(listed.UpdatedAt) {
		return nil // what was seen may be past
	}
	status, err := k.record(ctx, s, seen)
	if err != nil {
		return err
	}
	if !same(listed.Status, status) {
		k.log.Info("service has changed by itself", "uuid", string(s.UUID), "from", listed.Status, "to", status)
	}
	k.note(listed.RowID, now)
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

func (k *keeper) saw(row int64, now sight) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[row] == now
}

func (k *keeper) note(row int64, now sight) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[row] = now
}

// forget drops what is known of services that are not at rest, or gone.
func (k *keeper) forget(list []core.Service) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := make(map[int64]sight, len(list))
	for _, s := range list {
		if known, ok := k.known[s.RowID]; ok {
			kept[s.RowID] = known
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
