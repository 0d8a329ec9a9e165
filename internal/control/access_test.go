package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// call is one method of Control, as somebody may ask for it with the ids of x.
type call struct {
	name    string
	needs   auth.Ability
	missing string // the answer when what it names is missing; "" when it names nothing
	run     func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error
}

func drop[T any](_ T, err error) error { return err }

// calls are all methods of Control.
func calls() []call {
	return slices.Concat(serverCalls(), keyCalls(), projectCalls(), serviceCalls(), databaseCalls(), backupCalls(), applicationCalls(), placeCalls(), sourceCalls(), deploymentCalls(), recordCalls(), tagCalls(), teamCalls())
}

func serverCalls() []call {
	return []call{
		{"ListServers", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListServers(ctx, p))
		}},
		{"GetServer", auth.Read, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetServer(ctx, p, x.server))
		}},
		{"CreateServer", auth.Write, "Private Key not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateServer(ctx, p, control.ServerInput{IP: "10.7.7.7", Key: x.key}))
		}},
		{"UpdateServer", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateServer(ctx, p, x.server, control.ServerPatch{Name: ptr("renamed")}))
		}},
		{"ValidateServer", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.ValidateServer(ctx, p, x.server, true)
		}},
		{"ServerResources", auth.Read, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ServerResources(ctx, p, x.server))
		}},
		{"ListDestinations", auth.Read, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListDestinations(ctx, p, x.server))
		}},
		{"TeamDestinations", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.TeamDestinations(ctx, p))
		}},
		{"GetDestination", auth.Read, "Destination not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetDestination(ctx, p, x.destination))
		}},
		{"CreateDestination", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateDestination(ctx, p, control.DestinationInput{Server: x.server}))
		}},
		{"UpdateDestination", auth.Write, "Destination not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateDestination(ctx, p, x.destination, ptr("renamed")))
		}},
		{"DeleteDestination", auth.Write, "Destination not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteDestination(ctx, p, x.destination)
		}},
		{"UpdatePart", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdatePart(ctx, p, x.service, core.NewID(), core.PartApplication, control.PartPatch{}))
		}},
		{"Resources", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.Resources(ctx, p))
		}},
		{"DeleteServer", auth.Write, "Server not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteServer(ctx, p, x.server)
		}},
	}
}

func keyCalls() []call {
	return []call{
		{"ListKeys", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListKeys(ctx, p))
		}},
		{"GetKey", auth.Read, "Private Key not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetKey(ctx, p, x.key))
		}},
		{"CreateKey", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.CreateKey(ctx, p, control.KeyInput{PrivateKey: core.NewSecret("rubbish")}))
		}},
		{"GenerateKey", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.GenerateKey(ctx, p, control.KeyInput{Name: "generated"}))
		}},
		{"UpdateKey", auth.Write, "Private Key not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateKey(ctx, p, x.key, control.KeyPatch{Name: ptr("renamed")}))
		}},
		{"DeleteKey", auth.Write, "Private Key not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteKey(ctx, p, x.key)
		}},
	}
}

func projectCalls() []call {
	return []call{
		{"ListProjects", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListProjects(ctx, p))
		}},
		{"GetProject", auth.Read, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetProject(ctx, p, x.project))
		}},
		{"CreateProject", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.CreateProject(ctx, p, control.ProjectInput{Name: "Another"}))
		}},
		{"UpdateProject", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateProject(ctx, p, x.project, control.ProjectPatch{Name: ptr("Renamed")}))
		}},
		{"ListEnvironments", auth.Read, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListEnvironments(ctx, p, x.project))
		}},
		{"GetEnvironment", auth.Read, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetEnvironment(ctx, p, x.project, "production"))
		}},
		{"CreateEnvironment", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateEnvironment(ctx, p, x.project, control.EnvironmentInput{Name: "staging"}))
		}},
		{"UpdateEnvironment", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateEnvironment(ctx, p, x.project, string(x.environment), control.ProjectPatch{Description: ptr("live")}))
		}},
		{"DeleteEnvironment", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteEnvironment(ctx, p, x.project, string(x.environment))
		}},
		{"DeleteProject", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteProject(ctx, p, x.project)
		}},
	}
}

func serviceCalls() []call {
	return []call{
		{"ListServices", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListServices(ctx, p))
		}},
		{"GetService", auth.Read, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetService(ctx, p, x.service))
		}},
		{"CreateService", auth.Write, "Project not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateService(ctx, p, x.serviceInput()))
		}},
		{"UpdateService", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateService(ctx, p, x.service, control.ServicePatch{Compose: secret(composeText + "  db:\n    image: postgres\n")}))
		}},
		{"ServiceLogs", auth.Read, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ServiceLogs(ctx, p, x.service, "web", 10, false))
		}},
		{"ListEnvs", auth.Read, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.ListEnvs(ctx, p, core.KindService, x.service))
		}},
		{"CreateEnv", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CreateEnv(ctx, p, core.KindService, x.service, control.EnvInput{Key: "NEW", Value: secret("v")}))
		}},
		{"UpdateEnv", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.UpdateEnv(ctx, p, core.KindService, x.service, control.EnvInput{Key: "EXTRA", Value: secret("v")}))
		}},
		{"BulkEnvs", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.BulkEnvs(ctx, p, core.KindService, x.service, []control.EnvInput{{Key: "EXTRA"}, {Key: "MORE"}}))
		}},
		{"DeleteEnv", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteEnv(ctx, p, core.KindService, x.service, x.env)
		}},
		{"StartService", auth.Deploy, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.StartService(ctx, p, x.service, control.Action{}))
		}},
		{"RestartService", auth.Deploy, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.RestartService(ctx, p, x.service, control.Action{}))
		}},
		{"StopService", auth.Deploy, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.StopService(ctx, p, x.service, control.Action{}))
		}},
		{"Deploy", auth.Deploy, "No resources found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.Deploy(ctx, p, []core.ID{x.service}, control.Action{}))
		}},
		{"DeleteService", auth.Write, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.DeleteService(ctx, p, x.service, core.Removal{}))
		}},
	}
}

func deploymentCalls() []call {
	return []call{
		{"ListDeployments", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListDeployments(ctx, p))
		}},
		{"GetDeployment", auth.Read, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.GetDeployment(ctx, p, x.deployment))
		}},
		{"ListResourceDeployments", auth.Read, "Service not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			_, _, err := c.ListResourceDeployments(ctx, p, core.KindService, x.service, 0, 10)
			return err
		}},
		{"History", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			_, _, err := c.History(ctx, p, control.HistoryFilter{})
			return err
		}},
		{"Steps", auth.Read, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.Steps(ctx, p, x.deployment))
		}},
		{"WaitReason", auth.Read, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.WaitReason(ctx, p, x.deployment))
		}},
		{"CancelDeployment", auth.Deploy, "Deployment not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return drop(c.CancelDeployment(ctx, p, x.deployment))
		}},
	}
}

func teamCalls() []call {
	return []call{
		{"ListTeams", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListTeams(ctx, p))
		}},
		{"CurrentTeam", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.CurrentTeam(ctx, p))
		}},
		{"UpdateTeam", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.UpdateTeam(ctx, p, control.TeamPatch{Description: ptr("us")}))
		}},
		{"CurrentMembers", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.CurrentMembers(ctx, p))
		}},
		{"ListTokens", auth.Read, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			return drop(c.ListTokens(ctx, p))
		}},
		{"CreateToken", auth.Write, "", func(ctx context.Context, c *control.Control, p auth.Principal, _ ids) error {
			_, _, err := c.CreateToken(ctx, p, control.TokenInput{Name: "t", Abilities: []string{"read"}, Lifetime: time.Hour})
			return err
		}},
		{"DeleteToken", auth.Write, "Token not found.", func(ctx context.Context, c *control.Control, p auth.Principal, x ids) error {
			return c.DeleteToken(ctx, p, x.token)
		}},
	}
}

// TestEveryMethodAsksForItsAbility tries every method with every ability but the one it
// needs, and as a member with a root token. Nothing may change.
func TestEveryMethodAsksForItsAbility(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	w.containers.are(x.service, core.Container{Service: "web", Name: "web-1"})
	before := w.dump(t)
	for _, m := range calls() {
		others := slices.DeleteFunc(auth.Abilities(), func(a auth.Ability) bool { return a == m.needs || a == auth.Root })
		err := m.run(t.Context(), w.c, as(w.owner, core.RoleOwner, others...), x)
		if core.CodeOf(err) != core.CodeForbidden || err.Error() != "Missing required permissions: "+string(m.needs) {
			t.Errorf("%s without %s: %v", m.name, m.needs, err)
		}
		err = m.run(t.Context(), w.c, as(w.owner, core.RoleMember, auth.Root), x)
		if m.needs == auth.Read {
			if err != nil {
				t.Errorf("%s by a member: %v", m.name, err)
			}
		} else if core.CodeOf(err) != core.CodeForbidden || err.Error() != "Missing required team role." {
			t.Errorf("%s by a member: %v", m.name, err)
		}
	}
	if after := w.dump(t); after != before {
		t.Error("a refused call, or a reading one, changed the database")
	}
}

// TestOtherTeamsAreMissing compares the answers for another team's things with those
// for things that nobody has: the bytes must be the same.
func TestOtherTeamsAreMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	eve := w.otherTeam(t)
	before := w.dump(t)
	for _, m := range calls() {
		if m.missing == "" {
			continue
		}
		foreign := m.run(t.Context(), w.c, eve, x)
		wantCode(t, foreign, core.CodeNotFound, m.missing)
		for what, p := range map[string]auth.Principal{"to the other team": eve, "to its own team": w.owner} {
			nothing := m.run(t.Context(), w.c, p, nobodys())
			if nothing == nil || nothing.Error() != foreign.Error() {
				t.Errorf("%s: missing %s: %v, foreign: %v", m.name, what, nothing, foreign)
			}
		}
	}
	if after := w.dump(t); after != before {
		t.Error("a call about another team's things changed the database")
	}
}

// TestIDsThatAreNone tries ids that cannot be any: they never reach the database.
func TestIDsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	for _, id := range append(payloads(), "", "1", "../../etc/passwd", string(x.service)+"\x00", string(x.project)[:23]+"A") {
		bad := core.ID(id)
		odd := ids{bad, bad, bad, bad, bad, bad, bad, bad, -1, dataIDs{bad, bad, bad, bad, bad, bad}, allApp(bad), bad}
		for _, m := range calls() {
			if m.missing == "" || id == "" && slices.Contains(mayBeEmpty(), m.name) || id == "1" && strings.Contains(m.name, "GitHub") {
				continue // a GitHub App may be named by its number
			}
			wantCode(t, m.run(t.Context(), w.c, w.owner, odd), core.CodeNotFound, m.missing)
		}
	}
}

// mayBeEmpty are the calls where an empty id is a missing field, or means the team.
func mayBeEmpty() []string {
	return []string{
		"CreateServer", "CreateService", "CreateDatabase", "CreateApplication", "CreateGitHubApp", "ListShared", "CreateShared", "UpdateShared", "DeleteShared",
	}
}

// TestForeignIDsInBodies puts ids of another team into the fields of otherwise right
// requests.
func TestForeignIDsInBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.furnish(t, w.owner)
	eve := w.otherTeam(t)
	mine := w.furnish(t, eve)
	ctx := t.Context()
	before := w.dump(t)
	for _, c := range []struct {
		change func(*control.ServiceInput)
		want   string
	}{
		{func(in *control.ServiceInput) { in.Server = theirs.server }, "Server not found."},
		{func(in *control.ServiceInput) { in.Project = theirs.project }, "Project not found."},
		{func(in *control.ServiceInput) { in.Environment = string(theirs.environment) }, "Environment not found."},
		{func(in *control.ServiceInput) { in.Destination = theirs.destination }, "Destination not found."},
	} {
		in := mine.serviceInput()
		c.change(&in)
		wantCode(t, drop(w.c.CreateService(ctx, eve, in)), core.CodeNotFound, c.want)
	}
	wantCode(t, drop(w.c.UpdateServer(ctx, eve, mine.server, control.ServerPatch{Key: &theirs.key})), core.CodeNotFound, "Private Key not found.")
	wantCode(t, w.c.DeleteEnv(ctx, eve, core.KindService, mine.service, theirs.env), core.CodeNotFound, "Environment variable not found.")
	wantCode(t, drop(w.c.GetTeam(ctx, eve, w.owner.TeamID)), core.CodeNotFound, "Team not found.")
	wantCode(t, drop(w.c.ListMembers(ctx, eve, w.owner.TeamID)), core.CodeNotFound, "Team not found.")
	wantCode(t, drop(w.c.OpenLog(ctx, eve, theirs.deployment)), core.CodeNotFound, "Deployment not found.")
	wantCode(t, drop(w.c.Lines(ctx, eve, theirs.deployment, 0, 10)), core.CodeNotFound, "Deployment not found.")
	if after := w.dump(t); after != before {
		t.Error("a call with another team's ids changed the database")
	}
	q, err := w.c.Deploy(ctx, eve, []core.ID{theirs.service, mine.service}, control.Action{})
	if err != nil || len(q) != 1 || q[0].Resource.UUID != mine.service {
		t.Errorf("deploy of mine and theirs: %+v, %v", q, err)
	}
}

// TestSecretsAreForThoseWhoMaySeeThem looks at every answer that can hold a secret, as
// one who may see them and as two who may not.
func TestSecretsAreForThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	for _, c := range []struct {
		p    auth.Principal
		sees bool
	}{
		{w.owner, true},
		{as(w.owner, core.RoleAdmin, auth.Read, auth.ReadSensitive), true},
		{as(w.owner, core.RoleAdmin, auth.Read, auth.Write, auth.Deploy), false},
		{as(w.owner, core.RoleMember, auth.Root), false},
	} {
		key := must(w.c.GetKey(ctx, c.p, x.key))(t)
		keys := must(w.c.ListKeys(ctx, c.p))(t)
		service := must(w.c.GetService(ctx, c.p, x.service))(t)
		services := must(w.c.ListServices(ctx, c.p))(t)
		place := must(w.c.GetEnvironment(ctx, c.p, x.project, "production"))(t)
		envs := must(w.c.ListEnvs(ctx, c.p, core.KindService, x.service))(t)
		for what, shown := range map[string]bool{
			"key": !key.PrivateKey.Empty(), "keys": !keys[0].PrivateKey.Empty(),
			"service": !service.ComposeRaw.Empty(), "services": !services[0].ComposeRaw.Empty(), "environment": !place.Services[0].ComposeRaw.Empty(),
			"envs": !envs[0].Value.Empty() && !envs[0].Hidden,
		} {
			if shown != c.sees {
				t.Errorf("%s for %v %v: shown is %v", what, c.p.Role, c.p.Abilities, shown)
			}
		}
		if _, err := w.c.Lines(ctx, c.p, x.deployment, 0, 10); (err == nil) != c.sees {
			t.Errorf("log for %v %v: %v", c.p.Role, c.p.Abilities, err)
		}
	}
	writer := as(w.owner, core.RoleAdmin, auth.Write)
	if e := must(w.c.UpdateEnv(ctx, writer, core.KindService, x.service, control.EnvInput{Key: "EXTRA", Comment: ptr("c")}))(t); !e.Hidden || !e.Value.Empty() {
		t.Error("the answer to a change shows a value to one who may not see it")
	}
	if s := must(w.c.UpdateService(ctx, writer, x.service, control.ServicePatch{Name: ptr("B")}))(t); !s.Service.ComposeRaw.Empty() {
		t.Error("the answer to a change shows the compose text to one who may not see it")
	}
}
