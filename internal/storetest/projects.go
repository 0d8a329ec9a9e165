package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

func exerciseProjects(t *testing.T, db *sqlstore.DB) {
	w := newWorld(t, db)
	if w.project.Name != "default" || len(w.project.Environments) != 1 || w.project.Environments[0].Name != "production" {
		t.Errorf("first project is %+v", w.project)
	}
	made, err := db.CreateProject(t.Context(), core.Project{TeamID: w.team, Name: "shop", Description: "d"})
	ok(t, err)
	recent(t, "creation of the project", made.CreatedAt)
	staging, err := db.CreateEnvironment(t.Context(), w.team, core.Environment{ProjectID: made.RowID, Name: "staging", Description: "s"})
	ok(t, err)
	_, err = db.CreateEnvironment(t.Context(), w.team, core.Environment{ProjectID: made.RowID, Name: "staging"})
	wantCode(t, "second environment of a name", err, core.CodeConflict)
	_, err = db.CreateEnvironment(t.Context(), w.team, core.Environment{ProjectID: 999, Name: "x"})
	wantCode(t, "environment of an unknown project", err, core.CodeNotFound)

	taken := staging
	taken.Name = "production"
	wantCode(t, "rename to a name that is taken", db.UpdateEnvironment(t.Context(), w.team, taken), core.CodeConflict)
	staging.Name, staging.Description = "test", "t"
	ok(t, db.UpdateEnvironment(t.Context(), w.team, staging))
	made.Name, made.Description = "store", "e"
	ok(t, db.UpdateProject(t.Context(), made))
	got, err := db.GetProject(t.Context(), w.team, made.UUID)
	ok(t, err)
	made.UpdatedAt, staging.UpdatedAt = got.UpdatedAt, got.Environments[1].UpdatedAt
	made.Environments = append(made.Environments, staging)
	same(t, "project", got, made)
	all, err := db.ListProjects(t.Context(), w.team)
	ok(t, err)
	same(t, "projects", all, []core.Project{w.project, made})

	inUse := w.project.Environments[0]
	wantCode(t, "deletion of an environment in use", db.DeleteEnvironment(t.Context(), w.team, w.project.UUID, inUse.UUID), core.CodeBadRequest)
	wantCode(t, "deletion of a project in use", db.DeleteProject(t.Context(), w.team, w.project.UUID), core.CodeBadRequest)
	wantCode(t, "environment of another project", db.DeleteEnvironment(t.Context(), w.team, w.project.UUID, staging.UUID), core.CodeNotFound)
	ok(t, db.DeleteEnvironment(t.Context(), w.team, made.UUID, staging.UUID))
	ok(t, db.DeleteProject(t.Context(), w.team, made.UUID))
	_, err = db.GetProject(t.Context(), w.team, made.UUID)
	wantCode(t, "deleted project", err, core.CodeNotFound)

	// A deleted service no longer keeps its environment.
	ok(t, db.DeleteService(t.Context(), w.team, w.service.UUID))
	ok(t, db.DeleteEnvironment(t.Context(), w.team, w.project.UUID, inUse.UUID))
	ok(t, db.DeleteProject(t.Context(), w.team, w.project.UUID))
}
