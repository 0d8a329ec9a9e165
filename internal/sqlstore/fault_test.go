package sqlstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/storetest"
)

// A full disk says so, leaves nothing half-stored, and is over when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	db := storetest.OpenSQLite(t)
	plantSecrets(t, db, "x")
	d, found, err := db.ClaimDeployment(t.Context(), "a", time.Hour)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	limit := func(pages string) {
		if _, err := db.Raw().ExecContext(t.Context(), "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // as small as the database is
	b := core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Cursor: core.Cursor{Offset: 9}}
	for i := range 50 {
		b.Lines = append(b.Lines, core.Line{Seq: int64(i) + 1, At: time.Now(), Output: strings.Repeat("x", core.MaxLine)})
	}
	err = db.AppendLog(t.Context(), b)
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("append to a full disk: %v", err)
	}
	cursor, last, err := db.GetCursor(t.Context(), d.LogID)
	if err != nil || last != 0 || cursor.Offset != 0 {
		t.Errorf("the refused batch moved the log to line %d, %+v, %v", last, cursor, err)
	}
	limit("1000000")
	if err := db.AppendLog(t.Context(), b); err != nil {
		t.Errorf("append with room again: %v", err)
	}
}
