package control_test

import (
	"context"
	"time"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// nothing is a store in which nothing is due.
type nothing struct {
	control.ScheduleStore
	control.BackupStore
}

func (nothing) ListDueBackups(context.Context, time.Time, int) ([]core.BackupSchedule, error) {
	return nil, nil
}

func (nothing) ListExpiring(context.Context, time.Time) ([]core.Resting, error) { return nil, nil }

func nothingDue() control.DatabaseDeps {
	return control.DatabaseDeps{Schedules: nothing{}, Backups: nothing{}}
}
