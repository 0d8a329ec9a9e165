package sqlstore_test

import (
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/kind/application"
	"github.com/taffrail/taffrail/internal/kind/database"
	"github.com/taffrail/taffrail/internal/logs"
	"github.com/taffrail/taffrail/internal/queue"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// The store may not import those who use it, so that it fits them is said here.
var (
	_ control.ServerStore      = (*sqlstore.DB)(nil)
	_ control.DestinationStore = (*sqlstore.DB)(nil)
	_ control.InstanceStore    = (*sqlstore.DB)(nil)
	_ control.KeyStore         = (*sqlstore.DB)(nil)
	_ control.ProjectStore     = (*sqlstore.DB)(nil)
	_ control.EnvironmentStore = (*sqlstore.DB)(nil)
	_ control.ServiceStore     = (*sqlstore.DB)(nil)
	_ control.DatabaseStore    = (*sqlstore.DB)(nil)
	_ control.StorageStore     = (*sqlstore.DB)(nil)
	_ control.ScheduleStore    = (*sqlstore.DB)(nil)
	_ control.BackupStore      = (*sqlstore.DB)(nil)
	_ control.S3Store          = (*sqlstore.DB)(nil)
	_ control.ApplicationStore = (*sqlstore.DB)(nil)
	_ control.RevisionStore    = (*sqlstore.DB)(nil)
	_ control.FurtherStore     = (*sqlstore.DB)(nil)
	_ control.SharedStore      = (*sqlstore.DB)(nil)
	_ control.GitHubAppStore   = (*sqlstore.DB)(nil)
	_ control.StatusStore      = (*sqlstore.DB)(nil)
	_ control.RecordStore      = (*sqlstore.DB)(nil)
	_ control.TagStore         = (*sqlstore.DB)(nil)
	_ control.TaggingStore     = (*sqlstore.DB)(nil)
	_ control.EnvStore         = (*sqlstore.DB)(nil)
	_ control.DeploymentStore  = (*sqlstore.DB)(nil)
	_ control.TeamStore        = (*sqlstore.DB)(nil)
	_ control.TokenStore       = (*sqlstore.DB)(nil)
	_ application.Store        = (*sqlstore.DB)(nil)
	_ database.Store           = (*sqlstore.DB)(nil)
	_ queue.Store              = (*sqlstore.DB)(nil)
	_ deploy.Store             = (*sqlstore.DB)(nil)
	_ logs.Store               = (*sqlstore.DB)(nil)
)
