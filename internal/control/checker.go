package control

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/supervise"
)

const (
	checksAtOnce = 4                // validations of servers that run at the same time
	checkLimit   = 20 * time.Minute // of one validation with its installation
	checkGrace   = 5 * time.Second  // to write what was found when it was interrupted
)

// checker is the service that validates servers in the background: at most one
// validation per server, and checksAtOnce in all.
type checker struct {
	supervise.Service
	servers ServerStore
	hosts   Hosts
	now     func() time.Time
	log     *slog.Logger
	wake    chan struct{} // there are new ones

	mu      sync.Mutex // guards what follows
	known   map[int64]*check
	waiting []*check
}

// check is the validation of one server, from when it is asked for until it has ended.
type check struct {
	team    int64
	row     int64
	id      core.ID
	again   bool // something was asked for that the present round does not do
	install bool // the next round installs what is missing
	doing   bool // the present round does so
}

func newChecker(servers ServerStore, hosts Hosts, now func() time.Time, log *slog.Logger) *checker {
	k := &checker{
		servers: servers, hosts: hosts, now: now, log: log,
		wake: make(chan struct{}, 1), known: map[int64]*check{},
	}
	k.Service = supervise.Loop(k.serve)
	return k
}

// begin asks for a validation of s. While one runs, it joins that; what that one does
// not do (an installation, or another address by now) is done in a second round.
func (k *checker) begin(s core.Server, install, changed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, ok := k.known[s.RowID]; ok {
		more := install && !c.doing
		c.install = c.install || more
		c.again = c.again || more || changed
		return
	}
	c := &check{team: s.TeamID, row: s.RowID, id: s.UUID, install: install}
	k.known[s.RowID] = c
	k.waiting = append(k.waiting, c)
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// serve runs validations until ctx ends, and returns when the last has ended.
func (k *checker) serve(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, checksAtOnce)
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		}
		for _, c := range k.take() {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				k.work(ctx, c)
			})
		}
	}
}

func (k *checker) take() []*check {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.waiting
	k.waiting = nil
	return list
}

// work runs rounds until nothing more is asked for.
func (k *checker) work(ctx context.Context, c *check) {
	for {
		if err := k.round(ctx, c, k.next(c)); err != nil && core.CodeOf(err) != core.CodeNotFound {
			k.log.Error("server validation not recorded", "server", string(c.id), "error", err)
		}
		if k.ended(ctx, c) {
			return
		}
	}
}

func (k *checker) next(c *check) (install bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	install = c.install
	c.again, c.install, c.doing = false, false, install
	return install
}

func (k *checker) ended(ctx context.Context, c *check) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.again && ctx.Err() == nil {
		return false
	}
	delete(k.known, c.row)
	return true
}

// round validates once. Its error says that the outcome could not be stored; a server
// that fails its validation is no error.
func (k *checker) round(ctx context.Context, c *check, install bool) error {
	s, err := k.servers.GetServer(ctx, c.team, c.id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	r := newCheckLog(k.servers, s, k.now)
	r.say(ctx, "Checking server %s (%s).", s.Name, address(s))
	facts, fault := k.hosts.Probe(ctx, s)
	if install && facts.Reachable && !facts.Usable {
		facts, fault = k.install(ctx, r, s, facts)
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // we stop: nothing was found out
		facts, fault = s.Facts, ctx.Err()
		facts.Log = ""
	default:
		facts.Usable = facts.Usable && fault == nil
		facts.CheckedAt = k.now()
	}
	k.log.Info("server validated", "uuid", string(s.UUID), "reachable", facts.Reachable, "usable", facts.Usable, "fault", fault)
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), checkGrace)
	defer stop()
	return r.end(end, facts, fault)
}

func (k *checker) install(ctx context.Context, r *checkLog, s core.Server, before core.ServerFacts) (core.ServerFacts, error) {
	r.say(ctx, "Installing Docker and the Compose plugin.")
	if err := k.hosts.Install(ctx, s, r.writer(ctx)); err != nil {
		return before, err
	}
	r.say(ctx, "Installed. Checking again.")
	return k.hosts.Probe(ctx, s)
}
