package core

import "time"

// AuditEntry says who changed what, when, and from where.
type AuditEntry struct {
	RowID   int64
	TeamID  int64
	Actor   Actor
	Trigger Trigger
	Address string // that the request came from; empty when there was no request
	Action  string // "service created"
	Subject string // uuid of what was changed, or the id of a token; empty: the team itself
	At      time.Time
}

// AuditFilter narrows a list of audit entries; empty fields do not.
type AuditFilter struct {
	Actor   string // name
	Subject string
	Action  string
	Before  int64 // only entries with a smaller row id; 0: from the newest on
	Limit   int
}
