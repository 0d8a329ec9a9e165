package core

import "time"

// HistoryLimits say how long deployments are kept that have ended. 0 is for ever, or any number.
type HistoryLimits struct {
	Days          int   `json:"days"`           // those that finished
	FailedDays    int   `json:"failed_days"`    // those that failed
	CancelledDays int   `json:"cancelled_days"` // those that were cancelled
	Count         int   `json:"count"`          // of one resource
	Bytes         int64 `json:"bytes"`          // that the packed logs of one resource take
}

// DefaultHistoryLimits are what is kept when nobody says otherwise.
func DefaultHistoryLimits() HistoryLimits {
	return HistoryLimits{Days: 90, FailedDays: 180, CancelledDays: 30}
}

// History is what there is of one resource, deleted or not.
type History struct {
	TeamID   int64
	Kind     Kind
	Resource Resource // RowID, UUID and Name
}

// Past is a deployment as far as retention looks at it.
type Past struct {
	RowID      int64
	LogID      int64
	UUID       ID
	Status     Status
	Verb       Verb
	Lane       int64 // number of the pull request
	Server     int64
	EndedAt    time.Time // or made, when it has not ended
	Pinned     bool
	Images     bool // it says which images it ran
	RollbackOf ID
	Size       int64 // of its packed log, in bytes
}
