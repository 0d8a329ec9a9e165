package rest

import (
	"strconv"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// showDeployment shows a deployment as lists do: without its log.
func showDeployment(d core.Deployment) api.Deployment {
	out := api.Deployment{
		ID: d.RowID, DeploymentStory: story(d), DeploymentURL: control.DeploymentPath(d),
		DeploymentUUID: string(d.UUID), IsAPI: d.Trigger == core.TriggerAPI || d.Trigger == core.TriggerCLI,
		ServerID: d.Server.RowID, ServerName: d.Server.Name, Status: api.Status(d.Status),
		CreatedAt: at(d.CreatedAt), UpdatedAt: at(d.UpdatedAt),
	}
	if d.Run.Known() {
		out.CurrentProcessID = text(strconv.Itoa(d.Run.PID))
	}
	kindViews()[d.Kind](d, &out)
	return out
}

// kindViews fills in the keys that one kind has and the others have not.
func kindViews() map[core.Kind]func(core.Deployment, *api.Deployment) {
	return map[core.Kind]func(core.Deployment, *api.Deployment){
		core.KindService: func(d core.Deployment, out *api.Deployment) {
			out.ServiceDeployment = &api.ServiceDeployment{
				ServiceID: d.Resource.RowID, ServiceName: d.Resource.Name,
				PullLatestImages: d.Options.PullLatest, StopBeforeStart: d.Options.StopBeforeStart,
			}
		},
		core.KindDatabase: func(d core.Deployment, out *api.Deployment) {
			out.DatabaseDeployment = &api.DatabaseDeployment{
				DatabaseID: strconv.FormatInt(d.Resource.RowID, 10), DatabaseName: d.Resource.Name,
				DatabaseType: d.Resource.Type, BackupUUID: text(d.Options.Backup), RestoredUUID: text(d.Options.Restore),
				ForceVersionChange: d.Options.ForceVersion,
			}
		},
		core.KindApplication: func(d core.Deployment, out *api.Deployment) {
			out.ApplicationDeployment = &api.ApplicationDeployment{
				ApplicationID: strconv.FormatInt(d.Resource.RowID, 10), ApplicationName: d.Resource.Name, BuildServerID: row(d.Revision.BuildServer),
				Commit: head(d.Revision.Commit), CommitMessage: text(d.Revision.Message), ConfigurationHash: text(d.Config.Hash),
				DestinationID: "0", DockerRegistryImageTag: text(d.Revision.Tag), ForceRebuild: d.Options.Force,
				GitType: text(d.Revision.Provider), IsWebhook: d.Trigger == core.TriggerWebhook,
				OnlyThisServer: d.Revision.OnlyHere, PullRequestID: int64(d.Revision.PullRequest),
				RestartOnly: d.Verb == core.VerbRestart, Rollback: d.Verb == core.VerbRollback, Branch: text(d.Revision.Branch),
			}
		},
	}
}

// head is what clients expect where no commit is known.
func head(commit string) string {
	if commit == "" {
		return "HEAD"
	}
	return commit
}

func story(d core.Deployment) api.DeploymentStory {
	digests := d.Config.Digests
	if digests == nil {
		digests = map[string]string{}
	}
	return api.DeploymentStory{
		Kind: string(d.Kind), Verb: string(d.Verb), Trigger: string(d.Trigger), Note: d.Note,
		Actor:        api.Actor{Kind: d.Actor.Kind, ID: d.Actor.ID, Name: d.Actor.Name},
		ResourceUUID: string(d.Resource.UUID), ResourceName: d.Resource.Name, ServerUUID: string(d.Server.UUID),
		ConfigHash: text(d.Config.Hash), ImageDigests: digests, Pinned: d.Pinned, RollbackOf: text(d.RollbackOf),
		SupersededBy: text(d.Outcome.SupersededBy),
		Outcome:      showOutcome(d), CancelRequestedAt: at(d.CancelAt), StartedAt: at(d.StartedAt), FinishedAt: at(d.FinishedAt),
	}
}

func showOutcome(d core.Deployment) *api.Outcome {
	if !d.Status.Terminal() {
		return nil
	}
	return &api.Outcome{
		Step: text(d.Outcome.Step), ExitCode: d.Outcome.ExitCode, Reason: d.Outcome.Reason,
		LastStderr: list(d.Outcome.LastErr, func(s string) string { return s }),
	}
}
