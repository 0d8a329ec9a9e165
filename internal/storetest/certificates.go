package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseCertificates: one authority per server, whoever makes one first, and one
// certificate per database, the last one made.
func exerciseCertificates(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	_, err := db.GetAuthority(t.Context(), w.team, w.server.RowID)
	wantCode(t, "authority before there is one", err, core.CodeNotFound)
	ends := time.Now().UTC().Truncate(time.Microsecond).Add(time.Hour)
	const racers = 8
	got := make([]core.Certificate, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			var err error
			mine := core.Certificate{Cert: string(rune('a' + i)), Key: core.NewSecret(string(rune('a' + i))), NotAfter: ends}
			if got[i], err = db.CreateAuthority(background(t), w.team, w.server.RowID, mine); err != nil {
				t.Errorf("create authority: %v", err)
			}
		})
	}
	all.Wait()
	stored, err := db.GetAuthority(t.Context(), w.team, w.server.RowID)
	ok(t, err)
	if stored.Cert == "" || stored.Cert != stored.Key.Reveal() || !stored.NotAfter.Equal(ends) {
		t.Errorf("authority is %q with key %q until %v", stored.Cert, stored.Key.Reveal(), stored.NotAfter)
	}
	for _, c := range got {
		same(t, "authority as each was told", c, stored)
	}
	_, err = db.CreateAuthority(t.Context(), w.team, 999, stored)
	wantCode(t, "authority of an unknown server", err, core.CodeNotFound)
	_, err = db.CreateAuthority(t.Context(), w.team, w.onServer("other", 1, 1).server.RowID, stored)
	ok(t, err)

	of := w.newDatabase("pg")
	_, err = db.GetCertificate(t.Context(), w.team, of.RowID)
	wantCode(t, "certificate before there is one", err, core.CodeNotFound)
	for _, c := range []core.Certificate{
		{Cert: "-----BEGIN", Key: core.NewSecret(odd), NotAfter: ends}, {Cert: "2", Key: core.NewSecret("k"), NotAfter: ends.Add(time.Hour)},
	} {
		ok(t, db.PutCertificate(t.Context(), w.team, of.RowID, c))
		got, err := db.GetCertificate(t.Context(), w.team, of.RowID)
		ok(t, err)
		same(t, "certificate", got, c)
	}
	wantCode(t, "certificate of an unknown database", db.PutCertificate(t.Context(), w.team, 999, stored), core.CodeNotFound)
}

// exerciseExpiring: who is to get a new certificate.
func exerciseExpiring(t *testing.T, db *sqlstore.DB) {
	w, other := newWorld(t, db), anotherWorld(t, db)
	now := time.Now().UTC().Truncate(time.Microsecond)
	with := func(w *world, ends time.Time) core.Database {
		t.Helper()
		d := w.draft("tls")
		d.Settings.EnableSSL = true
		d, err := db.CreateDatabase(t.Context(), d, nil)
		ok(t, err)
		ok(t, db.PutCertificate(t.Context(), w.team, d.RowID, core.Certificate{Cert: "c", NotAfter: ends}))
		return d
	}
	expect := func(what string, of ...core.Database) {
		t.Helper()
		got, err := db.ListExpiring(t.Context(), now)
		ok(t, err)
		want := []core.Resting{}
		for _, d := range of {
			want = append(want, restingDatabase(d))
		}
		same(t, what, got, want)
	}
	expect("none")
	_, err := db.CreateAuthority(t.Context(), w.team, w.server.RowID, core.Certificate{Cert: "ca", NotAfter: now.Add(-time.Hour)})
	ok(t, err)
	late := with(w, now.Add(-time.Microsecond))
	early := with(other, now.Add(-time.Hour))
	with(w, now)
	expect("of all teams, the first to end first", early, late)

	d := w.enqueue(w.askFor(late, core.VerbRenew))
	expect("with one queued", early)
	w.claim("a")
	expect("with one in progress", early)
	w.finish(w.get(d.UUID))
	expect("with one that was renewed in vain", early, late)
	ok(t, db.PutCertificate(t.Context(), w.team, late.RowID, core.Certificate{Cert: "c", NotAfter: now.Add(time.Hour)}))
	expect("with one renewed", early)

	off := early
	off.Settings.EnableSSL = false
	ok(t, db.UpdateDatabase(t.Context(), off))
	expect("with TLS turned off")
	ok(t, db.UpdateDatabase(t.Context(), early))
	early, err = db.GetDatabase(t.Context(), other.team, early.UUID)
	ok(t, err)
	expect("with TLS turned on again", early)
	ok(t, db.DeleteDatabase(t.Context(), other.team, early.UUID))
	expect("with a deleted one")
}

func restingDatabase(d core.Database) core.Resting {
	return core.Resting{Kind: core.KindDatabase, RowID: d.RowID, UUID: d.UUID, TeamID: d.TeamID, ServerID: d.ServerID,
		Status: d.Status, UpdatedAt: d.UpdatedAt}
}
