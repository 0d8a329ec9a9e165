package database

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/run"
)

// Names of the artifacts of a dump.
const (
	artifactDump   = "dump"
	artifactUpload = "upload"
)

// dumpTime is how the file of a dump says when it was taken.
const dumpTime = "20060102-150405"

const (
	dumpLimit    = time.Hour // without a schedule that says otherwise
	pruneTimeout = 10 * time.Minute
)

// dumping is a dump that is to be taken.
type dumping struct {
	steps []run.Step
	file  string        // where it comes to lie
	limit time.Duration // how long all of it may take
}

// dumpAlone takes a dump, and lets older ones go.
func (p *planner) dumpAlone() (deploy.Plan, error) {
	taken, err := p.dump()
	if err != nil {
		return deploy.Plan{}, err
	}
	goes := p.pruning(p.seen.Now)
	return p.finished(goes, taken.limit, taken.steps, p.prune(goes, taken.file))
}

// dump writes the database out into a file, and uploads that if it is to be.
func (p *planner) dump() (dumping, error) {
	b := p.Backup
	switch {
	case b == nil:
		return dumping{}, core.Errorf(core.CodeBadRequest, "The backup that was to be taken is not known any more.")
	case !p.runs():
		return dumping{}, core.Errorf(core.CodeBadRequest, "Database %s does not run, so it cannot be dumped. Start it first.", p.Database.Name)
	case b.S3ID != 0 && p.S3 == nil:
		return dumping{}, core.Errorf(core.CodeBadRequest, "The S3 storage that the backup was to be uploaded to is gone.")
	}
	databases, all := p.dumped()
	how, err := dumpOf(p.Database, databases, all)
	if err != nil {
		return dumping{}, err
	}
	out := dumping{limit: dumpLimit}
	out.file = path.Join(p.dumpDir(), p.seen.Now.UTC().Format(dumpTime)+"-"+string(b.UUID)+how.Extension)
	if p.Schedule != nil && p.Schedule.Timeout > 0 {
		out.limit = time.Duration(p.Schedule.Timeout) * time.Second
	}
	out.steps = []run.Step{{
		Name: "dump", Title: "Dumping " + what(databases, all) + " to " + out.file + ".", Timeout: out.limit,
		Argv:   append([]string{"docker", "exec", p.uuid()}, how.Write...),
		Output: &run.Output{Name: artifactDump, Path: out.file, Gzip: how.Gzip},
	}}
	if b.S3ID != 0 {
		o := p.object()
		o.Put, o.Path, o.Name = p.S3.Key(out.file), out.file, artifactUpload
		out.steps = append(out.steps, run.Step{
			Name: "upload", Title: "Uploading the dump to " + p.S3.Name + ".", Object: o, Retries: 2, Timeout: out.limit,
		})
		out.limit *= 2
	}
	return out, nil
}

// dumpOf says how a database is dumped and read back.
func dumpOf(db core.Database, databases []string, all bool) (engine.Dump, error) {
	spec, err := find(db)
	if err != nil {
		return engine.Dump{}, err
	}
	how, err := spec.Dump(db, databases, all)
	var fault *core.Error
	if errors.As(err, &fault) && len(fault.Fields) > 0 {
		// The record of a deployment shows no fields.
		err = core.Errorf(core.CodeBadRequest, "%s", strings.Join(slices.Concat(slices.Collect(maps.Values(fault.Fields))...), " "))
	}
	return how, err
}

// dumped says which databases are written out.
func (t *target) dumped() (databases []string, all bool) {
	if t.Schedule != nil && t.Schedule.DumpAll {
		return nil, true
	}
	return split(t.Backup.Databases)
}

// split reads the names in a backup or a schedule.
func split(text string) (databases []string, all bool) {
	if strings.TrimSpace(text) == core.AllDatabases {
		return nil, true
	}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			databases = append(databases, name)
		}
	}
	return databases, false
}

func what(databases []string, all bool) string {
	switch {
	case all:
		return "all databases"
	case len(databases) == 0:
		return "the database"
	default:
		return strings.Join(databases, ", ")
	}
}

// dumpDir is where the dumps of this database are. It is not in the database's folder,
// which goes when the database is deleted.
func (t *target) dumpDir() string {
	return path.Join(path.Dir(path.Dir(t.dir)), "backups", "databases", string(t.Database.UUID))
}

// object is a request to the bucket.
func (p *planner) object() *run.Object {
	s := p.S3
	return &run.Object{
		Endpoint: s.Endpoint, Region: s.Region, Bucket: s.Bucket, Access: s.AccessKey.Reveal(), Secret: s.SecretKey.Reveal(),
	}
}

// prune deletes what is not to be kept any more, now that there is a new dump. It may not
// fail in silence: a disk that fills up with old dumps ends as an outage. What is gone
// already is no fault, so that the next backup tries the rest again. The server's files
// come last: as long as they are there, nothing is lost.
func (p *planner) prune(goes pruning, file string) []run.Step {
	var steps []run.Step
	if len(goes.Remote) > 0 {
		o := p.object()
		for _, f := range p.dumps(goes.Remote) {
			o.Delete = append(o.Delete, p.S3.Key(f))
		}
		steps = append(steps, run.Step{
			Name: "prune-s3", Title: "Deleting old dumps in " + p.S3.Name + ".", Object: o, Retries: 2, Timeout: pruneTimeout,
		})
	}
	files := p.dumps(goes.Local)
	if goes.Own {
		files = append(files, file)
	}
	if len(files) > 0 {
		steps = append(steps, run.Step{Name: "prune", Title: "Deleting old dumps on the server.", Delete: files, Timeout: pruneTimeout})
	}
	return steps
}
