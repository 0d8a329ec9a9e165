package sqlstore

import "github.com/taffrail/taffrail/internal/core"

// Positional shows the rewriting of statements to tests.
var Positional = positional

// Statements are those whose plans a test looks at, by name.
func Statements() map[string]string {
	first, _, _ := historyQuery(1, core.HistoryFilter{Limit: 10})
	next, _, _ := historyQuery(1, core.HistoryFilter{Limit: 10, Cursor: "5.5"})
	all := map[string]string{
		"one by uuid": deploymentByUUID, "active of a team": activeDeployments, "active of a server": activeOfServer,
		"first page": first, "next page": next, "waiting": waiting, "expired": expired, "queued": countQueued,
		"load": serverLoad, "before": beforeInTurn, "renewal": kinds[1].fill(renewal), "release": kinds[1].fill(release),
	}
	for _, k := range kinds {
		all["page of a "+string(k.name)] = k.fill(byResource)
	}
	return all
}

// CloseSettings and OpenSettings show the stored form of settings to tests.
var (
	CloseSettings = closeSettings
	OpenSettings  = openSettings
)

// CloseApplication and OpenApplication show the stored form of applications to tests.
var (
	CloseApplication = closeApplication
	OpenApplication  = openApplication
)

// ApplicationLists are what is asked of applications beside their history, and beside
// what all others have.
func ApplicationLists() map[string]string {
	k := kinds[0]
	return map[string]string{
		"by repository": byRepository, "kept": k.fill(kept), "targets": k.fill(rollbackTargets), "waiting": k.fill(ofLane),
		"sweep": sweepDeliveries, "shared": sharedOfApplication, "further": further, "preview": previewByNumber,
	}
}

// Timers are what is asked again and again, for all teams.
func Timers() map[string]string {
	return map[string]string{"due": due, "expiring": expiring}
}

// BackupLists read backups beside the history of their database.
func BackupLists() map[string]string {
	return map[string]string{"of a database": backupsOfDatabase, "of a schedule": backupsOfSchedule}
}

// Packer shows the form of chunks to tests.
type Packer struct{ p *packer }

// NewPacker makes one.
func NewPacker() (*Packer, error) {
	p, err := newPacker()
	return &Packer{p}, err
}

// Pack packs lines.
func (p *Packer) Pack(lines []core.Line) []byte { return p.p.pack(lines) }

// Unpack unpacks up to limit of them.
func (p *Packer) Unpack(data []byte, after int64, limit int) ([]core.Line, error) {
	return p.p.unpack(data, after, limit)
}

// UnpackPlain unpacks what is not compressed.
func UnpackPlain(plain []byte) error {
	r := &chunkReader{rest: plain}
	r.lines(0, 1000)
	return r.err
}

// Plain shows what a chunk is before it is compressed.
func (p *Packer) Plain(data []byte) ([]byte, error) { return p.p.dec.DecodeAll(data, nil) }

// KeepingLists are what the keeping of logs asks again and again.
func KeepingLists() map[string]string {
	return map[string]string{"unpacked": unpacked, "chunk": chunkAfter}
}
