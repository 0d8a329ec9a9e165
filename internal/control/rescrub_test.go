package control_test

import (
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// orders takes away and returns what was asked to be rescrubbed.
func (w *world) orders(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, j := range must(w.db.ListJobs(t.Context(), archive.KindRescrub))(t) {
		out = append(out, j.Name+" "+j.Payload)
	}
	if _, err := w.db.Raw().ExecContext(t.Context(), `DELETE FROM jobs`); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestChangedVariablesAreRescrubbed: what was printed of a value before it was one of a
// variable, or before it was locked, is looked for in all logs of the resource.
func TestChangedVariablesAreRescrubbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	ctx := t.Context()
	update := func(in control.EnvInput) func() error {
		return func() error {
			_, err := w.c.UpdateEnv(ctx, w.owner, core.KindService, x.service, in)
			return err
		}
	}
	w.orders(t)
	for _, c := range []struct {
		what string
		do   func() error
		want int
	}{
		{"another value", update(control.EnvInput{Key: "EXTRA", Value: secret("another-value")}), 1},
		{"the same value", update(control.EnvInput{Key: "EXTRA", Value: secret("another-value")}), 0},
		{"a comment", update(control.EnvInput{Key: "EXTRA", Comment: ptr("x")}), 0},
		{"a lock", update(control.EnvInput{Key: "EXTRA", IsShownOnce: ptr(true)}), 1},
		{"a lock once more", update(control.EnvInput{Key: "EXTRA", IsShownOnce: ptr(true)}), 0},
		{"no value", update(control.EnvInput{Key: "EXTRA", Value: secret("")}), 0},
		{"a new one", func() error {
			return drop(w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "NEW", Value: secret("v")}))
		}, 1},
		{"several", func() error {
			return drop(w.c.BulkEnvs(ctx, w.owner, core.KindDatabase, x.data.database, []control.EnvInput{{Key: "A", Value: secret("1")}, {Key: "B", Value: secret("2")}}))
		}, 1},
		{"a shared one", func() error {
			return drop(w.c.CreateShared(ctx, w.owner, control.Scope{}, control.EnvInput{Key: "ALL", Value: secret("v")}))
		}, 1},
		{"by hand", func() error { return w.c.RescrubDeployment(ctx, w.owner, x.deployment) }, 1},
	} {
		if err := c.do(); err != nil {
			t.Fatal(c.what, err)
		}
		got := w.orders(t)
		if len(got) != c.want {
			t.Errorf("%s: %q, want %d", c.what, got, c.want)
		}
		for _, order := range got {
			if strings.Contains(order, "another-value") || !strings.Contains(order, w.owner.Actor.Name) {
				t.Errorf("%s: %s", c.what, order)
			}
		}
	}
	other := w.otherTeam(t)
	wantCode(t, w.c.RescrubDeployment(ctx, other, x.deployment), core.CodeNotFound, "Deployment not found.")
	wantCode(t, w.c.RescrubDeployment(ctx, as(w.owner, core.RoleMember, "read"), x.deployment), core.CodeForbidden, "")
}
