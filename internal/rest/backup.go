package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

type oneBackup struct {
	UUID   string `path:"uuid"`
	Backup string `path:"backup" doc:"Uuid of a schedule."`
}

func (a *API) listBackups(ctx context.Context, p auth.Principal, in one) ([]api.BackupSchedule, error) {
	found, err := a.control.ListSchedules(ctx, p, core.ID(in.UUID))
	return list(found, showSchedule), err
}

func (a *API) getBackup(ctx context.Context, p auth.Principal, in oneBackup) (api.BackupSchedule, error) {
	s, err := a.control.GetSchedule(ctx, p, core.ID(in.UUID), core.ID(in.Backup))
	return showSchedule(s), err
}

type createBackup struct {
	UUID string           `path:"uuid"`
	Body api.BackupCreate `in:"body"`
}

func (a *API) createBackup(ctx context.Context, p auth.Principal, in createBackup) (api.BackupSaved, error) {
	b := in.Body
	s, err := a.control.CreateSchedule(ctx, p, core.ID(in.UUID), scheduleInput(&b.Frequency, b.BackupSettings, b.RetentionSettings))
	return savedBackup(s, "Backup configuration created successfully."), err
}

type updateBackup struct {
	UUID   string           `path:"uuid"`
	Backup string           `path:"backup" doc:"Uuid of a schedule."`
	Body   api.BackupUpdate `in:"body"`
}

func (a *API) updateBackup(ctx context.Context, p auth.Principal, in updateBackup) (api.BackupSaved, error) {
	b := in.Body
	s, err := a.control.UpdateSchedule(ctx, p, core.ID(in.UUID), core.ID(in.Backup), scheduleInput(b.Frequency, b.BackupSettings, b.RetentionSettings))
	return savedBackup(s, "Backup configuration updated."), err
}

type deleteBackup struct {
	UUID   string                  `path:"uuid"`
	Backup string                  `path:"backup" doc:"Uuid of a schedule."`
	Body   api.DeleteBackupOptions `in:"query"`
}

func (a *API) deleteBackup(ctx context.Context, p auth.Principal, in deleteBackup) (api.Message, error) {
	err := a.control.DeleteSchedule(ctx, p, core.ID(in.UUID), core.ID(in.Backup), in.Body.DeleteS3)
	message := "Backup configuration deleted."
	if in.Body.DeleteS3 {
		message = "Backup configuration and all executions deleted."
	}
	return api.Message{Message: message}, err
}

type runBackup struct {
	UUID string               `path:"uuid"`
	Body api.BackupRunRequest `in:"optional"`
}

func (a *API) runBackup(ctx context.Context, p auth.Principal, in runBackup) (api.BackupStarted, error) {
	b, d, err := a.control.BackupNow(ctx, p, core.ID(in.UUID), control.BackupInput{
		Databases: in.Body.DatabasesToBackup, S3: core.ID(in.Body.S3StorageUUID), Note: in.Body.Note,
	})
	return api.BackupStarted{Message: "Backup queued.", ExecutionUUID: string(b.UUID), DeploymentUUID: string(d.UUID)}, err
}

func scheduleInput(frequency *string, b api.BackupSettings, r api.RetentionSettings) control.ScheduleInput {
	return control.ScheduleInput{
		Frequency: frequency, Description: b.Description, Enabled: b.Enabled, DumpAll: b.DumpAll, Databases: b.DatabasesToBackup,
		Local:        control.RetentionPatch{Amount: r.AmountLocally, Days: r.DaysLocally, MaxStorage: r.MaxStorageLocally},
		Remote:       control.RetentionPatch{Amount: r.AmountS3, Days: r.DaysS3, MaxStorage: r.MaxStorageS3},
		DisableLocal: b.DisableLocal, SaveS3: b.SaveS3, S3: newID(b.S3StorageUUID), Timeout: b.Timeout, BackupNow: b.BackupNow,
	}
}

func savedBackup(s control.ScheduleSaved, message string) api.BackupSaved {
	return api.BackupSaved{
		UUID: string(s.Schedule.UUID), Message: message, Warnings: s.Warnings,
		ExecutionUUID: string(s.Deployment.Options.Backup), DeploymentUUID: string(s.Deployment.UUID),
	}
}

func showSchedule(s control.Schedule) api.BackupSchedule {
	out := api.BackupSchedule{
		ID: s.RowID, UUID: string(s.UUID), Description: text(s.Description), DatabaseID: s.DatabaseID, DatabaseUUID: string(s.Database),
		DatabasesToBackup: text(s.Databases), DisableLocal: s.DisableLocal, DumpAll: s.DumpAll, Enabled: s.Enabled,
		Frequency: s.Frequency, NextRunAt: at(s.NextRunAt), SaveS3: s.SaveS3, S3StorageUUID: text(s.S3), TeamID: s.TeamID, Timeout: s.Timeout,
		Retention: api.Retention{
			AmountLocally: s.Local.Amount, DaysLocally: s.Local.Days, MaxStorageLocally: s.Local.MaxStorage,
			AmountS3: s.Remote.Amount, DaysS3: s.Remote.Days, MaxStorageS3: s.Remote.MaxStorage,
		},
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
	}
	if s.S3ID != 0 {
		out.S3StorageID = &s.S3ID
	}
	return out
}
