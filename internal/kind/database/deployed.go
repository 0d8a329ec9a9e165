package database

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// deployed is what was put on the server last: its files and commands as they were, since
// the code that rendered them may be another by now. A nil one is that of a database that
// never ran.
type deployed struct {
	Files   []run.File     `json:"files"` // the compose file included
	Own     [][]string     `json:"own,omitempty"`
	Watch   run.Watch      `json:"watch"`
	Secrets []redact.Value `json:"secrets,omitempty"`
	// Passwords are those that the data volume has, by field. What ran before they were
	// kept has none.
	Passwords map[string]string `json:"passwords,omitempty"`
}

// openDeployed reads what a plan kept.
func openDeployed(text string) (*deployed, error) {
	if text == "" {
		return nil, nil
	}
	b := &deployed{}
	if err := json.Unmarshal([]byte(text), b); err != nil {
		return nil, fmt.Errorf("read what ran last: %w", err)
	}
	return b, nil
}

// deploying is what a start puts on the server.
func (p *planner) deploying() *deployed {
	var s secrets
	p.settings(&s)
	b := &deployed{Files: p.files("", p.out.compose, p.out.Files).Files, Watch: *p.verify().Watch, Secrets: s.List(), Passwords: p.out.spec.Passwords(p.Database)}
	for _, step := range p.own(p.out.Owned) {
		b.Own = append(b.Own, step.Argv)
	}
	return b
}

// passwords are those of what ran last, as far as they are known.
func (b *deployed) passwords() map[string]string {
	if b == nil {
		return nil
	}
	return b.Passwords
}

// with is b after files of it were written anew.
func (b *deployed) with(files []run.File) *deployed {
	out := *b
	out.Files = slices.Clone(b.Files)
	for _, f := range files {
		i := slices.IndexFunc(out.Files, func(old run.File) bool { return old.Path == f.Path })
		if i < 0 {
			out.Files = append(out.Files, f)
		} else {
			out.Files[i] = f
		}
	}
	return &out
}

// exposed is b after its files were written anew for access from outside through proxy;
// empty: none.
func (b *deployed) exposed(files []run.File, proxy string) *deployed {
	out := b.with(files)
	out.Watch.Expect = slices.Clone(b.Watch.Expect[:min(len(b.Watch.Expect), 1)]) // the database comes first
	if proxy != "" {
		out.Watch.Expect = append(out.Watch.Expect, run.Expect{Service: proxy, Replicas: 1})
	}
	return out
}

// has says whether a file is among those that were written.
func (b *deployed) has(path string) bool {
	return b != nil && slices.ContainsFunc(b.Files, func(f run.File) bool { return f.Path == path })
}

// proxied says whether there is to be a proxy.
func (b *deployed) proxied() bool { return b != nil && len(b.Watch.Expect) > 1 }

// tree is the compose file, "$" doubled.
func (b *deployed) tree() (map[string]any, error) {
	for _, f := range b.Files {
		if f.Path != composeFile {
			continue
		}
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(f.Content), &tree); err != nil {
			return nil, fmt.Errorf("read what ran last: %w", err)
		}
		return tree, nil
	}
	return nil, fmt.Errorf("read what ran last: there is no compose file")
}

// withProxy is the compose file of what ran last with the proxy of another rendering:
// everything but the proxy stays as it was deployed.
func (b *deployed) withProxy(o *output, id core.ID) (string, error) {
	tree, err := b.tree()
	if err != nil {
		return "", err
	}
	services := maps.Clone(mapOf(tree["services"]))
	delete(services, proxyName(id))
	if o.Proxy != "" {
		services[o.Proxy] = compose.EscapeDollars(mapOf(o.Compose["services"])[o.Proxy])
	}
	tree["services"] = services
	return compose.Encode(tree)
}

// undo are the steps behind a failure: what ran before is put back, and what did not is
// taken down, so that nothing is left that keeps crashing. A database of which nobody
// knows what it ran with is left alone while it runs. Volumes always stay.
func (p *planner) undo() []run.Step {
	switch {
	case !p.runs():
		return []run.Step{p.late(p.compose("undo", "Taking down what did not start.", "down", "--remove-orphans", "--timeout", undoStop))}
	case p.before == nil:
		return nil
	}
	watch := p.before.Watch
	back, changing := p.back()
	if changing {
		watch.Expect = slices.Clone(watch.Expect)
		watch.Expect[0].Ready = back.Ready
	}
	steps := []run.Step{p.late(run.Step{
		Name: "undo", Title: "Putting back the files of what ran before.", Files: slices.Concat(p.current(p.before).Files, back.Files),
	})}
	for _, argv := range p.before.Own {
		steps = append(steps, p.late(run.Step{Name: "undo-own", Title: "Giving files to the user of the image.", Argv: argv, Hidden: true}))
	}
	if c, ok := running(p.seen.Containers, p.uuid()); ok && p.d.Options.PullLatest && c.ImageID != "" {
		// The name may stand for a newer image by now. One by digest cannot be named so, and need not.
		steps = append(steps, p.late(run.Step{
			Name: "undo-image", Title: "Giving the image that ran before its name back.", MayFail: true, Hidden: true,
			Argv: []string{"docker", "image", "tag", c.ImageID, c.Image},
		}))
	}
	steps = append(steps,
		p.late(p.compose("undo-stop", "Clearing away what was begun.", "down", "--remove-orphans", "--timeout", undoStop)),
		p.late(p.compose("undo-start", "Starting what ran before.", append([]string{"up", "--detach", "--remove-orphans"}, p.pulled()...)...)),
		p.late(run.Step{Name: "undo-verify", Title: "Waiting until what ran before answers.", Watch: &watch}))
	if changing {
		clean := p.changed(back)
		clean.Always = false
		steps = append(steps, p.late(clean))
	}
	return steps
}

// back gives the users the passwords that they had, in case they have the new ones
// already.
func (p *planner) back() (engine.Change, bool) {
	db := p.Database
	db.Fields = maps.Clone(db.Fields)
	for name, value := range p.before.Passwords {
		db.Fields[name] = core.NewSecret(value)
	}
	db.Settings.EnableSSL = p.before.has("run/ssl/server.crt")
	return p.out.spec.Change(db, p.out.spec.Passwords(p.Database))
}

// undoStop is how many seconds containers get to stop when something is put back: after a
// cancel there is not much time for all of it. What is put back is always a new container:
// Compose that was ended in the middle leaves some under other names, and one that runs
// may have been asked to stop already.
const undoStop = "10"

// late makes a step one that only a failure or a cancel brings about.
func (p *planner) late(s run.Step) run.Step {
	s.OnFailure = true
	return s
}

// current is what ran last with the certificates of now: those of then may have ended.
func (p *planner) current(b *deployed) *deployed {
	var renewed []run.File
	for _, f := range p.out.holding(p.certs) {
		if b.has(f.Path) {
			renewed = append(renewed, f)
		}
	}
	return b.with(renewed)
}
