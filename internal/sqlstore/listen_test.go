package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/storetest"
)

// What one controller commits, another hears.
func TestListen(t *testing.T) {
	t.Parallel()
	db := storetest.OpenPostgres(t)
	plantSecrets(t, db, "x")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	heard := make(chan string, 100)
	ended := make(chan error, 1)
	go func() { ended <- db.Listen(ctx, func(payload string) { heard <- payload }) }()

	// What is said before the listener is there is lost, so it is said until it is heard.
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for waiting := true; waiting; {
		select {
		case payload := <-heard:
			if payload != "queue" {
				t.Fatalf("heard %q, want queue", payload)
			}
			waiting = false
		case <-again.C:
			if err := db.ReleaseLeases(ctx, "nobody"); err != nil {
				t.Fatal(err)
			}
		case err := <-ended:
			t.Fatal(err)
		}
	}
	d, found, err := db.ClaimDeployment(ctx, "a", time.Minute)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if err := db.AppendLog(ctx, core.Batch{LogID: d.LogID, Fence: d.Lease.Fence, Lines: []core.Line{{Seq: 1, At: time.Now(), Output: "x"}}}); err != nil {
		t.Fatal(err)
	}
	for want := fmt.Sprintf("log:%d", d.LogID); ; {
		select {
		case payload := <-heard:
			if payload == want {
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("listening ended with %v", err)
				}
				return
			}
		case <-ctx.Done():
			t.Fatalf("never heard %q", want)
		}
	}
}

func TestListenAlone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := storetest.OpenSQLite(t).Listen(ctx, func(payload string) { t.Errorf("heard %q", payload) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("listening ended with %v", err)
	}
}

// TestSleeperInATransaction: a controller that is paused in the middle of a transaction
// holds a server's lock. The others get on long before a lease is over.
func TestSleeperInATransaction(t *testing.T) {
	t.Parallel()
	db := storetest.OpenPostgres(t)
	place := storetest.NewPlace(t, db)
	place.Enqueue(place.Service("s"))
	sleeper, err := db.Raw().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sleeper.ExecContext(t.Context(), `UPDATE servers SET claim_seq = claim_seq + 1`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, found, err := db.ClaimDeployment(t.Context(), "a", time.Minute)
	if err != nil || !found {
		t.Fatalf("claim: %v, %v", found, err)
	}
	if took := time.Since(began); took < time.Second || took > 10*time.Second {
		t.Errorf("the claim took %s", took)
	}
	if err := sleeper.Commit(); err == nil {
		t.Error("the sleeper could commit after all")
	}
}
