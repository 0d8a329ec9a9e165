package application

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// Compare says what a rollback from what runs (before) to what is brought back (after)
// would change; both are what plans kept: deploy.Kept of a deployment's snapshot. Values
// of variables, files and labels are never told.
func Compare(before, after []byte) ([]core.Change, error) {
	a, err := openSetup(before)
	if err != nil {
		return nil, err
	}
	b, err := openSetup(after)
	if err != nil {
		return nil, err
	}
	c := &comparison{}
	c.text("commit", a.Commit, b.Commit)
	c.text("image", a.Image, b.Image)
	c.text("domains", domainsOf(a.Route), domainsOf(b.Route))
	c.text("redirect", string(a.Route.Redirect), string(b.Route.Redirect))
	c.text("basic auth", a.Route.Auth.User, b.Route.Auth.User)
	c.text("container name", a.Fixed, b.Fixed)
	c.text("health check", checkOf(a.Check), checkOf(b.Check))
	c.text("pre-deployment command", a.Pre, b.Pre)
	c.text("post-deployment command", a.Post, b.Post)
	if err := c.trees(a, b); err != nil {
		return nil, err
	}
	c.stacks(a.Stack, b.Stack)
	c.hidden("variable", a.Env, b.Env)
	c.hidden("label", a.Route.Custom, b.Route.Custom)
	c.hidden("file", filesOf(a), filesOf(b))
	return c.list, nil
}

type comparison struct{ list []core.Change }

func (c *comparison) add(what string, had, has bool, before, after string) {
	how := "changed"
	switch {
	case !had:
		how = "added"
	case !has:
		how = "removed"
	}
	c.list = append(c.list, core.Change{What: what, How: how, Old: before, New: after})
}

func (c *comparison) text(what, before, after string) {
	if before != after {
		c.add(what, before != "", after != "", before, after)
	}
}

// stacks compares what compose files say. Values of variables are in commands, too: they
// are masked.
func (c *comparison) stacks(a, b *composed) {
	if a == nil && b == nil {
		return
	}
	var values redact.Values
	for _, of := range []*composed{a, b} {
		if of == nil {
			continue
		}
		for _, one := range of.Hidden {
			values.Add(one[0], one[1])
		}
	}
	mask := redact.Compile(redact.Options{Secrets: values.List()})
	for _, change := range compose.Compare(a.written(), b.written()) {
		change.Old, change.New = mask.String(change.Old), mask.String(change.New)
		c.list = append(c.list, change)
	}
}

// hidden compares by name alone what it shows, by value what it says of it.
func (c *comparison) hidden(what string, before, after map[string]string) {
	both := maps.Clone(before)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, after)
	for _, name := range keysOf(both) {
		old, had := before[name]
		now, has := after[name]
		if had != has || old != now {
			c.add(what+" "+name, had, has, "", "")
		}
	}
}

// trees compares what Compose is told, key by key: limits, ports, mounts, options.
func (c *comparison) trees(a, b *setup) error {
	before, err := textsOf(a.Service)
	if err != nil {
		return err
	}
	after, err := textsOf(b.Service)
	if err != nil {
		return err
	}
	if before["network"], err = textOf(a.Network); err != nil {
		return err
	}
	if after["network"], err = textOf(b.Network); err != nil {
		return err
	}
	both := maps.Clone(before)
	maps.Copy(both, after)
	for _, key := range keysOf(both) {
		c.text(key, before[key], after[key])
	}
	return nil
}

func textsOf(tree map[string]any) (map[string]string, error) {
	out := map[string]string{}
	for key, value := range tree {
		text, err := textOf(value)
		if err != nil {
			return nil, err
		}
		out[key] = text
	}
	return out, nil
}

// textOf is a text as it is, and everything else as JSON.
func textOf(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("compare deployments: %w", err)
	}
	return string(text), nil
}

func domainsOf(in proxy.Input) string {
	text := ""
	for _, r := range in.Routes {
		if text != "" {
			text += ","
		}
		text += r.String()
	}
	return text
}

func checkOf(h *run.HTTP) string {
	if h == nil {
		return ""
	}
	return h.String()
}

func filesOf(s *setup) map[string]string {
	out := map[string]string{}
	for _, f := range s.Files {
		if !f.Check {
			out[f.Path] = fmt.Sprintf("%o %s", f.Mode, f.Content)
		}
	}
	return out
}
