package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// Dumps are found below their schedule, as clients expect, and all of a database below
// the database: those on demand have no schedule.

type oneExecution struct {
	UUID      string `path:"uuid"`
	Execution string `path:"execution"`
}

type scheduledExecution struct {
	UUID      string `path:"uuid"`
	Backup    string `path:"backup" doc:"Uuid of a schedule."`
	Execution string `path:"execution"`
}

type deleteExecution struct {
	UUID      string                  `path:"uuid"`
	Execution string                  `path:"execution"`
	Body      api.DeleteBackupOptions `in:"query"`
}

type deleteScheduledExecution struct {
	UUID      string                  `path:"uuid"`
	Backup    string                  `path:"backup" doc:"Uuid of a schedule."`
	Execution string                  `path:"execution"`
	Body      api.DeleteBackupOptions `in:"query"`
}

type restoreExecution struct {
	UUID      string             `path:"uuid"`
	Execution string             `path:"execution"`
	Body      api.RestoreRequest `in:"optional"`
}

type restoreScheduledExecution struct {
	UUID      string             `path:"uuid"`
	Backup    string             `path:"backup" doc:"Uuid of a schedule."`
	Execution string             `path:"execution"`
	Body      api.RestoreRequest `in:"optional"`
}

func (a *API) listExecutions(ctx context.Context, p auth.Principal, in one) (api.Executions, error) {
	return a.listScheduledExecutions(ctx, p, oneBackup{UUID: in.UUID})
}

func (a *API) listScheduledExecutions(ctx context.Context, p auth.Principal, in oneBackup) (api.Executions, error) {
	found, err := a.control.ListBackups(ctx, p, core.ID(in.UUID), core.ID(in.Backup))
	return api.Executions{Executions: list(found, showExecution)}, err
}

func (a *API) getExecution(ctx context.Context, p auth.Principal, in oneExecution) (api.Execution, error) {
	return a.getScheduledExecution(ctx, p, scheduledExecution{UUID: in.UUID, Execution: in.Execution})
}

func (a *API) getScheduledExecution(ctx context.Context, p auth.Principal, in scheduledExecution) (api.Execution, error) {
	b, err := a.control.GetBackup(ctx, p, core.ID(in.UUID), core.ID(in.Backup), core.ID(in.Execution))
	return showExecution(b), err
}

func (a *API) deleteExecution(ctx context.Context, p auth.Principal, in deleteExecution) (api.Message, error) {
	return a.deleteScheduledExecution(ctx, p, deleteScheduledExecution{UUID: in.UUID, Execution: in.Execution, Body: in.Body})
}

func (a *API) deleteScheduledExecution(ctx context.Context, p auth.Principal, in deleteScheduledExecution) (api.Message, error) {
	err := a.control.DeleteBackup(ctx, p, core.ID(in.UUID), core.ID(in.Backup), core.ID(in.Execution), in.Body.DeleteS3)
	return api.Message{Message: "Backup execution deleted."}, err
}

func (a *API) restoreExecution(ctx context.Context, p auth.Principal, in restoreExecution) (api.Restored, error) {
	return a.restoreScheduledExecution(ctx, p, restoreScheduledExecution{UUID: in.UUID, Execution: in.Execution, Body: in.Body})
}

func (a *API) restoreScheduledExecution(ctx context.Context, p auth.Principal, in restoreScheduledExecution) (api.Restored, error) {
	b := in.Body
	s, err := a.control.RestoreBackup(ctx, p, core.ID(in.UUID), core.ID(in.Backup), core.ID(in.Execution), control.RestoreInput{
		Name: text(b.Name), Description: text(b.Description), Note: b.Note,
	})
	return api.Restored{
		Message: "Restore into a new database queued.", Warnings: s.Warnings,
		UUID: string(s.Database.UUID), DeploymentUUID: string(s.Deployment.UUID),
	}, err
}

func showExecution(b control.Backup) api.Execution {
	return api.Execution{
		UUID: string(b.UUID), BackupUUID: text(b.Schedule), Databases: text(b.Databases), DatabaseType: b.Engine,
		DeploymentUUID: text(b.Deployment), Filename: text(b.Filename), Image: b.Image, IsLocal: b.Local, IsS3: b.Remote,
		Message: text(b.Message), S3StorageUUID: text(b.S3), SHA256: text(b.SHA256), Size: b.Size, Status: string(b.Status),
		Version: text(b.Version), CreatedAt: at(b.CreatedAt), FinishedAt: at(b.FinishedAt),
	}
}
