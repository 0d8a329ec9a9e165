package sqlstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Listen calls heard with what other controllers, and this one, have committed: "queue"
// when the queue has changed, "log:<id>" when a log has grown. It returns when ctx ends
// or the connection breaks: the caller starts it again, and must not rely on it, since
// what was said in between is lost. On SQLite there is nobody to hear, and it only
// waits for ctx.
func (db *DB) Listen(ctx context.Context, heard func(payload string)) error {
	if db.engine.notify == nil {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	conn, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return explain("listen to other controllers", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return explain("listen to other controllers", err)
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("listen to other controllers: %w", err)
		}
		heard(n.Payload)
	}
}
