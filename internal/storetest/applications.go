package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// valid is odd text as far as it is UTF-8: what is no UTF-8 comes back only where it may be.
var valid = strings.ToValidUTF8(odd, "")

// fullApplication has something in every field that the store keeps.
func (w *world) fullApplication(key core.PrivateKey, app core.GitHubApp) core.Application {
	a := w.sketch("full")
	a.Description = "all of it"
	a.Source = core.Source{Repository: "https://u:p@git.example/a/b", Key: "git.example/a/b", Branch: "feature/é", Commit: "c", KeyID: key.RowID,
		GitHubApp: app.RowID, Submodules: true, LFS: true, Shallow: true, WatchPaths: "a/**\nb"}
	a.Build = core.Build{Pack: core.PackCompose, BaseDirectory: "/b", Dockerfile: odd, DockerfilePath: "/D", TargetStage: "t", PublishDir: "/p", StaticImage: "n",
		IsStatic: true, IsSPA: true, NginxConf: odd, InstallCommand: valid, BuildCommand: "b", ImageName: "i", ImageTag: "it", ComposePath: "/c",
		ComposeDomains: []core.PartDomain{{Name: "web", Domain: "https://a.example", Redirect: "both"}, {Name: "api"}},
		NoCache:        true, UseSecrets: true, InjectArgs: true, IncludeCommit: true, BuildServer: true, KeepImages: 3}
	a.Serve = core.Serve{Domains: "https://a.example,https://b.example", Redirect: "www", Ports: "80,81", Mappings: "1:2", ForceHTTPS: true, Gzip: true,
		StripPrefix: true, NoIndex: []string{"a.example"}, BasicAuth: true, User: "u", Password: core.NewSecret(odd), Labels: odd, LabelEscape: true,
		PreviewURL: "{{pr_id}}", Aliases: "x,y"}
	a.Runtime = core.Runtime{StartCommand: valid, DockerOptions: "--init", StopGrace: 5, FixedName: true, CustomName: "n", RawCompose: true, StartCompose: "s",
		BuildCompose: "bc", MaxRestarts: 6, ConnectToNet: true,
		Limits: core.Limits{Memory: "1g", MemorySwap: "2g", MemoryReservation: "3", MemorySwappiness: 4, CPUs: "0.5", CPUSet: "0,1", CPUShares: 6}}
	a.Health = core.AppHealth{Enabled: true, Type: "cmd", Command: "c", Method: "HEAD", Scheme: "https", Host: "h", Port: 1, Path: "/h", Code: 204, Text: "ok",
		Interval: 2, Timeout: 3, Retries: 4, Start: 5}
	a.Hooks = core.Hooks{Pre: "p", PreContainer: "pc", Post: "q", PostContainer: "qc", GitHub: core.NewSecret(odd), GitLab: core.NewSecret("l"),
		Bitbucket: core.NewSecret("b"), Gitea: core.NewSecret("g"), Generic: core.NewSecret("x")}
	a.AutoDeploy = core.AutoDeploy{Enabled: true, Previews: true, PublicPreviews: true, PausedAt: time.UnixMicro(1).UTC(), PausedBy: "Ada", PausedFor: core.NewID()}
	a.Ran = core.ApplicationRan{Deployment: core.NewID(), Commit: "rc", Image: "ri", BuildHash: "rh", Composed: core.Composed{
		Name: "c.yml", Raw: core.NewSecret(valid), Text: core.NewSecret("t"),
		Parts: []core.ComposedPart{{Name: "web", Image: "i", Built: true, Fqdn: "f", Excluded: true, Empty: true, Stays: true}, {Name: "db"}},
	}}
	a.Status, a.ConfigHash = "running:healthy", "h"
	return a
}

// newSource makes a key and a GitHub App that says by it who it is.
func (w *world) newSource(name string) (core.PrivateKey, core.GitHubApp) {
	w.t.Helper()
	key, err := w.db.CreateKey(w.t.Context(), core.PrivateKey{TeamID: w.team, Name: name, Fingerprint: name, PrivateKey: core.NewSecret("PEM of " + name)})
	ok(w.t, err)
	app, err := w.db.CreateGitHubApp(w.t.Context(), core.GitHubApp{TeamID: w.team, Name: name, KeyID: key.RowID, AppID: 7, WebhookSecret: core.NewSecret("hook")})
	ok(w.t, err)
	return key, app
}

// exerciseApplications: what is stored comes back as it was, byte for byte.
func exerciseApplications(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	key, app := w.newSource("source")
	want := w.fullApplication(key, app)
	made, err := db.CreateApplication(t.Context(), want, []core.EnvVar{{Key: "TZ", Value: core.NewSecret("UTC")}})
	ok(t, err)
	recent(t, "creation of the application", made.CreatedAt)
	want.RowID, want.UUID, want.CreatedAt, want.UpdatedAt = made.RowID, made.UUID, made.CreatedAt, made.CreatedAt
	if made.RowID == 0 || !made.UUID.Valid() {
		t.Errorf("application is %d, %q", made.RowID, made.UUID)
	}
	same(t, "made application", made, want)
	got, err := db.GetApplication(t.Context(), w.team, made.UUID)
	ok(t, err)
	same(t, "application", got, want)
	plain := w.newApplication("plain")
	bare := w.sketch("plain")
	bare.RowID, bare.UUID, bare.Status, bare.CreatedAt, bare.UpdatedAt = plain.RowID, plain.UUID, "exited", plain.CreatedAt, plain.CreatedAt
	same(t, "plain application", plain, bare)
	all, err := db.ListApplications(t.Context(), w.team)
	ok(t, err)
	same(t, "applications", all, []core.Application{want, plain})
	envs, err := db.ListEnvs(t.Context(), w.team, core.Owner{Kind: core.KindApplication, RowID: made.RowID})
	ok(t, err)
	if len(envs) != 1 || envs[0].Key != "TZ" || envs[0].Value.Reveal() != "UTC" {
		t.Errorf("first variables are %+v", envs)
	}

	for what, bad := range map[string]func(*core.Application){
		"no destination":     func(a *core.Application) { a.DestinationID = 999 },
		"unknown key":        func(a *core.Application) { a.Source.KeyID = 999 },
		"unknown GitHub App": func(a *core.Application) { a.Source.GitHubApp = 999 },
	} {
		lost := w.sketch("lost")
		bad(&lost)
		_, err = db.CreateApplication(t.Context(), lost, nil)
		wantCode(t, "application with "+what, err, core.CodeNotFound)
	}
	if n := count(t, db, "applications"); n != 2 {
		t.Errorf("refused applications left %d, want 2", n)
	}
	w.updateApplication(want)
	w.formerApplication()
	entries, err := db.ListResources(t.Context(), w.team)
	ok(t, err)
	if e := entries[0]; len(entries) != 4 || e.Kind != core.KindApplication || e.Type != "nixpacks" || e.Name != "renamed" || e.Status != "exited:unhealthy" {
		t.Errorf("resources are %+v", entries)
	}
}

// formerApplication makes one from before there were settings.
func (w *world) formerApplication() {
	w.t.Helper()
	former := w.newApplication("former")
	_, err := w.db.Raw().ExecContext(w.t.Context(), `UPDATE applications SET settings = NULL, build_pack = '' WHERE id = $1`, former.RowID)
	ok(w.t, err)
	got, err := w.db.GetApplication(w.t.Context(), w.team, former.UUID)
	ok(w.t, err)
	former.Build = core.Build{}
	same(w.t, "application without settings", got, former)
}

// updateApplication: people's settings and what was seen are written apart.
func (w *world) updateApplication(v core.Application) {
	t := w.t
	t.Helper()
	read := func() core.Application {
		t.Helper()
		got, err := w.db.GetApplication(t.Context(), w.team, v.UUID)
		ok(t, err)
		if !got.UpdatedAt.After(v.UpdatedAt) {
			t.Errorf("written at %v, before that at %v", got.UpdatedAt, v.UpdatedAt)
		}
		v.UpdatedAt = got.UpdatedAt
		return got
	}
	change := v
	change.Name, change.Description = "renamed", ""
	change.Source, change.Build = core.Source{Repository: "r", Key: "k", Branch: "main"}, core.Build{Pack: core.PackNixpacks, Dockerfile: "FROM x"}
	change.Serve, change.Runtime, change.Health = core.Serve{Domains: "d"}, core.Runtime{StopGrace: 1}, core.AppHealth{Path: "/"}
	change.Hooks, change.AutoDeploy = core.Hooks{Gitea: core.NewSecret("s")}, core.AutoDeploy{PausedBy: "Bob"}
	change.Status, change.ConfigHash, change.Ran, change.ServerID = "x", "y", core.ApplicationRan{Image: "z"}, 999 // are not written
	ok(t, w.db.UpdateApplication(t.Context(), change))
	status, hash, ran, server := v.Status, v.ConfigHash, v.Ran, v.ServerID
	updated := v.UpdatedAt
	v = change
	v.Status, v.ConfigHash, v.Ran, v.ServerID, v.UpdatedAt = status, hash, ran, server, updated
	same(t, "updated application", read(), v)

	d := w.push(v, "c")
	set := func(status, hash string, ran *core.ApplicationRan) {
		t.Helper()
		ok(t, w.db.SetApplicationStatus(t.Context(), d, status, hash, ran))
	}
	set("exited:unhealthy", "", nil)
	v.Status = "exited:unhealthy"
	same(t, "application with another status", read(), v)
	set("", "h2", nil)
	v.ConfigHash = "h2"
	same(t, "application with another hash", read(), v)
	v.Ran = core.ApplicationRan{Deployment: core.NewID(), Commit: "c2", Image: "i2"}
	set("", "", &v.Ran)
	same(t, "application that ran something else", read(), v)
	v.Ran.Composed = core.Composed{Raw: core.NewSecret("raw"), Text: core.NewSecret("text"), Parts: []core.ComposedPart{{Name: "web"}}}
	set("", "", &v.Ran)
	same(t, "application that ran a compose file", read(), v)
	exerciseAddEnvs(t, w, v)
	d.Resource.RowID = 999
	wantCode(t, "status of an unknown application", w.db.SetApplicationStatus(t.Context(), d, "x", "", nil), core.CodeNotFound)
	v.UUID = core.NewID()
	wantCode(t, "update of an unknown application", w.db.UpdateApplication(t.Context(), v), core.CodeNotFound)
	change.Source.KeyID = 999
	wantCode(t, "update to an unknown key", w.db.UpdateApplication(t.Context(), change), core.CodeNotFound)
}

// exerciseAddEnvs: only variables that are not there are added, per preview flag.
func exerciseAddEnvs(t testing.TB, w *world, a core.Application) {
	t.Helper()
	o := core.Owner{Kind: core.KindApplication, RowID: a.RowID}
	add := func(value string) []core.EnvVar {
		all, err := w.db.AddEnvs(t.Context(), w.team, o, []core.EnvVar{
			{Key: "SERVICE_USER_A", Value: core.NewSecret(value)}, {Key: "SERVICE_USER_A", Value: core.NewSecret("of previews"), IsPreview: true},
		})
		ok(t, err)
		return all
	}
	first := add("first")
	same(t, "variables that were there already", add("second"), first)
	if n := len(first); n < 2 || first[n-2].Value.Reveal() != "first" || !first[n-1].IsPreview {
		t.Errorf("added %+v", first)
	}
	_, err := w.db.AddEnvs(t.Context(), w.team, core.Owner{Kind: core.KindApplication, RowID: 999}, nil)
	wantCode(t, "variables of an unknown application", err, core.CodeNotFound)
}

// exerciseRepositories: a push reaches the live applications of all teams that come from
// its repository, and none that come from nowhere.
func exerciseRepositories(t *testing.T, db *sqlstore.DB) {
	w, other := newWorld(t, db), anotherWorld(t, db)
	make := func(w *world, key string) core.Application {
		a := w.sketch("a")
		a.Source = core.Source{Key: key, Branch: "main"}
		made, err := db.CreateApplication(t.Context(), a, nil)
		ok(t, err)
		return made
	}
	mine, theirs, gone := make(w, "git.example/a/b"), make(other, "git.example/a/b"), make(w, "git.example/a/b")
	make(w, "git.example/a/B")
	make(w, "")
	ok(t, db.DeleteApplication(t.Context(), w.team, gone.UUID))
	for key, want := range map[string][]core.Application{"git.example/a/b": {mine, theirs}, "git.example/a": {}, "": {}, "git.example/a/b\x00": {mine, theirs}} {
		got, err := db.ListByRepository(t.Context(), key)
		ok(t, err)
		same(t, "applications of "+key, got, want)
	}
	mine.Source.Key = "elsewhere"
	ok(t, db.UpdateApplication(t.Context(), mine))
	got, err := db.ListByRepository(t.Context(), "git.example/a/b")
	ok(t, err)
	same(t, "applications after one has moved", got, []core.Application{theirs})
}

// exerciseApplicationDeletion: a soft-deleted application is gone and its history stays;
// a purge takes all of it.
func exerciseApplicationDeletion(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db).onServer("doomed", 2, 25)
	ok(t, db.PurgeService(t.Context(), w.team, w.service.UUID))
	of, bystander := w.newApplication("app"), w.newApplication("bystander")
	there := w.onServer("there", 2, 25)
	exit := 0
	for _, a := range []core.Application{of, bystander} {
		owner := core.Owner{Kind: core.KindApplication, RowID: a.RowID}
		_, err := db.CreateEnv(t.Context(), w.team, core.EnvVar{Owner: owner, Key: "A"})
		ok(t, err)
		_, err = db.CreateStorage(t.Context(), w.team, core.Storage{Owner: owner, MountPath: "/x"})
		ok(t, err)
		_, err = db.PutPreview(t.Context(), w.team, core.Preview{Application: a.RowID, PullRequest: 1})
		ok(t, err)
		ok(t, db.AddFurther(t.Context(), w.team, a.RowID, there.to.RowID))
		w.enqueue(w.push(a, "c"))
		d := w.claim("a")
		ok(t, db.AppendLog(t.Context(), core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: lines(1, 3),
			Steps: []core.Step{{Number: 1, Name: "build", State: "done", ExitCode: &exit}}}))
	}
	wantCode(t, "deletion of a busy server", db.DeleteServer(t.Context(), w.team, w.server.UUID), core.CodeBadRequest)
	active, err := db.ListActive(t.Context(), w.team)
	ok(t, err)
	for _, d := range active {
		w.finish(d)
	}
	w.deleteApplication(of)

	ok(t, db.PurgeApplication(t.Context(), w.team, of.UUID))
	wantCode(t, "second purge", db.PurgeApplication(t.Context(), w.team, of.UUID), core.CodeNotFound)
	for table, want := range map[string]int{"applications": 1, "environment_variables": 1, "storages": 1, "application_previews": 1,
		"application_destinations": 1, "application_deployment_queues": 1, "logs": 1, "steps": 1, "log_lines": 3} {
		if got := count(t, db, table); got != want {
			t.Errorf("%d rows left in %s after the purge, want %d", got, table, want)
		}
	}

	environment := w.project.Environments[0].UUID
	wantCode(t, "deletion of a server with applications", db.DeleteServer(t.Context(), w.team, w.server.UUID), core.CodeBadRequest)
	wantCode(t, "deletion of an environment with applications", db.DeleteEnvironment(t.Context(), w.team, w.project.UUID, environment), core.CodeBadRequest)
	ok(t, db.DeleteApplication(t.Context(), w.team, bystander.UUID))
	ok(t, db.DeleteServer(t.Context(), w.team, w.server.UUID))
	history, n, err := db.ListByResource(t.Context(), w.team, core.KindApplication, bystander.RowID, 0, 9)
	ok(t, err)
	if n != 1 || len(history) != 1 || history[0].Server != w.server.Ref() {
		t.Errorf("the history of an application whose server is gone is %+v", history)
	}
}

// deleteApplication deletes an application with one deployment, and checks what is left
// to see of it.
func (w *world) deleteApplication(of core.Application) {
	t, db := w.t, w.db
	t.Helper()
	ok(t, db.DeleteApplication(t.Context(), w.team, of.UUID))
	wantCode(t, "second deletion", db.DeleteApplication(t.Context(), w.team, of.UUID), core.CodeNotFound)
	_, err := db.GetApplication(t.Context(), w.team, of.UUID)
	wantCode(t, "deleted application", err, core.CodeNotFound)
	wantCode(t, "update of a deleted application", db.UpdateApplication(t.Context(), of), core.CodeNotFound)
	_, err = db.ListRollbackTargets(t.Context(), w.team, of.RowID, 9)
	wantCode(t, "rollback targets of a deleted application", err, core.CodeNotFound)
	_, _, err = db.EnqueueDeployment(t.Context(), w.push(of, "d"))
	wantCode(t, "deployment of a deleted application", err, core.CodeNotFound)
	_, _, err = db.EnqueueDelivery(t.Context(), "github", "d", []core.Deployment{w.push(of, "d")})
	wantCode(t, "push for a deleted application", err, core.CodeNotFound)
	all, err := db.ListApplications(t.Context(), w.team)
	ok(t, err)
	if len(all) != 1 || all[0].UUID == of.UUID {
		t.Errorf("applications are %+v", all)
	}
	stop := w.push(of, "")
	stop.Verb = core.VerbStop
	for pr := range 2 { // a deletion may leave stops to do, of previews too
		stop.Revision.PullRequest = pr
		queued := w.enqueue(stop)
		ok(t, db.SetApplicationStatus(t.Context(), queued, "exited:unhealthy", "", nil))
		_, err = db.CancelDeployment(t.Context(), w.team, queued.UUID, core.Actor{})
		ok(t, err)
	}
	history, n, err := db.ListByResource(t.Context(), w.team, core.KindApplication, of.RowID, 0, 10)
	ok(t, err)
	if n != 3 || len(history) != 3 {
		t.Errorf("the history of the deleted application is %d of %d", len(history), n)
	}
}
