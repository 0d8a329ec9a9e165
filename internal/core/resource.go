package core

import "time"

// ResourceEntry is one application, service or database in a listing over all kinds.
type ResourceEntry struct {
	RowID     int64 // unique within the kind
	UUID      ID
	Kind      Kind
	Type      string // database engine, or the one-click template of a service
	Name      string
	Status    string // "<state>:<health>", as last seen
	CreatedAt time.Time
	UpdatedAt time.Time
}
