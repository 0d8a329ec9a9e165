package control

import (
	"context"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	titleTag = "Tag"
	maxTags  = 50 // at once
)

// TagStore keeps tags.
type TagStore interface {
	// CreateTag answers CodeConflict when the team has a tag of this name.
	CreateTag(ctx context.Context, t core.Tag) (core.Tag, error)
	ListTags(ctx context.Context, team int64) ([]core.Tag, error) // by name
	UpdateTag(ctx context.Context, t core.Tag) (core.Tag, error)
	// DeleteTag takes it away from everything that has it, too.
	DeleteTag(ctx context.Context, team int64, id core.ID) error
}

// TaggingStore keeps which resource has which tags.
type TaggingStore interface {
	ListResourceTags(ctx context.Context, team int64, o core.Owner) ([]core.Tag, error)
	// TagResource makes the tags that the team does not have, and returns all of the resource.
	TagResource(ctx context.Context, team int64, o core.Owner, names []string) ([]core.Tag, error)
	UntagResource(ctx context.Context, team int64, o core.Owner, id core.ID) error
	// ListTagged returns the live resources that have at least one of these tags.
	ListTagged(ctx context.Context, team int64, names []string) ([]core.ID, error)
}

// ListTags returns the tags of the team, by name.
func (c *Control) ListTags(ctx context.Context, p auth.Principal) ([]core.Tag, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return c.deps.Common.Tags.ListTags(ctx, p.TeamID)
}

// CreateTag makes a tag, which nothing has yet. Names are kept in lower case.
func (c *Control) CreateTag(ctx context.Context, p auth.Principal, name string) (core.Tag, error) {
	names, err := tagNames("name", []string{name})
	if err := errorOr(p.Require(auth.Write), err); err != nil {
		return core.Tag{}, err
	}
	t, err := c.deps.Common.Tags.CreateTag(ctx, core.Tag{UUID: core.NewID(), TeamID: p.TeamID, Name: names[0]})
	if err == nil {
		c.did(ctx, p, "tag created", t.UUID)
	}
	return t, err
}

// RenameTag gives a tag another name, for everything that has it.
func (c *Control) RenameTag(ctx context.Context, p auth.Principal, id core.ID, name string) (core.Tag, error) {
	names, err := tagNames("name", []string{name})
	if err := errorOr(p.Require(auth.Write), errorOr(known(id, titleTag), err)); err != nil {
		return core.Tag{}, err
	}
	t, err := c.deps.Common.Tags.UpdateTag(ctx, core.Tag{UUID: id, TeamID: p.TeamID, Name: names[0]})
	if err == nil {
		c.did(ctx, p, "tag renamed", id)
	}
	return t, named(err, titleTag)
}

// DeleteTag removes a tag, from everything that has it, too.
func (c *Control) DeleteTag(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := errorOr(p.Require(auth.Write), known(id, titleTag)); err != nil {
		return err
	}
	if err := c.deps.Common.Tags.DeleteTag(ctx, p.TeamID, id); err != nil {
		return named(err, titleTag)
	}
	c.did(ctx, p, "tag deleted", id)
	return nil
}

// ResourceTags returns the tags of a resource, by name.
func (c *Control) ResourceTags(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) ([]core.Tag, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return nil, err
	}
	list, err := c.deps.Common.Tagging.ListResourceTags(ctx, p.TeamID, o)
	return list, named(err, kind.Title())
}

// CheckTags says what is wrong with names of tags, before anything is made that is to
// have them.
func CheckTags(names []string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := tagNames("tags", names)
	return err
}

// AddTags gives a resource tags, which are made where the team does not have them, and
// returns all that it has.
func (c *Control) AddTags(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, names []string) ([]core.Tag, error) {
	names, fault := tagNames("tag_name", names)
	if err := errorOr(p.Require(auth.Write), fault); err != nil {
		return nil, err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return nil, err
	}
	list, err := c.deps.Common.Tagging.TagResource(ctx, p.TeamID, o, names)
	if err != nil {
		return nil, named(err, kind.Title())
	}
	c.did(ctx, p, "resource tagged", id)
	return list, nil
}

// RemoveTag takes a tag away from a resource.
func (c *Control) RemoveTag(ctx context.Context, p auth.Principal, kind core.Kind, id, tag core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	o, err := c.owner(ctx, p, kind, id)
	if err != nil {
		return err
	}
	if err := c.deps.Common.Tagging.UntagResource(ctx, p.TeamID, o, tag); err != nil {
		return named(err, titleTag)
	}
	c.did(ctx, p, "resource untagged", id)
	return nil
}

// Tagged returns the resources of whatever kind that have at least one of these tags.
func (c *Control) Tagged(ctx context.Context, p auth.Principal, names []string) ([]core.ID, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return c.tagged(ctx, p, names)
}

func (c *Control) tagged(ctx context.Context, p auth.Principal, names []string) ([]core.ID, error) {
	var wanted []string
	for _, name := range names {
		if name = tagName(name); name != "" && !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) > maxTags {
		return nil, core.Invalid("tag", "The tag field must not have more than %d items.", maxTags)
	}
	return c.deps.Common.Tagging.ListTagged(ctx, p.TeamID, wanted)
}

// DeployTagged is Deploy for the resources that have at least one of these tags.
func (c *Control) DeployTagged(ctx context.Context, p auth.Principal, names []string, in Action) ([]Queued, error) {
	if err := p.Require(auth.Deploy); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(names, func(n string) bool { return tagName(n) != "" }) {
		return nil, core.Errorf(core.CodeBadRequest, "No TAGs provided.")
	}
	ids, err := c.tagged(ctx, p, names)
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, core.Errorf(core.CodeNotFound, "No resources found with this tag.")
	case len(ids) > maxDeploy:
		return nil, core.Errorf(core.CodeBadRequest, "%d resources have this tag, and at most %d can be deployed at once.", len(ids), maxDeploy)
	}
	return c.Deploy(ctx, p, ids, in)
}

func tagName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// tagNames brings names into the form in which they are kept, each once.
func tagNames(field string, names []string) ([]string, error) {
	f := faults{}
	var out []string
	if len(names) == 0 || len(names) > maxTags {
		f.add(field, "Give at least one name, and at most %d.", maxTags)
	}
	for _, name := range names {
		name = tagName(name)
		f.name(field, name)
		if strings.Contains(name, ",") {
			f.add(field, "The %s field must not have commas, which separate names of tags.", words(field))
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, f.err()
}
