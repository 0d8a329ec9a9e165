package storetest

import (
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// exerciseAudit: changes are kept per team, newest first, for as long as was said.
func exerciseAudit(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	entry := core.AuditEntry{
		TeamID: w.team, Actor: core.Actor{Kind: "token", ID: 3, Name: "ci"}, Trigger: core.TriggerCLI,
		Address: "192.0.2.1", Action: "service created", Subject: string(w.service.UUID),
	}
	ok(t, db.AppendAudit(t.Context(), entry))
	other := entry
	other.Actor.Name, other.Action, other.Subject = "Ada", "team updated", ""
	ok(t, db.AppendAudit(t.Context(), other))

	read := func(f core.AuditFilter) []core.AuditEntry {
		t.Helper()
		f.Limit = 10
		page, err := db.ListAudit(t.Context(), w.team, f)
		ok(t, err)
		for i := range page {
			recent(t, "time of an entry", page[i].At)
			page[i].At = time.Time{}
		}
		return page
	}
	all := read(core.AuditFilter{})
	if len(all) != 2 || all[0].RowID <= all[1].RowID {
		t.Fatalf("entries are %+v", all)
	}
	entry.RowID, other.RowID = all[1].RowID, all[0].RowID
	same(t, "entries, newest first", all, []core.AuditEntry{other, entry})
	for what, f := range map[string]core.AuditFilter{
		"actor": {Actor: "ci"}, "action": {Action: "service created"}, "subject": {Subject: entry.Subject}, "cursor": {Before: other.RowID},
	} {
		same(t, "entries by "+what, read(f), []core.AuditEntry{entry})
	}
	if foreign, err := db.ListAudit(t.Context(), w.team+1, core.AuditFilter{Limit: 10}); err != nil || len(foreign) != 0 {
		t.Errorf("another team reads %+v, %v", foreign, err)
	}

	// What is older than is to be kept goes with the next entry.
	_, err := db.Raw().ExecContext(t.Context(), `UPDATE audit_entries SET created_at = $1`, time.Now().Add(-2*auditKeep).UnixMicro())
	ok(t, err)
	ok(t, db.AppendAudit(t.Context(), entry))
	if left := read(core.AuditFilter{}); len(left) != 1 || left[0].RowID <= other.RowID {
		t.Errorf("left are %+v", left)
	}
}
