package control_test

import (
	"context"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func applicationCalls() []call {
	return []call{
		{"ListApplications", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListApplications(ctx, p))
		}},
		{"GetApplication", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetApplication(ctx, p, x.app.application))
		}},
		{"CreateApplication", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateApplication(ctx, p, x.applicationInput()))
		}},
		{"UpdateApplication", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateApplication(ctx, p, x.app.application, control.ApplicationPatch{Name: ptr("Renamed")}))
		}},
		{"ApplicationLogs", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			err := drop(c.ApplicationLogs(ctx, p, x.app.application, "", 10, false))
			if err != nil && err.Error() == "Application is not running." {
				return nil // it is none that runs anywhere
			}
			return err
		}},
		{"ListEnvs of an application", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListEnvs(ctx, p, core.KindApplication, x.app.application))
		}},
		{"DeleteEnv of an application", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteEnv(ctx, p, core.KindApplication, x.app.application, x.app.env)
		}},
		{"ListStorages of an application", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListStorages(ctx, p, core.KindApplication, x.app.application))
		}},
		{"DeleteStorage of an application", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteStorage(ctx, p, core.KindApplication, x.app.application, x.app.storage)
		}},
		{"StartApplication", auth.Deploy, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.StartApplication(ctx, p, x.app.application, control.Action{}))
		}},
		{"RestartApplication", auth.Deploy, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RestartApplication(ctx, p, x.app.application, control.Action{}))
		}},
		{"StopApplication", auth.Deploy, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.StopApplication(ctx, p, x.app.application, control.Action{}))
		}},
		{"Deploy of an application", auth.Deploy, "No resources found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.Deploy(ctx, p, []core.ID{x.app.application}, control.Action{}))
		}},
		{"ListRollbackTargets", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListRollbackTargets(ctx, p, x.app.application))
		}},
		{"Rollback", auth.Deploy, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.Rollback(ctx, p, x.app.application, control.RollbackInput{Commit: firstCommit}))
		}},
		{"PlanRollback", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return planned(c.PlanRollback(ctx, p, x.app.application, control.RollbackInput{Commit: firstCommit}))
		}},
		{"ResumeAutoDeploy", auth.Deploy, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ResumeAutoDeploy(ctx, p, x.app.application))
		}},
		{"DeleteApplication", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.DeleteApplication(ctx, p, x.app.application, core.Removal{}))
		}},
	}
}

// planned lets pass that there is nothing to go back to.
func planned(_ control.RollbackPlan, err error) error {
	if err != nil && err.Error() == "Deployment not found." {
		return nil
	}
	return err
}

func placeCalls() []call {
	return []call{
		{"ListPlaces", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListPlaces(ctx, p, x.app.application))
		}},
		{"AddPlace", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.AddPlace(ctx, p, x.app.application, x.app.place)
		}},
		{"RemovePlace", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RemovePlace(ctx, p, x.app.application, x.app.place))
		}},
		{"ListPreviews", auth.Read, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListPreviews(ctx, p, x.app.application))
		}},
		{"DeletePreview", auth.Write, "Application not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.DeletePreview(ctx, p, x.app.application, 7))
		}},
		{"GetProxy", auth.Read, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetProxy(ctx, p, x.server))
		}},
		{"SetProxy", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.SetProxy(ctx, p, x.server, "caddy"))
		}},
		{"StartProxy", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.StartProxy(ctx, p, x.server)
		}},
		{"RestartProxy", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.RestartProxy(ctx, p, x.server)
		}},
		{"StopProxy", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.StopProxy(ctx, p, x.server)
		}},
	}
}

func sourceCalls() []call {
	return []call{
		{"ListShared", auth.Read, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListShared(ctx, p, x.shared()))
		}},
		{"CreateShared", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateShared(ctx, p, x.shared(), control.EnvInput{Key: "NEW"}))
		}},
		{"UpdateShared", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateShared(ctx, p, x.shared(), string(x.app.shared), control.EnvInput{Value: secret("us")}))
		}},
		{"DeleteShared", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteShared(ctx, p, x.shared(), string(x.app.shared))
		}},
		{"DeleteShared of the team", auth.Write, "Environment variable not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteShared(ctx, p, control.Scope{}, string(x.app.shared))
		}},
		{"ListGitHubApps", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListGitHubApps(ctx, p))
		}},
		{"GetGitHubApp", auth.Read, "Github App not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetGitHubApp(ctx, p, string(x.app.gitHub)))
		}},
		{"CreateGitHubApp", auth.Write, "Private Key not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateGitHubApp(ctx, p, control.GitHubAppPatch{Name: ptr("another"), Key: &x.key}))
		}},
		{"UpdateGitHubApp", auth.Write, "Github App not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateGitHubApp(ctx, p, string(x.app.gitHub), control.GitHubAppPatch{Name: ptr("renamed")}))
		}},
		{"ListGitHubRepositories", auth.Read, "Github App not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListGitHubRepositories(ctx, p, string(x.app.gitHub)))
		}},
		{"ListGitHubBranches", auth.Read, "Github App not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListGitHubBranches(ctx, p, string(x.app.gitHub), "acme/shop"))
		}},
		{"DeleteGitHubApp", auth.Write, "Github App not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteGitHubApp(ctx, p, string(x.app.gitHub))
		}},
	}
}

// TestForeignIDsOfApplications puts ids of another team where ids of one's own belong.
func TestForeignIDsOfApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.furnishAll(t, w.owner)
	eve := w.otherTeam(t)
	mine := w.furnishAll(t, eve)
	ctx := t.Context()
	before := w.dump(t)
	for _, c := range []struct {
		change func(*control.ApplicationInput)
		want   string
	}{
		{func(in *control.ApplicationInput) { in.Server = theirs.server }, "Server not found."},
		{func(in *control.ApplicationInput) { in.Project = theirs.project }, "Project not found."},
		{func(in *control.ApplicationInput) { in.Environment = string(theirs.environment) }, "Environment not found."},
		{func(in *control.ApplicationInput) { in.Destination = theirs.destination }, "Destination not found."},
		{func(in *control.ApplicationInput) { in.From, in.Source.Key = control.FromDeployKey, &theirs.key }, "Private Key not found."},
		{func(in *control.ApplicationInput) {
			in.From, in.Source.GitHubApp = control.FromGitHubApp, ptr(string(theirs.app.gitHub))
		}, "Github App not found."},
	} {
		in := mine.applicationInput()
		c.change(&in)
		wantCode(t, drop(w.c.CreateApplication(ctx, eve, in)), core.CodeNotFound, c.want)
	}
	own := mine.app.application
	_, err := w.c.UpdateApplication(ctx, eve, own, control.ApplicationPatch{Source: control.SourcePatch{Key: &theirs.key}})
	wantCode(t, err, core.CodeNotFound, "Private Key not found.")
	wantCode(t, w.c.AddPlace(ctx, eve, own, theirs.app.place), core.CodeNotFound, "Destination not found.")
	wantCode(t, drop(w.c.RemovePlace(ctx, eve, own, theirs.app.place)), core.CodeNotFound, "Destination not found.")
	wantCode(t, w.c.DeleteEnv(ctx, eve, core.KindApplication, own, theirs.app.env), core.CodeNotFound, "Environment variable not found.")
	wantCode(t, w.c.DeleteStorage(ctx, eve, core.KindApplication, own, theirs.app.storage), core.CodeNotFound, "Storage not found.")
	wantCode(t, w.c.DeleteShared(ctx, eve, mine.shared(), string(theirs.app.shared)), core.CodeNotFound, "Environment variable not found.")
	_, err = w.c.Rollback(ctx, eve, own, control.RollbackInput{Deployment: theirs.deployment})
	wantCode(t, err, core.CodeNotFound, "Deployment not found.")
	_, err = w.c.CreateGitHubApp(ctx, eve, control.GitHubAppPatch{Name: ptr("a"), Key: &theirs.key})
	wantCode(t, err, core.CodeNotFound, "Private Key not found.")
	if w.dump(t) != before {
		t.Error("a call with ids of others changed the database")
	}
}

// TestSecretsOfApplications looks at every answer about applications that can hold a
// secret.
func TestSecretsOfApplications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	id := x.app.application
	must(w.c.UpdateApplication(ctx, w.owner, id, control.ApplicationPatch{
		Serve: control.ServePatch{Labels: ptr("a.b=c")}, Build: control.BuildPatch{NginxConf: ptr("# password")},
	}))(t)
	writer := as(w.owner, core.RoleAdmin, auth.Read, auth.Write, auth.Deploy)
	for _, c := range []struct {
		p    auth.Principal
		sees bool
	}{
		{w.owner, true},
		{as(w.owner, core.RoleAdmin, auth.Read, auth.ReadSensitive), true},
		{writer, false},
		{as(w.owner, core.RoleMember, auth.Root), false},
	} {
		list := must(w.c.ListApplications(ctx, c.p))(t)
		list = append(list, must(w.c.GetApplication(ctx, c.p, id))(t))
		list = append(list, must(w.c.GetEnvironment(ctx, c.p, x.project, "production"))(t).Applications...)
		for _, a := range list {
			checkHidden(t, a, c.sees)
		}
		app := must(w.c.GetGitHubApp(ctx, c.p, string(x.app.gitHub)))(t)
		apps := must(w.c.ListGitHubApps(ctx, c.p))(t)
		for _, g := range append(apps, app) {
			if g.WebhookSecret.Empty() == c.sees || g.ClientSecret.Empty() == c.sees {
				t.Errorf("secrets of a GitHub App for %v: %+v", c.p.Abilities, g)
			}
		}
		if e := must(w.c.ListShared(ctx, c.p, x.shared()))(t); len(e) != 1 || e[0].Value.Empty() == c.sees || e[0].Hidden == c.sees {
			t.Errorf("shared variables for %v: %+v", c.p.Abilities, e)
		}
	}
	checkHidden(t, must(w.c.UpdateApplication(ctx, writer, id, control.ApplicationPatch{Name: ptr("B")}))(t).Application, false)
	if g := must(w.c.UpdateGitHubApp(ctx, writer, string(x.app.gitHub), control.GitHubAppPatch{Name: ptr("B")}))(t); !g.WebhookSecret.Empty() {
		t.Error("the answer to a change shows a secret to one who may not see it")
	}
}

func checkHidden(t testing.TB, a control.Application, sees bool) {
	t.Helper()
	for what, shown := range map[string]bool{
		"Dockerfile": a.Build.Dockerfile != "", "nginx configuration": a.Build.NginxConf != "", "labels": a.Serve.Labels != "",
		"password": !a.Serve.Password.Empty(), "GitHub": !a.Hooks.GitHub.Empty(), "GitLab": !a.Hooks.GitLab.Empty(),
		"Gitea": !a.Hooks.Gitea.Empty(), "Bitbucket": !a.Hooks.Bitbucket.Empty(), "generic": !a.Hooks.Generic.Empty(),
	} {
		if shown != sees {
			t.Errorf("%s: shown is %v, want %v", what, shown, sees)
		}
	}
	if a.Serve.User != "clerk" || a.Source.Repository != address {
		t.Errorf("application %+v", a)
	}
}
