package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// endLimit is how long a deployment may take altogether, with whatever is done to it.
const endLimit = 4 * time.Minute

// hearLimit is how long observers may take to hear that it is over.
const hearLimit = late

const stack = `services:
  web:
    image: torture:1
    environment:
      FIRST: ${FIRST}
      SECOND: ${SECOND}
      THIRD: ${THIRD}
`

// secrets are planted in what is printed. The last two overlap with themselves.
func secrets(random *rand.Rand) []string {
	n := 100000 + random.IntN(900000)
	return []string{fmt.Sprintf("Sw0rdfish/%d+quay", n), fmt.Sprintf("rotorotoroX%d", n), fmt.Sprintf("abab-key-abac%d", n)}
}

// life is one deployment, from the request for it until everything about it was checked.
type life struct {
	*arena
	name       string
	order      order
	service    string
	deployment string
	local      bool
	real       bool // of the arena's own Docker
	journals   []*journal
	began      time.Time
}

// complain notes a violation.
func (l *life) complain(format string, args ...any) {
	l.report.violate(fmt.Sprintf("%s %s %s: ", l.Store, l.name, l.deployment) + fmt.Sprintf(format, args...))
}

// liveOn has one deployment after the other until timed is over. The last one ends in peace.
func (a *arena) liveOn(ctx, timed context.Context, i int) error {
	random := a.random(uint64(1000 + i))
	hidden := secrets(random)
	local, real := i == 1, i == a.Lives
	text := stack
	if real {
		text = realStack
	}
	service, err := a.createService(ctx, i, text, hidden, local)
	if err != nil {
		return fmt.Errorf("make a service: %w", err)
	}
	if real {
		if err := os.WriteFile(filepath.Join(a.Dir, "real", service), nil, 0o644); err != nil {
			return err
		}
	}
	for n := 0; timed.Err() == nil; n++ {
		l := &life{arena: a, name: fmt.Sprintf("life %d.%d", i, n), service: service, local: local, real: real, began: time.Now()}
		l.order = order{Seed: random.Uint64(), Secrets: hidden, Shape: choose(random, a.Shapes)}
		if random.IntN(5) == 0 {
			l.order.Exit = 1 + random.IntN(100)
		}
		if err := l.live(ctx); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// createService makes a service whose variables are secrets. There are no faults yet, or
// few: what fails is tried again.
func (a *arena) createService(ctx context.Context, i int, text string, hidden []string, local bool) (string, error) {
	var made api.ServiceCreated
	err := insist(ctx, func(ctx context.Context) error {
		servers, err := a.api.ListServers(ctx)
		if err != nil {
			return err
		}
		projects, err := a.api.ListProjects(ctx)
		if err != nil {
			return err
		}
		create := api.ServiceCreate{Name: fmt.Sprintf("life-%d", i), ProjectUUID: projects[0].UUID, EnvironmentName: "production",
			DockerComposeRaw: client.EncodeCompose([]byte(text))}
		for _, s := range servers {
			if s.IsLocalhost == local {
				create.ServerUUID = s.UUID
			}
		}
		made, err = a.api.CreateService(ctx, create)
		return err
	})
	if err != nil {
		return "", err
	}
	return made.UUID, insist(ctx, func(ctx context.Context) error {
		var bulk api.EnvBulk
		for i, name := range []string{"FIRST", "SECOND", "THIRD"} {
			bulk.Data = append(bulk.Data, api.EnvWrite{Key: name, Value: &hidden[i]})
		}
		_, err := a.api.UpsertEnvs(ctx, client.Services, made.UUID, bulk)
		return err
	})
}

// insist tries what faults may keep from succeeding, for a while.
func insist(ctx context.Context, act func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	for {
		err := act(ctx)
		if err == nil {
			return nil
		}
		var refused *api.Error
		if errors.As(err, &refused) && refused.Status < 500 && refused.Status != 429 {
			return err
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// live deploys, has the log watched by everybody, and checks it.
func (l *life) live(ctx context.Context) error {
	text, err := json.Marshal(l.order)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(l.Dir, "orders", l.service), text, 0o644); err != nil {
		return err
	}
	disturbed := l.dockerFaults.Load()
	if err := l.deploy(ctx); err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	heard := l.watch(watching)
	l.mu.Lock()
	l.lives[l] = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.lives, l)
	}()
	final, err := l.await(ctx)
	if err != nil {
		return err
	}
	limit := hearLimit
	if l.First {
		limit = endLimit // something else is looked for
	}
	select {
	case <-heard:
	case <-time.After(limit):
		l.complain("an observer has not heard of the end after %s", limit)
		stop()
		<-heard
	}
	if final == nil {
		return nil // it never ended, which is said
	}
	if l.real {
		l.checkReal(ctx, *final, disturbed)
	}
	return insist(ctx, func(ctx context.Context) error { return l.check(ctx, *final) })
}

// deploy asks for the deployment. When the answer gets lost it may be there or not: its
// note tells.
func (l *life) deploy(ctx context.Context) error {
	return insist(ctx, func(ctx context.Context) error {
		list, _, err := l.status.ListServiceDeployments(ctx, l.service, 0, 5)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.Note == l.name {
				l.deployment = d.DeploymentUUID
				return nil
			}
		}
		reply, err := l.api.Deploy(ctx, api.DeployRequest{UUID: l.service, PullLatest: true, StopBeforeStart: l.real && l.order.Seed%2 == 0, Note: l.name})
		if err != nil {
			return err
		}
		l.deployment = reply.Deployments[0].DeploymentUUID
		return nil
	})
}

// watch starts the observers; what it returns is closed when all have seen the end.
func (l *life) watch(ctx context.Context) <-chan struct{} {
	var all sync.WaitGroup
	for _, m := range manners() {
		j := newJournal(m.name, l.complain)
		l.journals = append(l.journals, j)
		all.Go(func() { j.watch(ctx, l.deployment, l.token, m) })
	}
	pager := newJournal("pages", l.complain)
	l.journals = append(l.journals, pager)
	all.Go(func() { pager.page(ctx, l.arena, l.deployment) })
	heard := make(chan struct{})
	go func() {
		all.Wait()
		close(heard)
	}()
	return heard
}

// await polls until the deployment has ended; nil when it does not.
func (l *life) await(ctx context.Context) (*api.Deployment, error) {
	limit := time.Now().Add(endLimit)
	for time.Now().Before(limit) {
		d, err := l.status.GetDeployment(ctx, l.deployment)
		if err == nil && d.Status.Terminal() {
			return &d, nil
		}
		if err := pause(ctx, 150*time.Millisecond); err != nil {
			return nil, err
		}
	}
	last, printed, _ := l.journals[0].state()
	l.complain("not ended after %s; %d lines, %d of %d printed ones", endLimit, last, printed, l.printed())
	return nil, nil
}

// printed is how many lines the commands have printed so far.
func (l *life) printed() int {
	total := 0
	for _, part := range []string{partPull, partUp} {
		data, err := os.ReadFile(l.truth(part) + countFile)
		if err == nil && len(data) == 8 {
			total += int(binary.LittleEndian.Uint64(data))
		}
	}
	return total
}

// truth is where the files of a command are.
func (l *life) truth(part string) string {
	return filepath.Join(l.Dir, "truth", l.deployment+"-"+part)
}
