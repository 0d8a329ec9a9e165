package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseAccounts(t *testing.T, db *sqlstore.DB) {
	team, root, err := db.EnsureRoot(t.Context())
	ok(t, err)
	root.Name, root.Email, root.Password = "Ada", "Ada@Example.org", core.NewSecret("$argon2id$x")
	var done atomic.Int32
	var claims sync.WaitGroup
	for range 8 {
		claims.Go(func() {
			if db.ClaimUser(background(t), root) == nil {
				done.Add(1)
			}
		})
	}
	claims.Wait()
	if done.Load() != 1 {
		t.Errorf("%d of eight set-ups at once went well, want one", done.Load())
	}
	wantCode(t, "second set-up", db.ClaimUser(t.Context(), root), core.CodeConflict)

	got, where, err := db.FindUser(t.Context(), "ada@EXAMPLE.org", 0)
	ok(t, err)
	root.UpdatedAt = got.UpdatedAt
	same(t, "user by address", got, root)
	byRow, _, err := db.FindUser(t.Context(), "", root.RowID)
	ok(t, err)
	same(t, "user by row", byRow, got)
	if where != team.RowID {
		t.Errorf("team %d, want %d", where, team.RowID)
	}
	_, _, err = db.FindUser(t.Context(), "", 0)
	wantCode(t, "nobody", err, core.CodeNotFound)
	wantCode(t, "password of nobody", db.SetPassword(t.Context(), 999, root.Password, 0), core.CodeNotFound)
}

func exerciseSessions(t *testing.T, db *sqlstore.DB) {
	team, root, err := db.EnsureRoot(t.Context())
	ok(t, err)
	now := time.Now().UTC().Truncate(time.Microsecond)
	begin := func(hash string, pending bool, life time.Duration) core.Session {
		made, err := db.CreateSession(t.Context(), core.Session{UserID: root.RowID, TeamID: team.RowID, Hash: hash, Pending: pending,
			Address: "192.0.2.1", Agent: "Browser\x00", CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(life)})
		ok(t, err)
		return made
	}
	a, b := begin("a", false, time.Hour), begin("b", false, 2*time.Hour)
	begin("p", true, time.Hour)
	if a.User.Role != core.RoleOwner || a.User.Name != "root" || a.Agent == "" || !a.ExpiresAt.Equal(now.Add(time.Hour)) {
		t.Errorf("session %+v", a)
	}
	got, err := db.GetSession(t.Context(), "a")
	ok(t, err)
	same(t, "session", got, a)
	ok(t, db.TouchSession(t.Context(), a.RowID, now.Add(time.Minute), now.Add(3*time.Hour)))
	list, err := db.ListSessions(t.Context(), root.RowID, now)
	ok(t, err)
	if len(list) != 2 || list[0].RowID != a.RowID || list[1].RowID != b.RowID {
		t.Errorf("sessions %+v", list)
	}
	if list, err = db.ListSessions(t.Context(), root.RowID, now.Add(150*time.Minute)); err != nil || len(list) != 1 {
		t.Errorf("sessions later: %+v, %v", list, err)
	}
	wantCode(t, "session of another user", db.DeleteSession(t.Context(), 999, a.RowID, 0), core.CodeNotFound)
	ok(t, db.SetPassword(t.Context(), root.RowID, core.NewSecret("new"), a.RowID))
	_, err = db.GetSession(t.Context(), "b")
	wantCode(t, "session after a new password", err, core.CodeNotFound)
	if _, err = db.GetSession(t.Context(), "a"); err != nil {
		t.Errorf("the session that set it: %v", err)
	}
	ok(t, db.DeleteSession(t.Context(), root.RowID, a.RowID, 0))
	_, err = db.CreateSession(t.Context(), core.Session{UserID: 999, TeamID: team.RowID, Hash: "z", CreatedAt: now, SeenAt: now, ExpiresAt: now})
	wantCode(t, "session of nobody", err, core.CodeNotFound)

	begin("old", false, -time.Second)
	begin("new", false, time.Hour)
	_, err = db.GetSession(t.Context(), "old")
	wantCode(t, "session that had ended", err, core.CodeNotFound)
	_, err = db.Raw().ExecContext(t.Context(), `DELETE FROM team_user`)
	ok(t, err)
	if got, err = db.GetSession(t.Context(), "new"); err != nil || got.User.Role != "" {
		t.Errorf("session of a user who left: %+v, %v", got, err)
	}
}

func exerciseFactors(t *testing.T, db *sqlstore.DB) {
	_, root, err := db.EnsureRoot(t.Context())
	ok(t, err)
	_, err = db.GetFactor(t.Context(), root.RowID)
	wantCode(t, "no factor", err, core.CodeNotFound)
	none := core.SecondFactor{UserID: root.RowID}
	fresh := core.SecondFactor{UserID: root.RowID, Secret: core.NewSecret("GEZDGNBV")}
	ok(t, db.PutFactor(t.Context(), none, fresh))
	wantCode(t, "second one", db.PutFactor(t.Context(), none, fresh), core.CodeConflict)
	on := fresh
	on.ConfirmedAt, on.LastStep, on.Recovery = time.Now().UTC().Truncate(time.Microsecond), 7, []string{"one", "two"}
	ok(t, db.PutFactor(t.Context(), fresh, on))
	got, err := db.GetFactor(t.Context(), root.RowID)
	ok(t, err)
	same(t, "factor", got, on)

	used := on
	used.LastStep = 8
	var taken atomic.Int32
	var races sync.WaitGroup
	for range 6 {
		races.Go(func() {
			if db.PutFactor(background(t), on, used) == nil {
				taken.Add(1)
			}
		})
	}
	races.Wait()
	if taken.Load() != 1 {
		t.Errorf("a code was taken %d times", taken.Load())
	}
	var sealed []byte
	ok(t, db.Raw().QueryRowContext(t.Context(), `SELECT secret FROM second_factors`).Scan(&sealed))
	if len(sealed) == 0 || string(sealed) == "GEZDGNBV" {
		t.Errorf("the secret is stored as %q", sealed)
	}
	ok(t, db.DeleteFactor(t.Context(), root.RowID))
	ok(t, db.DeleteFactor(t.Context(), root.RowID))
}
