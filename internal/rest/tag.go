package rest

import (
	"context"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) tagRoutes() []Route {
	return []Route{
		get("/tags", auth.Read, "List tags", a.listTags),
		post("/tags", auth.Write, 201, "Make a tag", a.createTag, 409),
		patch("/tags/{uuid}", auth.Write, 200, "Rename a tag", a.renameTag, 409),
		remove("/tags/{uuid}", auth.Write, "Delete a tag, from everything that has it, too", a.deleteTag),
	}
}

// taggingRoutes are the routes about tags of the resources at a path.
func (a *API) taggingRoutes(path string, kind core.Kind) []Route {
	path += "/tags"
	return []Route{
		get(path, auth.Read, "List the tags of a resource", a.resourceTags(kind)),
		post(path, auth.Write, 201, "Give a resource tags", a.addTags(kind)),
		remove(path+"/{tag}", auth.Write, "Take a tag away", a.removeTag(kind)),
	}
}

func (a *API) listTags(ctx context.Context, p auth.Principal, _ none) ([]api.Tag, error) {
	return showTags(a.control.ListTags(ctx, p))
}

type writeTag struct {
	UUID string       `path:"uuid"`
	Body api.TagWrite `in:"body"`
}

type newTag struct {
	Body api.TagWrite `in:"body"`
}

func (a *API) createTag(ctx context.Context, p auth.Principal, in newTag) (api.Tag, error) {
	t, err := a.control.CreateTag(ctx, p, in.Body.Name)
	return showTag(t), err
}

func (a *API) renameTag(ctx context.Context, p auth.Principal, in writeTag) (api.Tag, error) {
	t, err := a.control.RenameTag(ctx, p, core.ID(in.UUID), in.Body.Name)
	return showTag(t), err
}

func (a *API) deleteTag(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
	return api.Message{Message: "Tag deleted."}, a.control.DeleteTag(ctx, p, core.ID(in.UUID))
}

func (a *API) resourceTags(kind core.Kind) handler[one, []api.Tag] {
	return func(ctx context.Context, p auth.Principal, in one) ([]api.Tag, error) {
		return showTags(a.control.ResourceTags(ctx, p, kind, core.ID(in.UUID)))
	}
}

type addTags struct {
	UUID string     `path:"uuid"`
	Body api.TagAdd `in:"body"`
}

func (a *API) addTags(kind core.Kind) handler[addTags, []api.Tag] {
	return func(ctx context.Context, p auth.Principal, in addTags) ([]api.Tag, error) {
		names := in.Body.TagNames
		if in.Body.TagName != "" {
			names = append(names, in.Body.TagName)
		}
		return showTags(a.control.AddTags(ctx, p, kind, core.ID(in.UUID), names))
	}
}

type oneTag struct {
	UUID string `path:"uuid"`
	Tag  string `path:"tag"`
}

func (a *API) removeTag(kind core.Kind) handler[oneTag, api.Message] {
	return func(ctx context.Context, p auth.Principal, in oneTag) (api.Message, error) {
		return api.Message{Message: "Tag removed."}, a.control.RemoveTag(ctx, p, kind, core.ID(in.UUID), core.ID(in.Tag))
	}
}

// tagging makes a handler that creates a resource give it the tags that were asked for
// with it. What is wrong with their names is said before anything is made.
func tagging[In, Out any](a *API, kind core.Kind, create handler[In, Out], names func(In) []string, made func(Out) string) handler[In, Out] {
	return func(ctx context.Context, p auth.Principal, in In) (Out, error) {
		tags := names(in)
		if err := control.CheckTags(tags); err != nil {
			var none Out
			return none, err
		}
		out, err := create(ctx, p, in)
		if err == nil && len(tags) > 0 {
			_, err = a.control.AddTags(ctx, p, kind, core.ID(made(out)), tags)
		}
		return out, err
	}
}

type withTag struct {
	Tag string `query:"tag" doc:"Only those with one of these tags, separated by commas."`
}

// having is the part of a list that has one of these tags; all of it without tags.
func having[T any](ctx context.Context, a *API, p auth.Principal, tag string, list []T, id func(T) core.ID) ([]T, error) {
	if tag == "" {
		return list, nil
	}
	ids, err := a.control.Tagged(ctx, p, strings.Split(tag, ","))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(list), func(one T) bool { return !slices.Contains(ids, id(one)) }), nil
}

func (a *API) deployTagged(ctx context.Context, p auth.Principal, tag string, in control.Action) (api.Deployed, error) {
	queued, err := a.control.DeployTagged(ctx, p, strings.Split(tag, ","), in)
	out := api.Deployed{Deployments: list(queued, showDeployed)}
	for _, item := range out.Deployments {
		out.Message = append(out.Message, item.Message)
		out.Details = append(out.Details, api.DeployedDetail{ResourceUUID: item.ResourceUUID, DeploymentUUID: item.DeploymentUUID})
	}
	return out, err
}

func showTags(tags []core.Tag, err error) ([]api.Tag, error) { return list(tags, showTag), err }

func showTag(t core.Tag) api.Tag {
	return api.Tag{UUID: string(t.UUID), Name: t.Name, CreatedAt: at(t.CreatedAt), UpdatedAt: at(t.UpdatedAt)}
}
