package core

import (
	"path"
	"time"
)

// BackupSchedule says when a database is dumped, what of it, and what is kept.
type BackupSchedule struct {
	RowID        int64
	UUID         ID
	TeamID       int64
	DatabaseID   int64
	Description  string
	Frequency    string // five cron fields, or "daily" and the like; in UTC
	Enabled      bool
	DumpAll      bool   // all databases of the server, whatever Databases says
	Databases    string // comma-separated names; empty: the one of the database's settings
	Local        Retention
	Remote       Retention
	DisableLocal bool  // keep the dump only in S3
	SaveS3       bool  // upload it too
	S3ID         int64 // row of the S3Storage; 0: none
	Timeout      int   // seconds; default 3600
	NextRunAt    time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Retention says which dumps stay; 0 means without limit.
type Retention struct {
	Amount     int     // newest ones
	Days       int     // not older than
	MaxStorage float64 // GB in all
}

// BackupStatus is how a backup went; the strings are what clients know.
type BackupStatus string

// The statuses of a backup.
const (
	BackupRunning BackupStatus = "running"
	BackupSuccess BackupStatus = "success"
	BackupFailed  BackupStatus = "failed"
)

// Backup is one dump: what came of one execution.
type Backup struct {
	RowID      int64
	UUID       ID
	TeamID     int64
	DatabaseID int64
	ScheduleID int64 // 0: taken on demand, or before a change of image
	S3ID       int64 // where it is to be uploaded; 0: nowhere
	Deployment ID    // the deployment that took it; the log is there
	Databases  string
	Filename   string // absolute, on the server; empty until it is there
	Size       int64  // bytes
	SHA256     string // hex
	Status     BackupStatus
	Message    string // why it failed
	Local      bool   // the file is on the server
	Remote     bool   // a copy is in S3
	Engine     string // as it was then: name, image and version
	Image      string
	Version    string
	CreatedAt  time.Time
	FinishedAt time.Time
}

// S3Storage is a bucket for backups, of any service that speaks S3.
type S3Storage struct {
	RowID       int64
	UUID        ID
	TeamID      int64
	Name        string
	Description string
	Endpoint    string // URL
	Region      string
	Bucket      string
	Path        string // prefix of the keys, without slashes at its ends; may be empty
	AccessKey   Secret
	SecretKey   Secret
	IsUsable    bool // as of the last validation
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Key is where in the bucket a copy of a dump lies, by the name of its file on the
// server, which ends in "<uuid of the database>/<name>".
func (s S3Storage) Key(filename string) string {
	return path.Join(s.Path, "databases", path.Base(path.Dir(filename)), path.Base(filename))
}

// AllDatabases is what Backup.Databases says of a dump of everything on the server. No
// engine takes it for a name.
const AllDatabases = "*"
