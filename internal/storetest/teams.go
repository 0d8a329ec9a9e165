package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseTeams(t *testing.T, db *sqlstore.DB) {
	var started sync.WaitGroup
	for range 8 {
		started.Go(func() {
			team, _, err := db.EnsureRoot(background(t))
			if err == nil {
				_, err = db.EnsureLocalhost(background(t), team.RowID)
			}
			if err != nil {
				t.Errorf("first start: %v", err)
			}
		})
	}
	started.Wait()
	for table, want := range map[string]int{"teams": 1, "users": 1, "team_user": 1, "servers": 1, "projects": 1, "environments": 1, "destinations": 1} {
		if got := count(t, db, table); got != want {
			t.Errorf("eight first starts at once left %d rows in %s, want %d", got, table, want)
		}
	}

	team, user, err := db.EnsureRoot(t.Context())
	ok(t, err)
	recent(t, "creation of the team", team.CreatedAt)
	if team.RowID == 0 || user.RowID == 0 || user.Role != core.RoleOwner {
		t.Errorf("root is %+v, %+v", team, user)
	}
	members, err := db.ListMembers(t.Context(), team.RowID)
	ok(t, err)
	same(t, "members", members, []core.User{user})

	team.Name, team.Description, team.AllowHostAccess = "Ours", "all of us", true
	ok(t, db.UpdateTeam(t.Context(), team))
	got, err := db.GetTeam(t.Context(), team.RowID)
	ok(t, err)
	team.UpdatedAt = got.UpdatedAt
	same(t, "updated team", got, team)

	_, err = db.GetTeam(t.Context(), 999)
	wantCode(t, "unknown team", err, core.CodeNotFound)
	wantCode(t, "update of an unknown team", db.UpdateTeam(t.Context(), core.Team{RowID: 999}), core.CodeNotFound)
	_, err = db.EnsureLocalhost(t.Context(), 999)
	wantCode(t, "localhost of an unknown team", err, core.CodeNotFound)
	ok(t, db.Ping(t.Context()))
}

func exerciseTokens(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	made, err := db.CreateToken(t.Context(), core.Token{TeamID: w.team, UserID: w.user, Name: "ci", Hash: "abc", Abilities: []string{"read", "deploy"}, ExpiresAt: until})
	ok(t, err)
	recent(t, "creation of the token", made.CreatedAt)
	want := core.Token{RowID: made.RowID, TeamID: w.team, UserID: w.user, Name: "ci", Hash: "abc",
		Abilities: []string{"read", "deploy"}, Role: core.RoleOwner, ExpiresAt: until, CreatedAt: made.CreatedAt}
	same(t, "token", made, want)

	used := time.Now().UTC().Truncate(time.Microsecond)
	ok(t, db.TouchTokens(t.Context(), map[int64]time.Time{made.RowID: used, 999: used}))
	ok(t, db.TouchTokens(t.Context(), map[int64]time.Time{made.RowID: used.Add(-time.Hour)}))
	ok(t, db.TouchTokens(t.Context(), nil))
	want.LastUsedAt = used
	got, err := db.GetToken(t.Context(), made.RowID)
	ok(t, err)
	same(t, "used token", got, want)
	all, err := db.ListTokens(t.Context(), w.team)
	ok(t, err)
	same(t, "tokens", all, []core.Token{want})

	_, err = db.CreateToken(t.Context(), core.Token{TeamID: w.team, UserID: 999, Name: "x", Hash: "y"})
	wantCode(t, "token of somebody who is no member", err, core.CodeNotFound)
	_, err = db.Raw().ExecContext(t.Context(), `DELETE FROM team_user`)
	ok(t, err)
	got, err = db.GetToken(t.Context(), made.RowID)
	ok(t, err)
	if got.Role != "" {
		t.Errorf("the token of a user who left has role %q", got.Role)
	}

	ok(t, db.DeleteToken(t.Context(), w.team, made.RowID))
	wantCode(t, "second deletion", db.DeleteToken(t.Context(), w.team, made.RowID), core.CodeNotFound)
	_, err = db.GetToken(t.Context(), made.RowID)
	wantCode(t, "deleted token", err, core.CodeNotFound)
}
