package control

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// maxDeploy is how many resources one call may deploy.
const maxDeploy = 100

// Action is how a person wants a verb carried out.
type Action struct {
	Options      core.Options
	BackupBefore bool   // of a database: dump what runs, before anything else
	PullRequest  int    // of an application: its preview of this one, not itself
	DockerTag    string // of an application from an image: this tag, of the preview of PullRequest
	Note         string // why; may be empty

	revision   core.Revision // found out by ready
	rollbackOf core.ID
}

// Queued is a deployment that was asked for.
type Queued struct {
	Deployment core.Deployment
	Resource   Resource
	Message    string // what clients show
	Joined     bool   // an equal deployment was queued already, and this is it
}

// Deploy queues a deployment of each of these resources, of whatever kind. Ids that
// are no resource of the team are left out; CodeNotFound when none is left. When the
// queue of a server is full, it returns what was queued until then with the error.
func (c *Control) Deploy(ctx context.Context, p auth.Principal, ids []core.ID, in Action) ([]Queued, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return nil, err
	}
	list, err := c.wanted(ctx, p, ids)
	if err != nil {
		return nil, err
	}
	in, err = in.checked(core.VerbDeploy)
	if err != nil {
		return nil, err
	}
	each, err := c.readyAll(ctx, p, list, in)
	if err != nil {
		return nil, err
	}
	defer c.deps.Wake()
	out := make([]Queued, 0, len(list))
	for i, r := range list {
		q, err := c.enqueue(ctx, p, r, core.VerbDeploy, each[i])
		if err != nil {
			return out, err
		}
		out = append(out, q)
	}
	return out, nil
}

// wanted finds the resources of a list of ids, each once.
func (c *Control) wanted(ctx context.Context, p auth.Principal, ids []core.ID) ([]Resource, error) {
	if len(ids) == 0 {
		return nil, core.Errorf(core.CodeBadRequest, "No UUIDs provided.")
	}
	if len(ids) > maxDeploy {
		return nil, core.Invalid("uuid", "The uuid field must not have more than %d items.", maxDeploy)
	}
	seen := map[core.ID]bool{}
	var out []Resource
	for _, id := range ids {
		r, err := c.anyResource(ctx, p, id)
		if core.CodeOf(err) == core.CodeNotFound || seen[id] {
			continue
		}
		if err != nil {
			return nil, err
		}
		seen[id] = true
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, core.Errorf(core.CodeNotFound, "No resources found.")
	}
	return out, nil
}

// act queues one verb on one resource, unless it has no sense in its present state.
func (c *Control) act(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, verb core.Verb, in Action) (Queued, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return Queued{}, err
	}
	r, err := c.resource(ctx, p, kind, id)
	if err != nil {
		return Queued{}, err
	}
	in, err = in.checked(verb)
	if err != nil {
		return Queued{}, err
	}
	active, err := c.deps.Deployments.ListActive(ctx, p.TeamID)
	if err != nil {
		return Queued{}, err
	}
	if err := c.senseless(ctx, p, r, verb, active); err != nil {
		return Queued{}, err
	}
	if in, err = c.ready(ctx, p, r, verb, in); err != nil {
		return Queued{}, err
	}
	q, err := c.enqueue(ctx, p, r, verb, in)
	if err == nil {
		c.deps.Wake()
	}
	return q, err
}

// readyAtOnce is how many resources are made ready at the same time: repositories are
// asked then, which takes a while.
const readyAtOnce = 8

// readyAll is ready for many resources. The first fault of the list is told.
func (c *Control) readyAll(ctx context.Context, p auth.Principal, list []Resource, in Action) ([]Action, error) {
	out, faults := make([]Action, len(list)), make([]error, len(list))
	var all sync.WaitGroup
	slots := make(chan struct{}, readyAtOnce)
	for i, r := range list {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			out[i], faults[i] = c.ready(ctx, p, r, core.VerbDeploy, in)
		})
	}
	all.Wait()
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ready refuses what the kind of a resource knows cannot be done, and fills in what has to
// be found out before.
func (c *Control) ready(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) (Action, error) {
	a, err := c.access(r.Kind)
	switch {
	case err != nil:
		return in, err
	case in.DockerTag != "" && in.PullRequest == 0:
		return in, core.Errorf(core.CodeBadRequest, "docker_tag requires pull_request_id.")
	case a.ready != nil:
		if err := a.ready(ctx, p, r, verb, in); err != nil {
			return in, err
		}
	case in.BackupBefore:
		return in, core.Invalid("backup_before", "Only databases can be dumped before they are deployed.")
	}
	if a.revise != nil {
		return a.revise(ctx, p, r, verb, in)
	}
	if in.PullRequest != 0 {
		return in, noPull(in.PullRequest)
	}
	return in, nil
}

// remove queues a stop that takes away what away says, and deletes the resource.
func (c *Control) remove(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, away core.Removal) (Queued, error) {
	if err := p.Require(auth.Write); err != nil {
		return Queued{}, err
	}
	r, err := c.resource(ctx, p, kind, id)
	if err != nil {
		return Queued{}, err
	}
	a, err := c.access(kind)
	if err != nil {
		return Queued{}, err
	}
	// The stop comes first: without it the containers would have no owner any more. The
	// queue is told of it only when the resource is gone.
	in := Action{Options: core.Options{Remove: away}, Note: "The " + string(kind) + " was deleted."}
	q, err := c.enqueue(ctx, p, r, core.VerbStop, in)
	if err != nil {
		return Queued{}, err
	}
	if err := a.remove(ctx, p.TeamID, id); err != nil {
		// A stop that was there before is somebody else's, and so is one that somebody
		// joined who has deleted the resource meanwhile.
		if !q.Joined && core.CodeOf(err) != core.CodeNotFound {
			c.takeBack(ctx, p, q.Deployment)
		}
		return Queued{}, named(err, kind.Title())
	}
	c.cancelOthers(ctx, p, q.Deployment, allLanes)
	c.deps.Wake()
	c.did(ctx, p, string(kind)+" deleted", id)
	return q, nil
}

// enqueue stores a deployment, which the store fills in with names as they are now. The
// caller has checked the action, and wakes the queue.
func (c *Control) enqueue(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) (Queued, error) {
	a, err := c.access(r.Kind)
	if err != nil {
		return Queued{}, err
	}
	d := asked(p, r, verb, in)
	joined := false
	if in.BackupBefore {
		d, err = c.enqueueDump(ctx, d, core.Backup{})
	} else {
		d, joined, err = c.deps.Queue.EnqueueDeployment(ctx, d)
	}
	if err != nil {
		return Queued{}, err
	}
	if !joined {
		c.did(ctx, p, "deployment queued", d.UUID)
	}
	return Queued{Deployment: shownDeployment(p, d), Resource: r, Message: a.message(r, verb, joined), Joined: joined}, nil
}

// asked is a deployment as p asks for it.
func asked(p auth.Principal, r Resource, verb core.Verb, in Action) core.Deployment {
	if r.Kind == core.KindApplication {
		in.revision.Commit = orHead(in.revision.Commit)
	}
	return core.Deployment{
		UUID:     core.NewID(),
		Kind:     r.Kind,
		TeamID:   p.TeamID,
		Resource: core.Resource{RowID: r.RowID, UUID: r.UUID, Name: r.Name},
		Server:   core.ServerRef{RowID: r.ServerID},
		Verb:     verb,
		Options:  in.Options,
		Note:     in.Note,
		Actor:    p.Actor,
		Trigger:  p.Trigger,
		Status:   core.StatusQueued,

		Revision:   in.revision,
		RollbackOf: in.rollbackOf,
	}
}

// runSaved queues a verb on a resource that was saved a moment ago. That it cannot be
// queued is only a warning then.
//
// Whoever may write may ask for this, as clients expect: what a token of theirs writes is
// run by the next deployment anyway.
func (c *Control) runSaved(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, o core.Options) (core.Deployment, string) {
	q, err := c.queueSaved(ctx, p, r, verb, Action{Options: o})
	if err == nil {
		c.deps.Wake()
		return q.Deployment, ""
	}
	c.log.Warn("saved resource not deployed", "uuid", string(r.UUID), "error", err)
	why := "deploy it again by hand."
	if e, ok := person(err); ok && (e.Code == core.CodeBadRequest || e.Code == core.CodeUnavailable) {
		why = e.Msg
	}
	if core.CodeOf(err) == core.CodeTooMany {
		why = "the queue of its server is full. Deploy it later."
	}
	return core.Deployment{}, "The " + string(r.Kind) + " was saved but not deployed: " + why
}

func (c *Control) queueSaved(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) (Queued, error) {
	a, err := c.access(r.Kind)
	if err != nil {
		return Queued{}, err
	}
	if a.revise != nil {
		if in, err = a.revise(ctx, p, r, verb, in); err != nil {
			return Queued{}, err
		}
	}
	return c.enqueue(ctx, p, r, verb, in)
}

// checked returns the action without what the verb has no use for. A stop takes away no
// more than images: everything else goes only with its resource.
func (in Action) checked(verb core.Verb) (Action, error) {
	f := faults{}
	f.text("note", in.Note, maxNote)
	in.Options.Remove = core.Removal{Images: in.Options.Remove.Images && verb == core.VerbStop}
	in.BackupBefore = in.BackupBefore && verb != core.VerbStop
	// These are ours to give.
	in.Options.Backup, in.Options.Restore, in.Options.OnlyProxy = "", "", false
	return in, f.err()
}

// senseless refuses what is so already. The last known status may be old, so that a
// refusal by it is given only when a look at the server confirms it; what cannot be
// looked at is not refused.
func (c *Control) senseless(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, active []core.Deployment) error {
	refusal := senseless(r, verb, active)
	if refusal == nil {
		return refusal
	}
	now, err := c.look(ctx, p, r)
	if err != nil {
		c.log.Debug("not looked at", "uuid", string(r.UUID), "error", err)
		return nil
	}
	if verb == core.VerbStop && now.alive {
		return nil // also what does not count for the status is to be stopped
	}
	r.Status = now.status
	return senseless(r, verb, active)
}

// look looks at the containers of a resource afresh.
func (c *Control) look(ctx context.Context, p auth.Principal, r Resource) (glance, error) {
	server, err := c.serverByRow(ctx, p, r.ServerID)
	if err != nil {
		return glance{}, err
	}
	return c.looks.look(ctx, server, core.Resting{
		Kind: r.Kind, RowID: r.RowID, UUID: r.UUID, TeamID: p.TeamID, ServerID: r.ServerID, Status: r.Status, UpdatedAt: r.UpdatedAt,
	})
}

// senseless refuses what is so already, judged by the last known status and by what is
// under way.
func senseless(r Resource, verb core.Verb, active []core.Deployment) error {
	now := state(r.Status)
	var starts, stops bool
	for _, d := range active {
		if d.Kind == r.Kind && d.Resource.RowID == r.RowID {
			starts, stops = starts || begins(d.Verb), stops || d.Verb == core.VerbStop
		}
	}
	switch {
	case verb == core.VerbStart && now == stateRunning && !stops:
		return core.Errorf(core.CodeBadRequest, "%s is already running.", r.Kind.Title())
	case verb == core.VerbStop && (now == stateExited || now == "") && !starts:
		return core.Errorf(core.CodeBadRequest, "%s is already stopped.", r.Kind.Title())
	default:
		return nil
	}
}

// The states that decide what makes sense.
const (
	stateRunning = "running"
	stateExited  = "exited"
)

// state is the first part of a status.
func state(status string) string {
	s, _, _ := strings.Cut(status, ":")
	return s
}

// begins says whether a verb leaves its resource running.
func begins(v core.Verb) bool {
	return v != core.VerbStop && v != core.VerbBackup && v != core.VerbRenew
}

func (a access) message(r Resource, verb core.Verb, joined bool) string {
	doing := map[core.Verb]string{
		core.VerbStart: "starting", core.VerbStop: "stopping", core.VerbRestart: "restarting",
	}
	if a.says != nil {
		if text := a.says(r, verb, joined); text != "" {
			return text
		}
	}
	switch {
	case joined:
		return fmt.Sprintf("%s %s has the same deployment queued already.", r.Kind.Title(), r.Name)
	case doing[verb] != "":
		return fmt.Sprintf("%s %s request queued.", r.Kind.Title(), doing[verb])
	default:
		return fmt.Sprintf("%s %s %s", r.Kind.Title(), r.Name, a.began)
	}
}
