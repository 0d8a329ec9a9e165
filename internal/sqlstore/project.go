package sqlstore

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	projectColumns     = `p.id, p.uuid, p.team_id, p.name, p.description, p.created_at, p.updated_at`
	environmentColumns = `e.id, e.uuid, e.project_id, e.name, e.description, e.created_at, e.updated_at`
)

func scanProject(r row) (core.Project, error) {
	p := core.Project{Environments: []core.Environment{}}
	err := r.Scan(&p.RowID, &p.UUID, &p.TeamID, &p.Name, &p.Description, stamp{&p.CreatedAt}, stamp{&p.UpdatedAt})
	return p, err
}

func scanEnvironment(r row) (core.Environment, error) {
	var e core.Environment
	err := r.Scan(&e.RowID, &e.UUID, &e.ProjectID, &e.Name, &e.Description, stamp{&e.CreatedAt}, stamp{&e.UpdatedAt})
	return e, err
}

// CreateProject stores a project with an environment "production".
func (db *DB) CreateProject(ctx context.Context, p core.Project) (core.Project, error) {
	var made core.Project
	err := db.inTx(ctx, "create project", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = createProject(ctx, s, now, p)
		return err
	})
	return made, err
}

func createProject(ctx context.Context, s *session, now int64, p core.Project) (core.Project, error) {
	made, err := one(ctx, s, scanProject,
		`INSERT INTO projects (uuid, team_id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		RETURNING id, uuid, team_id, name, description, created_at, updated_at`,
		string(orNew(p.UUID)), p.TeamID, p.Name, p.Description, now, now)
	if err != nil {
		return made, err
	}
	first, err := createEnvironment(ctx, s, now, core.Environment{ProjectID: made.RowID, Name: "production"})
	made.Environments = append(made.Environments, first)
	return made, err
}

func createEnvironment(ctx context.Context, s *session, now int64, e core.Environment) (core.Environment, error) {
	made, err := one(ctx, s, scanEnvironment,
		`INSERT INTO environments (uuid, project_id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		RETURNING id, uuid, project_id, name, description, created_at, updated_at`,
		string(orNew(e.UUID)), e.ProjectID, e.Name, e.Description, now, now)
	return made, environmentTaken(err)
}

func environmentTaken(err error) error {
	if isTaken(err) {
		return &core.Error{Op: "store environment", Code: core.CodeConflict, Msg: "Environment with this name already exists.", Err: err}
	}
	return err
}

// GetProject reads a project with its environments.
func (db *DB) GetProject(ctx context.Context, team int64, id core.ID) (core.Project, error) {
	p, err := getOne(ctx, db, "Project", scanProject, `SELECT `+projectColumns+` FROM projects p WHERE p.uuid = $1 AND p.team_id = $2`, string(id), team)
	if err != nil {
		return p, err
	}
	p.Environments, err = getList(ctx, db, "environments", scanEnvironment,
		`SELECT `+environmentColumns+` FROM environments e WHERE e.project_id = $1 ORDER BY e.id`, p.RowID)
	return p, err
}

// ListProjects returns the projects of a team with their environments.
func (db *DB) ListProjects(ctx context.Context, team int64) ([]core.Project, error) {
	all, err := getList(ctx, db, "projects", scanProject, `SELECT `+projectColumns+` FROM projects p WHERE p.team_id = $1 ORDER BY p.id`, team)
	if err != nil {
		return nil, err
	}
	environments, err := getList(ctx, db, "environments", scanEnvironment,
		`SELECT `+environmentColumns+` FROM environments e JOIN projects p ON p.id = e.project_id WHERE p.team_id = $1 ORDER BY e.id`, team)
	if err != nil {
		return nil, err
	}
	at := map[int64]int{}
	for i, p := range all {
		at[p.RowID] = i
	}
	for _, e := range environments {
		if i, ok := at[e.ProjectID]; ok {
			all[i].Environments = append(all[i].Environments, e)
		}
	}
	return all, nil
}

// UpdateProject writes name and description of the project with p's uuid.
func (db *DB) UpdateProject(ctx context.Context, p core.Project) error {
	return db.inTx(ctx, "update project", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return must(ctx, s, "Project", `UPDATE projects SET name = $1, description = $2, updated_at = $3 WHERE uuid = $4 AND team_id = $5`,
			p.Name, p.Description, now, string(p.UUID), p.TeamID)
	})
}

// DeleteProject removes a project and its environments. CodeBadRequest while resources
// are in it.
func (db *DB) DeleteProject(ctx context.Context, team int64, id core.ID) error {
	return db.inTx(ctx, "delete project", func(s *session) error {
		err := letGo(ctx, s, "environment_id",
			`SELECT e.id FROM environments e JOIN projects p ON p.id = e.project_id WHERE p.uuid = $1 AND p.team_id = $2`, string(id), team)
		if err != nil {
			return err
		}
		return inUse("Project", must(ctx, s, "Project", `DELETE FROM projects WHERE uuid = $1 AND team_id = $2`, string(id), team))
	})
}

// CreateEnvironment adds an environment to a project of the team. CodeConflict when the
// project has one of this name.
func (db *DB) CreateEnvironment(ctx context.Context, team int64, e core.Environment) (core.Environment, error) {
	var made core.Environment
	err := db.inTx(ctx, "create environment", func(s *session) error {
		ours, err := exists(ctx, s, `SELECT 1 FROM projects WHERE id = $1 AND team_id = $2`, e.ProjectID, team)
		if err == nil && !ours {
			return core.NotFound("Project")
		}
		if err != nil {
			return err
		}
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		made, err = createEnvironment(ctx, s, now, e)
		return err
	})
	return made, err
}

// UpdateEnvironment writes name and description of the environment with e's uuid.
func (db *DB) UpdateEnvironment(ctx context.Context, team int64, e core.Environment) error {
	return db.inTx(ctx, "update environment", func(s *session) error {
		now, err := db.engine.now(ctx, s)
		if err != nil {
			return err
		}
		return environmentTaken(must(ctx, s, "Environment",
			`UPDATE environments SET name = $1, description = $2, updated_at = $3
			WHERE uuid = $4 AND project_id IN (SELECT id FROM projects WHERE team_id = $5)`,
			e.Name, e.Description, now, string(e.UUID), team))
	})
}

// DeleteEnvironment removes an environment of a project. CodeBadRequest while resources
// are in it.
func (db *DB) DeleteEnvironment(ctx context.Context, team int64, project, id core.ID) error {
	return db.inTx(ctx, "delete environment", func(s *session) error {
		row, err := one(ctx, s, scanValue[int64],
			`SELECT e.id FROM environments e JOIN projects p ON p.id = e.project_id WHERE e.uuid = $1 AND p.uuid = $2 AND p.team_id = $3`,
			string(id), string(project), team)
		if err != nil {
			return missing("Environment", err)
		}
		if err := letGo(ctx, s, "environment_id", `SELECT id FROM environments WHERE id = $1`, row); err != nil {
			return err
		}
		return inUse("Environment", must(ctx, s, "Environment", `DELETE FROM environments WHERE id = $1`, row))
	})
}
