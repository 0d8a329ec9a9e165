package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestEnvDefaultsAndFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	e := must(w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: " A.b_1 "}))(t)
	if e.Key != "A.b_1" || !e.Value.Empty() || e.IsLiteral || e.IsMultiline || e.IsShownOnce || !e.IsRuntime || !e.IsBuildtime || e.Hidden {
		t.Errorf("variable %+v", e)
	}
	e = must(w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{
		Key: "A.b_1", IsPreview: true, Value: secret(" kept as it is\n"), Comment: ptr("why"), IsLiteral: ptr(true), IsBuildtime: ptr(false),
	}))(t)
	if !e.IsPreview || e.Value.Reveal() != " kept as it is\n" || e.Comment != "why" || !e.IsLiteral || e.IsBuildtime {
		t.Errorf("variable %+v", e)
	}
	_, err := w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "A.b_1"})
	wantCode(t, err, core.CodeConflict, "Environment variable already exists. Use PATCH request to update it.")
	e = must(w.c.UpdateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "A.b_1", IsPreview: true, IsMultiline: ptr(true)}))(t)
	if e.Value.Reveal() != " kept as it is\n" || e.Comment != "why" || !e.IsLiteral || !e.IsMultiline {
		t.Errorf("a change of one flag changed others: %+v", e)
	}
	_, err = w.c.UpdateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "NONE", Value: secret("x")})
	wantCode(t, err, core.CodeNotFound, "Environment variable not found.")
	_, err = w.c.UpdateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{})
	wantFields(t, err, "key")
}

func TestEnvKeysAndValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	before := w.dump(t)
	for _, key := range append(payloads(), "", "A=B", "A B", "1A", "A\nB", "A$(x)", ".A", "A-B", "Ä", "A\x00") {
		_, err := w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: key})
		if len(key) == 256 && err == nil {
			t.Errorf("a key of 256 characters is accepted")
			continue
		}
		wantFields(t, err, "key")
	}
	for _, value := range []string{"a\x00b", "\xff", strings.Repeat("x", 128<<10)} {
		_, err := w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "V", Value: &[]core.Secret{core.NewSecret(value)}[0]})
		wantFields(t, err, "value")
		if strings.Contains(err.Error(), value[:1]+value[:1]+value[:1]) {
			t.Errorf("the error shows the value")
		}
	}
	_, err := w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "C", Comment: ptr(strings.Repeat("x", 257))})
	wantFields(t, err, "comment")
	if w.dump(t) != before {
		t.Error("a refused variable was stored")
	}
	values := []string{
		"x'; touch /tmp/p; '", "$(id)", "`id`", "a\nB=c", "lone \r return", "P@$$w0rd", "secret$HOME", "${X:-y}", `trailing \`, "# leading", `"q"`,
		strings.Repeat("y", 120<<10),
	}
	for i, value := range values {
		key := []string{"LD_PRELOAD", "PATH", "BASH_ENV", "DOCKER_HOST"}[i%4] + strings.Repeat("_", i/4)
		must(w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: key, Value: &[]core.Secret{core.NewSecret(value)}[0]}))(t)
		list := must(w.c.ListEnvs(ctx, w.owner, core.KindService, x.service))(t)
		if got := list[len(list)-1]; got.Key != key || got.Value.Reveal() != value {
			t.Errorf("%s: %.40q came back as %.40q", key, value, got.Value.Reveal())
		}
	}
}

func TestLockedEnvsAreNeverShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	e := must(w.c.CreateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "LOCK", Value: secret("hidden"), IsShownOnce: ptr(true)}))(t)
	if !e.Hidden || !e.Value.Empty() {
		t.Errorf("created %+v", e)
	}
	_, err := w.c.UpdateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "LOCK", IsShownOnce: ptr(false)})
	wantFields(t, err, "is_shown_once")
	_, err = w.c.BulkEnvs(ctx, w.owner, core.KindService, x.service, []control.EnvInput{{Key: "OK"}, {Key: "LOCK", IsShownOnce: ptr(false)}})
	wantFields(t, err, "data.1.is_shown_once")
	for _, e := range must(w.c.ListEnvs(ctx, w.owner, core.KindService, x.service))(t) {
		if e.Key == "LOCK" && (!e.Hidden || !e.Value.Empty()) {
			t.Errorf("listed %+v", e)
		}
	}
	e = must(w.c.UpdateEnv(ctx, w.owner, core.KindService, x.service, control.EnvInput{Key: "LOCK", Value: secret("open"), IsShownOnce: ptr(false)}))(t)
	if e.Hidden || e.Value.Reveal() != "open" {
		t.Errorf("unlocked with a new value: %+v", e)
	}
}

func TestBulkEnvs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	ctx := t.Context()
	_, err := w.c.BulkEnvs(ctx, w.owner, core.KindService, x.service, nil)
	wantCode(t, err, core.CodeBadRequest, "Bulk data is required.")
	before := w.dump(t)
	_, err = w.c.BulkEnvs(ctx, w.owner, core.KindService, x.service, []control.EnvInput{{Key: "GOOD"}, {Key: "1bad"}, {Key: "NUL", Value: secret("\x00")}})
	wantFields(t, err, "data.1.key", "data.2.value")
	if w.dump(t) != before {
		t.Error("part of a refused list was stored")
	}
	list := must(w.c.BulkEnvs(ctx, w.owner, core.KindService, x.service, []control.EnvInput{
		{Key: "EXTRA", Value: secret("changed")}, {Key: "NEW", Value: secret("first")}, {Key: "NEW", Value: secret("second")}, {Key: "NEW", IsPreview: true},
	}))(t)
	var got []string
	for _, e := range list {
		got = append(got, e.Key+"="+e.Value.Reveal())
	}
	if want := []string{"EXTRA=changed", "NEW=second", "NEW="}; !slices.Equal(got, want) {
		t.Errorf("answer %v, want %v", got, want)
	}
	if list[0].UUID != x.env {
		t.Error("a changed variable has another id")
	}
	if err := w.c.DeleteEnv(ctx, w.owner, core.KindService, x.service, list[1].UUID); err != nil {
		t.Error(err)
	}
	wantCode(t, w.c.DeleteEnv(ctx, w.owner, core.KindService, x.service, list[1].UUID), core.CodeNotFound, "Environment variable not found.")
	many := make([]control.EnvInput, 10_001)
	_, err = w.c.BulkEnvs(ctx, w.owner, core.KindService, x.service, many)
	wantFields(t, err, "data")
}
