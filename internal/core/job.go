package core

import "time"

// Job is something to be done beside deployments: packing, retention, rescrubbing. Kind
// and Name together are unique: what is asked for twice is done once, after the last asking.
type Job struct {
	RowID    int64
	Kind     string
	Name     string
	TeamID   int64  // 0: of the instance
	Payload  string // JSON; never a secret
	State    string // how far it is; its own words, kept over attempts
	Version  int64  // raised each time it is asked for
	RunAt    time.Time
	Attempts int    // begun, the present one included
	Error    string // of the last attempt that failed
	Fence    int64  // of the one who does it
}
