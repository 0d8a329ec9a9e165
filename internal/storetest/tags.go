package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// owners are a resource of each kind.
func (w *world) owners() map[core.Kind]core.Owner {
	out := map[core.Kind]core.Owner{}
	for k, d := range w.oneOfEach() {
		out[k] = core.Owner{Kind: k, RowID: d.Resource.RowID}
	}
	return out
}

// exerciseTags: words that resources of all kinds may have.
func exerciseTags(t *testing.T, db *sqlstore.DB) {
	w, other := newWorld(t, db), anotherWorld(t, db)
	ctx := t.Context()
	made, err := db.CreateTag(ctx, core.Tag{TeamID: w.team, Name: "prod"})
	ok(t, err)
	recent(t, "the tag was made", made.CreatedAt)
	_, err = db.CreateTag(ctx, core.Tag{TeamID: w.team, Name: "prod"})
	wantCode(t, "the same name", err, core.CodeConflict)
	_, err = db.TagResource(ctx, other.team, core.Owner{Kind: core.KindService, RowID: other.service.RowID}, []string{"prod"})
	ok(t, err)

	owners := w.owners()
	for _, k := range core.Kinds() {
		of := owners[k]
		for range 2 { // once more changes nothing
			tags, err := db.TagResource(ctx, w.team, of, []string{"prod", "web " + string(k)})
			ok(t, err)
			same(t, "tags of a "+string(k), names(tags), []string{"prod", "web " + string(k)})
		}
	}
	tagged, err := db.ListTagged(ctx, w.team, []string{"prod", "web service"})
	ok(t, err)
	if len(tagged) != 3 {
		t.Errorf("tagged are %v", tagged)
	}
	for what, tags := range map[string][]string{"nothing": nil, "unknown": {"nobody has this"}} {
		none, err := db.ListTagged(ctx, w.team, tags)
		ok(t, err)
		same(t, "tagged with "+what, none, []core.ID{})
	}

	changed, err := db.UpdateTag(ctx, core.Tag{TeamID: w.team, UUID: made.UUID, Name: "live"})
	ok(t, err)
	same(t, "renamed", changed.Name, "live")
	_, err = db.UpdateTag(ctx, core.Tag{TeamID: w.team, UUID: made.UUID, Name: "web service"})
	wantCode(t, "renamed to one that is there", err, core.CodeConflict)
	of := owners[core.KindDatabase]
	ok(t, db.UntagResource(ctx, w.team, of, made.UUID))
	wantCode(t, "taken away twice", db.UntagResource(ctx, w.team, of, made.UUID), core.CodeNotFound)
	left, err := db.ListResourceTags(ctx, w.team, of)
	ok(t, err)
	same(t, "left to the database", names(left), []string{"web database"})

	ok(t, db.DeleteService(ctx, w.team, w.service.UUID))
	tagged, err = db.ListTagged(ctx, w.team, []string{"live"})
	ok(t, err)
	if len(tagged) != 1 {
		t.Errorf("without the deleted service, tagged are %v", tagged)
	}
	ok(t, db.DeleteTag(ctx, w.team, made.UUID))
	all, err := db.ListTags(ctx, w.team)
	ok(t, err)
	same(t, "all tags", names(all), []string{"web application", "web database", "web service"})
	theirs, err := db.ListTags(ctx, other.team)
	ok(t, err)
	same(t, "tags of the other team", names(theirs), []string{"prod"})
}

func names(tags []core.Tag) []string {
	out := []string{}
	for _, t := range tags {
		out = append(out, t.Name)
	}
	return out
}

// reachesForTags are the ways to tags.
func (w *world) reachesForTags(it prey) map[string]func() error {
	db, us, ctx := w.db, w.team, w.t.Context()
	theirs := core.Owner{Kind: core.KindService, RowID: it.service.RowID}
	tags, err := db.TagResource(ctx, it.team, theirs, []string{"theirs"})
	ok(w.t, err)
	t := tags[0]
	t.TeamID = us
	return map[string]func() error{
		"UpdateTag":        func() error { _, err := db.UpdateTag(ctx, t); return err },
		"DeleteTag":        func() error { return db.DeleteTag(ctx, us, t.UUID) },
		"ListResourceTags": func() error { _, err := db.ListResourceTags(ctx, us, theirs); return err },
		"TagResource":      func() error { _, err := db.TagResource(ctx, us, theirs, []string{"x"}); return err },
		"UntagResource":    func() error { return db.UntagResource(ctx, us, theirs, t.UUID) },
		"UntagResource, ours": func() error {
			return db.UntagResource(ctx, us, core.Owner{Kind: core.KindService, RowID: w.service.RowID}, t.UUID)
		},
	}
}
