package core

// HistoryFilter narrows a listing of deployments of all kinds; empty fields do not.
type HistoryFilter struct {
	Kinds    []Kind
	Statuses []Status
	Server   ID
	Resource ID
	Trigger  Trigger
	Actor    string // name, whatever its case
	Query    string // in names and notes, case-insensitive
	Cursor   string // where the previous page ended; opaque
	Limit    int
}

// Renewal is one lease that was extended. A deployment that is no longer in the
// answer to a renewal was lost to another controller or has ended.
type Renewal struct {
	Kind   Kind
	RowID  int64
	Fence  int64
	Cancel bool // somebody asked to cancel
}
