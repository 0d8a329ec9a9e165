package database

import (
	"path"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/run"
)

// restoring starts the database and reads a dump back into it. One that fails on the way
// is taken down, with its volumes kept: what holds a part of the data must not look like
// what holds all of it.
func (p *planner) restoring() (deploy.Plan, error) {
	b := p.Restore
	switch {
	case b == nil:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "The backup that was to be restored is not known any more.")
	case b.Engine != p.Database.Type:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "The backup is one of a %s, which a %s cannot read.", b.Engine, p.Database.Type)
	case b.Filename == "" || !b.Local && !b.Remote:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "The backup has no file any more, neither on the server nor in S3.")
	case !b.Local && p.S3 == nil:
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "The backup is only in an S3 storage that is gone.")
	}
	forced, err := p.guarded()
	if err != nil {
		return deploy.Plan{}, err
	}
	databases, all := split(b.Databases)
	how, err := dumpOf(p.Database, databases, all)
	if err != nil {
		return deploy.Plan{}, err
	}
	if !strings.HasSuffix(b.Filename, how.Extension) {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest,
			"The backup is the file %s, and this Taffrail reads files that end in %s. Restore it by hand, or with the version that took it.", path.Base(b.Filename), how.Extension)
	}
	file := b.Filename
	var get, drop []run.Step
	if !p.here() {
		file = path.Join(p.dumpDir(), ".restore-"+string(b.UUID))
		o := p.object()
		o.Get, o.Path = p.S3.Key(b.Filename), file
		get = []run.Step{{Name: "download", Title: "Downloading the dump from " + p.S3.Name + ".", Object: o, Retries: 2, Timeout: dumpLimit}}
		drop = []run.Step{{Name: "clean", Title: "Deleting the copy of the dump.", Delete: []string{file}, Always: true}}
	}
	read := run.Step{
		Name: "restore", Title: "Reading the dump of " + what(databases, all) + " back.", Timeout: dumpLimit,
		Argv:  append([]string{"docker", "exec", "--interactive", p.uuid()}, how.Read...),
		Input: &run.Input{Path: file, Gunzip: how.Gzip, SHA256: b.SHA256},
	}
	return p.finished(p.deploying(), 2*dumpLimit, get, p.up(forced), []run.Step{read, p.verify()}, drop, p.undo())
}

// here says whether the dump that is restored lies on this server. That of another
// database may be on another one; a copy in S3 is where everybody can get it.
func (p *planner) here() bool {
	b := p.Restore
	return b.Local && (!b.Remote || p.S3 == nil || b.DatabaseID == p.Database.RowID)
}
