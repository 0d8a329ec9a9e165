package database

import (
	"slices"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
	"github.com/taffrail/taffrail/internal/engine"
	"github.com/taffrail/taffrail/internal/run"
)

// renewing brings a new certificate to the server, and makes a database that runs take it
// up as it runs. Nothing else is written: settings that wait for the next start go on
// waiting, also when Docker should start the container again before that. One that was
// started without TLS has nothing to take up.
func (p *planner) renewing() (deploy.Plan, error) {
	if !p.Database.Settings.EnableSSL {
		return deploy.Plan{}, core.Errorf(core.CodeBadRequest, "Database %s has no certificate to renew: SSL is off.", p.Database.Name)
	}
	var files []run.File
	for _, f := range p.out.Files {
		// Folders on the way are those of the files: without their modes nobody gets in.
		if f.IsDir || slices.ContainsFunc(p.out.holding(p.certs), func(h run.File) bool { return h.Path == f.Path }) {
			files = append(files, f)
		}
	}
	steps := [][]run.Step{{{Name: "files", Title: "Saved the certificate to " + p.dir + ".", Files: files}}, p.own(p.owned(files))}
	var keep any
	if p.certified() {
		keep = p.before.with(files)
		if p.runs() {
			steps = append(steps, p.reload())
		}
	}
	return p.finished(keep, 0, steps...)
}

// owned is what of these files belongs to users of the image.
func (p *planner) owned(files []run.File) []engine.Owned {
	var out []engine.Owned
	for _, o := range p.out.Owned {
		var paths []string
		for _, at := range o.Paths {
			if slices.ContainsFunc(files, func(f run.File) bool { return f.Path == at }) {
				paths = append(paths, at)
			}
		}
		if len(paths) > 0 {
			out = append(out, engine.Owned{User: o.User, Paths: paths})
		}
	}
	return out
}
