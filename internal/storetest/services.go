package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseServices(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	made := w.newService("blog", core.EnvVar{Key: "PASSWORD", Value: core.NewSecret("hunter22"), IsShownOnce: true})
	recent(t, "creation of the service", made.CreatedAt)
	if made.RowID == 0 || !made.UUID.Valid() || made.Status == "" || made.ComposeRaw.Reveal() != composeText || len(made.Parts) != 2 {
		t.Errorf("service is %+v", made)
	}
	got, err := db.GetService(t.Context(), w.team, made.UUID)
	ok(t, err)
	same(t, "service", got, made)
	all, err := db.ListServices(t.Context(), w.team)
	ok(t, err)
	same(t, "services", all, []core.Service{w.service, made})

	lost := made
	lost.UUID, lost.DestinationID = "", 999
	_, err = db.CreateService(t.Context(), lost, nil)
	wantCode(t, "service on no destination", err, core.CodeNotFound)
	if n := count(t, db, "services"); n != 2 {
		t.Errorf("a refused service left %d services, want 2", n)
	}

	ok(t, db.SetServiceStatus(t.Context(), w.team, made.RowID, "running:healthy", "hash", "written: text", map[string]string{"web": "running:healthy", "nope": "x", "db": ""}))
	ok(t, db.SetServiceStatus(t.Context(), w.team, made.RowID, "", "", "", nil))
	updateService(t, w, made)

	loaded, envs, on, to, err := db.LoadService(t.Context(), core.Deployment{TeamID: w.team, Resource: core.Resource{RowID: made.RowID}, Server: w.server.Ref()})
	ok(t, err)
	got, err = db.GetService(t.Context(), w.team, made.UUID)
	ok(t, err)
	same(t, "loaded service", loaded, got)
	same(t, "loaded server", on, w.server)
	same(t, "loaded destination", to, w.to)
	values := map[string]string{}
	for _, e := range envs {
		values[e.Key] = e.Value.Reveal()
	}
	same(t, "loaded variables", values, map[string]string{"PASSWORD": "hunter22", "NEW": "fresh"})

	entries, err := db.ListResources(t.Context(), w.team)
	ok(t, err)
	want := []core.ResourceEntry{
		{Kind: core.KindService, RowID: w.service.RowID, UUID: w.service.UUID, Name: "shop", Status: w.service.Status},
		{Kind: core.KindService, RowID: made.RowID, UUID: made.UUID, Name: "weblog", Status: "running:healthy"},
	}
	times := cmpopts.IgnoreFields(core.ResourceEntry{}, "CreatedAt", "UpdatedAt")
	if diff := cmp.Diff(want, entries, times); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	there, err := db.ListServerResources(t.Context(), w.team, w.server.UUID)
	ok(t, err)
	same(t, "resources of the server", there, entries)
}

func updateService(t *testing.T, w *world, v core.Service) {
	t.Helper()
	v.Name, v.Description, v.ComposeRaw, v.ConnectToDockerNetwork, v.LabelEscape = "weblog", "d", core.NewSecret("services: {}"), true, false
	v.Parts = []core.ServicePart{
		{Kind: core.PartApplication, Name: "web", Image: "nginx:2", Fqdn: "https://a.example", HumanName: "Web", ExcludeFromStatus: true},
		{Kind: core.PartApplication, Name: "worker"},
	}
	ok(t, w.db.UpdateService(t.Context(), v, []core.EnvVar{
		{Key: "PASSWORD", Value: core.NewSecret("must not win")}, {Key: "NEW", Value: core.NewSecret("fresh")},
	}))
	got, err := w.db.GetService(t.Context(), w.team, v.UUID)
	ok(t, err)
	want := v
	want.UpdatedAt, want.Parts = got.UpdatedAt, got.Parts
	// What was seen of the service stays.
	want.Status, want.ConfigHash, want.Compose = "running:healthy", "hash", core.NewSecret("written: text")
	same(t, "updated service", got, want)
	if len(got.Parts) != 2 {
		t.Fatalf("parts are %+v", got.Parts)
	}
	for i, part := range got.Parts {
		want := v.Parts[i]
		want.RowID, want.UUID, want.ServiceID, want.CreatedAt, want.UpdatedAt = part.RowID, part.UUID, v.RowID, part.CreatedAt, part.UpdatedAt
		want.Status = []string{"running:healthy", "exited"}[i]
		same(t, "updated part", part, want)
	}
}

func exerciseVariables(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	of := core.Owner{Kind: core.KindService, RowID: w.service.RowID}
	made, err := db.CreateEnv(t.Context(), w.team, core.EnvVar{Owner: of, Key: "A", Value: core.NewSecret("1"), Comment: "c",
		IsLiteral: true, IsMultiline: true, IsShownOnce: true, IsRuntime: true, IsBuildtime: true, IsRequired: true, IsGenerated: true, Version: "v"})
	ok(t, err)
	recent(t, "creation of the variable", made.CreatedAt)
	_, err = db.CreateEnv(t.Context(), w.team, core.EnvVar{Owner: of, Key: "A"})
	wantCode(t, "second variable of a key", err, core.CodeConflict)
	preview, err := db.CreateEnv(t.Context(), w.team, core.EnvVar{Owner: of, Key: "A", Value: core.NewSecret("2"), IsPreview: true})
	ok(t, err)

	change := core.EnvVar{Owner: of, Key: "A", Value: core.NewSecret("3"), IsRuntime: true}
	changed, err := db.UpdateEnv(t.Context(), w.team, change)
	ok(t, err)
	change.RowID, change.UUID, change.CreatedAt, change.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, changed.UpdatedAt
	same(t, "changed variable", changed, change)
	_, err = db.UpdateEnv(t.Context(), w.team, core.EnvVar{Owner: of, Key: "NOPE"})
	wantCode(t, "update of an unknown variable", err, core.CodeNotFound)

	stored, err := db.UpsertEnvs(t.Context(), w.team, of, []core.EnvVar{{Key: "B", Value: core.NewSecret("")}, {Key: "A", Value: core.NewSecret("4")}})
	ok(t, err)
	if len(stored) != 2 || stored[0].Key != "B" || stored[1].Value.Reveal() != "4" || stored[1].UUID != made.UUID {
		t.Errorf("stored %+v", stored)
	}
	all, err := db.ListEnvs(t.Context(), w.team, of)
	ok(t, err)
	same(t, "variables", all, []core.EnvVar{stored[1], preview, stored[0]})

	ok(t, db.DeleteEnv(t.Context(), w.team, of, preview.UUID))
	wantCode(t, "second deletion", db.DeleteEnv(t.Context(), w.team, of, preview.UUID), core.CodeNotFound)
	_, err = db.ListEnvs(t.Context(), w.team, core.Owner{Kind: "nonsense", RowID: 1})
	wantCode(t, "variables of an unknown kind", err, core.CodeBadRequest)
	database := core.Owner{Kind: core.KindDatabase, RowID: w.newDatabase("pg").RowID}
	_, err = db.CreateEnv(t.Context(), w.team, core.EnvVar{Owner: database, Key: "A"})
	ok(t, err)
	all, err = db.ListEnvs(t.Context(), w.team, database)
	ok(t, err)
	if len(all) != 1 || all[0].Owner != database {
		t.Errorf("variables of the database are %+v", all)
	}
}

// exerciseDeletion: a soft-deleted service is gone and its history stays; a purge takes
// all of it.
func exerciseDeletion(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("elsewhere", 2, 25)
	kept := w.enqueue(w.ask(w.newService("kept"), core.VerbStart))
	first := w.enqueue(w.ask(w.service, core.VerbStart))
	w.claim("a")
	d := w.claim("a")
	if d.UUID != first.UUID {
		t.Fatalf("claimed %s, want %s", d.UUID, first.UUID)
	}
	exit := 0
	ok(t, db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(1, 3), Steps: []core.Step{{Number: 1, Name: "pull", State: "done", ExitCode: &exit}}}))
	wantCode(t, "deletion of a busy server", db.DeleteServer(t.Context(), w.team, w.server.UUID), core.CodeBadRequest)

	ok(t, db.DeleteService(t.Context(), w.team, w.service.UUID))
	wantCode(t, "second deletion", db.DeleteService(t.Context(), w.team, w.service.UUID), core.CodeNotFound)
	_, err := db.GetService(t.Context(), w.team, w.service.UUID)
	wantCode(t, "deleted service", err, core.CodeNotFound)
	wantCode(t, "update of a deleted service", db.UpdateService(t.Context(), w.service, nil), core.CodeNotFound)
	_, err = db.ListEnvs(t.Context(), w.team, core.Owner{Kind: core.KindService, RowID: w.service.RowID})
	wantCode(t, "variables of a deleted service", err, core.CodeNotFound)
	v, _, _, _, err := db.LoadService(t.Context(), d)
	ok(t, err)
	recent(t, "deletion of the loaded service", v.DeletedAt)
	page, n, err := db.ListByResource(t.Context(), w.team, core.KindService, w.service.RowID, 0, 10)
	ok(t, err)
	if n != 1 || len(page) != 1 || page[0].UUID != d.UUID {
		t.Errorf("the history of the deleted service is %d of %d", len(page), n)
	}
	w.finish(d)
	_, _, err = db.EnqueueDeployment(t.Context(), w.ask(w.service, core.VerbStart))
	wantCode(t, "start of a deleted service", err, core.CodeNotFound)
	stop := w.enqueue(w.ask(w.service, core.VerbStop)) // a deletion may leave a stop to do
	_, err = db.CancelDeployment(t.Context(), w.team, stop.UUID, core.Actor{})
	ok(t, err)

	ok(t, db.PurgeService(t.Context(), w.team, w.service.UUID))
	wantCode(t, "second purge", db.PurgeService(t.Context(), w.team, w.service.UUID), core.CodeNotFound)
	_, err = db.GetDeployment(t.Context(), w.team, d.UUID)
	wantCode(t, "purged deployment", err, core.CodeNotFound)
	for table, want := range map[string]int{"log_lines": 0, "steps": 0, "logs": 1, "service_deployment_queues": 1} {
		if got := count(t, db, table); got != want {
			t.Errorf("%d rows left in %s after the purge, want %d", got, table, want)
		}
	}

	// With nothing live on it the server may go; what ran there is still known.
	running := w.get(kept.UUID)
	w.finish(running)
	wantCode(t, "deletion of a server with resources", db.DeleteServer(t.Context(), w.team, w.server.UUID), core.CodeBadRequest)
	ok(t, db.DeleteService(t.Context(), w.team, running.Resource.UUID))
	ok(t, db.DeleteServer(t.Context(), w.team, w.server.UUID))
	if got := w.get(kept.UUID); got.Server != w.server.Ref() {
		t.Errorf("after the deletion of its server a deployment ran on %+v, want %+v", got.Server, w.server.Ref())
	}
	_, _, _, _, err = db.LoadService(t.Context(), running)
	wantCode(t, "load for a server that is gone", err, core.CodeNotFound)
}
