package control

import (
	"context"
	"fmt"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// maxDeploy is how many resources one call may deploy.
const maxDeploy = 100

// Action is how a person wants a verb carried out.
type Action struct {
	Options core.Options
	Note    string // why; may be empty
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
	defer c.deps.Wake()
	out := make([]Queued, 0, len(list))
	for _, r := range list {
		q, err := c.enqueue(ctx, p, r, core.VerbDeploy, in)
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
	q, err := c.enqueue(ctx, p, r, verb, in)
	if err == nil {
		c.deps.Wake()
	}
	return q, err
}

// enqueue stores a deployment, which the store fills in with names as they are now. The
// caller has checked the action, and wakes the queue.
func (c *Control) enqueue(ctx context.Context, p auth.Principal, r Resource, verb core.Verb, in Action) (Queued, error) {
	d, joined, err := c.deps.Queue.EnqueueDeployment(ctx, core.Deployment{
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
	})
	if err != nil {
		return Queued{}, err
	}
	if !joined {
		c.did(p, "deployment queued", d.UUID)
	}
	return Queued{Deployment: shownDeployment(p, d), Resource: r, Message: message(r, verb, joined), Joined: joined}, nil
}

// checked returns the action without what the verb has no use for. A stop takes away no
// more than images: everything else goes only with its resource.
func (in Action) checked(verb core.Verb) (Action, error) {
	f := faults{}
	f.text("note", in.Note, maxNote)
	in.Options.Remove = core.Removal{Images: in.Options.Remove.Images && verb == core.VerbStop}
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
	state, _, _ := strings.Cut(r.Status, ":")
	var starts, stops bool
	for _, d := range active {
		if d.Kind == r.Kind && d.Resource.RowID == r.RowID {
			starts, stops = starts || d.Verb != core.VerbStop, stops || d.Verb == core.VerbStop
		}
	}
	switch {
	case verb == core.VerbStart && state == "running" && !stops:
		return core.Errorf(core.CodeBadRequest, "%s is already running.", r.Kind.Title())
	case verb == core.VerbStop && (state == "exited" || state == "") && !starts:
		return core.Errorf(core.CodeBadRequest, "%s is already stopped.", r.Kind.Title())
	default:
		return nil
	}
}

func message(r Resource, verb core.Verb, joined bool) string {
	doing := map[core.Verb]string{
		core.VerbStart: "starting", core.VerbStop: "stopping", core.VerbRestart: "restarting",
	}
	switch {
	case joined:
		return fmt.Sprintf("%s %s has the same deployment queued already.", r.Kind.Title(), r.Name)
	case doing[verb] != "":
		return fmt.Sprintf("%s %s request queued.", r.Kind.Title(), doing[verb])
	default:
		return fmt.Sprintf("%s %s started. It could take a while, be patient.", r.Kind.Title(), r.Name)
	}
}
