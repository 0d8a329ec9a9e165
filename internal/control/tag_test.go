package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestDeployByTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	for kind, id := range map[core.Kind]core.ID{core.KindApplication: x.app.application, core.KindService: x.service, core.KindDatabase: x.data.database} {
		must(w.c.AddTags(ctx, w.owner, kind, id, []string{" Prod ", "prod", string(kind)}))(t)
	}
	tags := must(w.c.ResourceTags(ctx, w.owner, core.KindService, x.service))(t)
	if len(tags) != 3 || tags[0].Name != "ours" || tags[1].Name != "prod" || tags[2].Name != "service" {
		t.Errorf("tags %+v", tags)
	}
	queued := must(w.c.DeployTagged(ctx, w.owner, []string{"PROD", "", "nobody"}, control.Action{Note: "all"}))(t)
	var kinds []core.Kind
	for _, q := range queued {
		kinds = append(kinds, q.Deployment.Kind)
	}
	if !slices.Equal(kinds, []core.Kind{core.KindApplication, core.KindDatabase, core.KindService}) {
		t.Errorf("deployed %v", kinds)
	}
	wantCode(t, drop(w.c.DeployTagged(ctx, w.owner, []string{" "}, control.Action{})), core.CodeBadRequest, "No TAGs provided.")
	wantCode(t, drop(w.c.DeployTagged(ctx, w.owner, []string{"nobody"}, control.Action{})), core.CodeNotFound, "No resources found with this tag.")
}

func TestNamesOfTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range append(payloads(), "", "  ", "a,b", "<b>") {
		if strings.HasPrefix(name, "ext::") {
			continue // letters, colons and a dash, which go nowhere near git
		}
		if _, err := w.c.CreateTag(t.Context(), w.owner, name); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := control.CheckTags(nil); err != nil {
		t.Errorf("without tags: %v", err)
	}
	many := slices.Repeat([]string{"a"}, 51)
	wantFields(t, control.CheckTags(many), "tags")
	one := must(w.c.CreateTag(t.Context(), w.owner, "One"))(t)
	wantCode(t, drop(w.c.CreateTag(t.Context(), w.owner, "ONE")), core.CodeConflict, "There is a tag with this name already.")
	if two := must(w.c.RenameTag(t.Context(), w.owner, one.UUID, "Two"))(t); two.Name != "two" || two.UUID != one.UUID {
		t.Errorf("renamed %+v", two)
	}
}

func tagCalls() []call {
	return []call{
		{"ListTags", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListTags(ctx, p))
		}},
		{"CreateTag", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.CreateTag(ctx, p, "new"))
		}},
		{"RenameTag", auth.Write, "Tag not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RenameTag(ctx, p, x.tag, "renamed"))
		}},
		{"DeleteTag", auth.Write, "Tag not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteTag(ctx, p, x.tag)
		}},
		{"ResourceTags", auth.Read, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ResourceTags(ctx, p, core.KindService, x.service))
		}},
		{"AddTags", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.AddTags(ctx, p, core.KindService, x.service, []string{"more"}))
		}},
		{"RemoveTag", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.RemoveTag(ctx, p, core.KindService, x.service, x.tag)
		}},
		{"Tagged", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.Tagged(ctx, p, []string{"prod"}))
		}},
		{"DeployTagged", auth.Deploy, "No resources found with this tag.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.DeployTagged(ctx, p, []string{"tag of " + string(x.service)}, control.Action{}))
		}},
	}
}
