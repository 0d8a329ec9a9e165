package sqlstore

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// kind says where the three kinds differ in the database. All statements about them
// are one text each, filled in from this table.
type kind struct {
	name      core.Kind
	queue     string // table of its deployments
	resources string // table of its resources
	ref       string // column of queue that points to the resource
	refTo     string // column of resources that ref points to
	title     string // column of queue with the name of the resource
	row       string // row id of the resource, in terms of queue row d
	typ       string // type of the resource, in terms of queue row d
	restype   string // type of the resource, in terms of resource row r
	log       string // column of logs that points to the deployment
	owner     string // column of environment_variables that points to the resource
	lane      string // number of the lane, in terms of queue row d: deployments of other lanes of a resource are in nobody's way
	builder   string // row id of the server that builds for it, in terms of queue row d; 0: none
	revision  string // the columns of revision, in terms of queue row d
	extra     []extra
}

// extra is a column that only the deployments of one kind have.
type extra struct {
	column string
	value  func(d core.Deployment) any
}

// revision are the columns of what of an application a deployment is about. All kinds
// are read alike, so the others have what stands in none.
var revision = []struct {
	extra
	none string
	to   func(r *core.Revision) any
}{
	{extra{`"commit"`, func(d core.Deployment) any { return clean(d.Revision.Commit) }}, `''`, func(r *core.Revision) any { return &r.Commit }},
	{extra{"commit_message", func(d core.Deployment) any { return clean(d.Revision.Message) }}, `''`, func(r *core.Revision) any { return &r.Message }},
	{extra{"git_branch", func(d core.Deployment) any { return clean(d.Revision.Branch) }}, `''`, func(r *core.Revision) any { return &r.Branch }},
	{extra{"pull_request_id", func(d core.Deployment) any { return d.Revision.PullRequest }}, `0`, func(r *core.Revision) any { return &r.PullRequest }},
	{extra{"docker_registry_image_tag", func(d core.Deployment) any { return clean(d.Revision.Tag) }}, `''`, func(r *core.Revision) any { return &r.Tag }},
	{extra{"git_type", func(d core.Deployment) any { return clean(d.Revision.Provider) }}, `''`, func(r *core.Revision) any { return &r.Provider }},
	{extra{"build_server_id", func(d core.Deployment) any { return refOrNil(d.Revision.BuildServer) }}, `0`, func(r *core.Revision) any { return &r.BuildServer }},
	{extra{"only_this_server", func(d core.Deployment) any { return d.Revision.OnlyHere }}, `FALSE`, func(r *core.Revision) any { return &r.OnlyHere }},
}

// readRevision selects the columns of revision, or what other kinds have for them.
func readRevision(has bool) string {
	parts := make([]string, len(revision))
	for i, c := range revision {
		parts[i] = c.none
		if has {
			parts[i] = "COALESCE(d." + c.column + ", " + c.none + ")"
		}
		parts[i] += " AS " + c.column
	}
	return strings.Join(parts, ", ")
}

// applicationExtra are the columns that only deployments of applications have.
func applicationExtra() []extra {
	all := []extra{{"force_rebuild", func(d core.Deployment) any { return d.Options.Force }}}
	for _, c := range revision {
		all = append(all, c.extra)
	}
	return all
}

var kinds = []kind{
	{
		name: core.KindApplication, queue: "application_deployment_queues", resources: "applications",
		ref: "application_id", refTo: "id", title: "application_name", row: "d.application_id", typ: "''",
		restype: "r.build_pack", log: "application_deployment_id", owner: "application_id",
		lane: "d.pull_request_id", builder: "COALESCE(d.build_server_id, 0)", revision: readRevision(true), extra: applicationExtra(),
	},
	{
		name: core.KindService, queue: "service_deployment_queues", resources: "services",
		ref: "service_id", refTo: "id", title: "service_name", row: "d.service_id", typ: "''",
		restype: "r.service_type", log: "service_deployment_id", owner: "service_id",
		lane: "0", builder: "0", revision: readRevision(false),
		extra: []extra{
			{"pull_latest_images", func(d core.Deployment) any { return d.Options.PullLatest }},
			{"stop_before_start", func(d core.Deployment) any { return d.Options.StopBeforeStart }},
		},
	},
	{
		name: core.KindDatabase, queue: "database_deployment_queues", resources: "databases",
		ref: "database_id", refTo: "uuid", title: "database_name",
		row: "(SELECT r.id FROM databases r WHERE r.uuid = d.database_id)", typ: "d.database_type",
		restype: "r.database_type", log: "database_deployment_id", owner: "database_id",
		lane: "0", builder: "0", revision: readRevision(false),
		extra: []extra{{"database_type", func(d core.Deployment) any { return d.Resource.Type }}},
	},
}

// kindOf finds a kind by name.
func kindOf(name core.Kind) (kind, error) {
	for _, k := range kinds {
		if k.name == name {
			return k, nil
		}
	}
	return kind{}, core.Errorf(core.CodeBadRequest, "There is no kind of resource %q.", name)
}

// fill puts the words of a kind into a text: {queue}, {ref}, ….
func (k kind) fill(text string) string {
	return strings.NewReplacer("{kind}", string(k.name), "{queue}", k.queue, "{resources}", k.resources, "{ref}", k.ref,
		"{refTo}", k.refTo, "{title}", k.title, "{row}", k.row, "{type}", k.typ, "{restype}", k.restype,
		"{log}", k.log, "{owner}", k.owner, "{lane}", k.lane, "{builder}", k.builder, "{revision}", k.revision).Replace(text)
}

// reference is what {ref} holds for a resource.
func (k kind) reference(r core.Resource) any {
	if k.refTo == "uuid" {
		return string(r.UUID)
	}
	return r.RowID
}

// union is a text filled in for every kind, as one query.
func union(text string) string { return unionOf(kinds, text) }

func unionOf(of []kind, text string) string {
	parts := make([]string, len(of))
	for i, k := range of {
		parts[i] = k.fill(text)
	}
	return strings.Join(parts, "\nUNION ALL ")
}

// letGo makes soft-deleted resources let go of rows that are about to be deleted; which
// selects the ids of those. Live resources keep hold, and the database refuses then.
func letGo(ctx context.Context, s *session, column, which string, args ...any) error {
	for _, k := range kinds {
		_, err := s.exec(ctx, `UPDATE `+k.resources+` SET `+column+` = NULL WHERE deleted_at IS NOT NULL AND `+column+` IN (`+which+`)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// inUse is the answer when live resources keep what ("Server") from being deleted.
func inUse(what string, err error) error {
	if isReferenced(err) {
		return &core.Error{Op: "delete", Code: core.CodeBadRequest, Err: err, Msg: what + " has resources, so it cannot be deleted."}
	}
	return err
}
