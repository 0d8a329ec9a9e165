package core

import "time"

// Tag is a word that a team gives to resources of all kinds, to find and to deploy them
// together.
type Tag struct {
	RowID     int64
	UUID      ID
	TeamID    int64
	Name      string // lower-case
	CreatedAt time.Time
	UpdatedAt time.Time
}
