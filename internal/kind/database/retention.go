package database

import (
	"path"
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// gigabyte is the unit in which people give the limit of storage.
const gigabyte = 1 << 30

// expired are those of the dumps that a retention lets go when another one is taken now.
// kept is newest first, and holds only what is in the place in question. Each limit
// counts the new one, which always stays. Its size is not known yet and is taken for that
// of the newest one that is there.
func expired(kept []core.Backup, r core.Retention, now time.Time) []core.ID {
	var out []core.ID
	total := int64(0)
	if len(kept) > 0 {
		total = kept[0].Size
	}
	for i, b := range kept {
		total += b.Size
		age := now.Sub(b.CreatedAt)
		switch {
		case r.Amount > 0 && i+1 >= r.Amount,
			r.Days > 0 && age > time.Duration(r.Days)*24*time.Hour,
			r.MaxStorage > 0 && float64(total) > r.MaxStorage*gigabyte:
			out = append(out, b.UUID)
		}
	}
	return out
}

// pruning is what goes once a dump is safe. A plan keeps it, so that what is recorded is
// what was decided, whatever the time is by then.
type pruning struct {
	Local  []core.ID `json:"local,omitempty"`  // whose files go
	Remote []core.ID `json:"remote,omitempty"` // whose objects go
	Own    bool      `json:"own,omitempty"`    // the new dump's file goes too: it is only to be kept in S3
}

// pruning decides what goes. Objects in a bucket that is not the schedule's any more
// cannot be reached with its keys, and stay.
func (t *target) pruning(now time.Time) pruning {
	if t.Schedule == nil || t.Backup == nil {
		return pruning{}
	}
	var local, remote []core.Backup
	for _, b := range t.Kept {
		// Whatever has come to stand in a row: nothing but a dump of this database is deleted.
		if path.Clean(b.Filename) != b.Filename || path.Dir(b.Filename) != t.dumpDir() {
			continue
		}
		if b.Local {
			local = append(local, b)
		}
		if b.Remote && t.S3 != nil && b.S3ID == t.S3.RowID {
			remote = append(remote, b)
		}
	}
	return pruning{
		Local:  expired(local, t.Schedule.Local, now),
		Remote: expired(remote, t.Schedule.Remote, now),
		Own:    t.Schedule.DisableLocal && t.Backup.S3ID != 0,
	}
}

// dumps are the files of earlier dumps, which their objects are named by, too.
func (t *target) dumps(ids []core.ID) []string {
	var out []string
	for _, b := range t.Kept {
		if slices.Contains(ids, b.UUID) {
			out = append(out, b.Filename)
		}
	}
	return out
}

// from are those of the dumps that lost a place, as they are now.
func (g pruning) from(kept []core.Backup) []core.Backup {
	var out []core.Backup
	for _, b := range kept {
		local, remote := slices.Contains(g.Local, b.UUID), slices.Contains(g.Remote, b.UUID)
		if b.Local, b.Remote = b.Local && !local, b.Remote && !remote; local || remote {
			out = append(out, b)
		}
	}
	return out
}
