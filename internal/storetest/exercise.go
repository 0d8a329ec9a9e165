package storetest

import (
	"testing"

	"github.com/taffrail/taffrail/internal/sqlstore"
)

// Exercise runs the whole suite. open returns a fresh database for each part of it.
func Exercise(t *testing.T, open func(testing.TB) *sqlstore.DB) {
	for name, part := range map[string]func(*testing.T, *sqlstore.DB){
		"teams":               exerciseTeams,
		"tokens":              exerciseTokens,
		"accounts":            exerciseAccounts,
		"sessions":            exerciseSessions,
		"factors":             exerciseFactors,
		"keys":                exerciseKeys,
		"servers":             exerciseServers,
		"destinations":        exerciseDestinations,
		"instance":            exerciseInstance,
		"projects":            exerciseProjects,
		"services":            exerciseServices,
		"databases":           exerciseDatabases,
		"ports":               exercisePorts,
		"loading":             exerciseLoading,
		"databases, deletion": exerciseDatabaseDeletion,
		"databases, options":  exerciseDatabaseOptions,
		"applications":        exerciseApplications,
		"applications, load":  exerciseApplicationLoading,
		"applications, purge": exerciseApplicationDeletion,
		"repositories":        exerciseRepositories,
		"kept":                exerciseKept,
		"further":             exerciseFurther,
		"further, enqueue":    exerciseEnqueueFurther,
		"shared":              exerciseShared,
		"previews":            exercisePreviews,
		"GitHub Apps":         exerciseGitHubApps,
		"revisions":           exerciseRevisions,
		"revisions, joining":  exerciseRevisionsJoin,
		"lanes":               exerciseLanes,
		"lanes, statuses":     exerciseApplicationStatuses,
		"deliveries":          exerciseDeliveries,
		"deliveries, race":    exerciseDeliveriesRace,
		"deliveries, full":    exerciseDeliveriesFull,
		"superseding":         exerciseSuperseding,
		"superseding, race":   exerciseSupersedingRace,
		"storages":            exerciseStorages,
		"certificates":        exerciseCertificates,
		"expiring":            exerciseExpiring,
		"buckets":             exerciseS3,
		"schedules":           exerciseSchedules,
		"scheduled":           exerciseScheduled,
		"backups":             exerciseBackups,
		"abandoned":           exerciseAbandoned,
		"variables":           exerciseVariables,
		"statuses":            exerciseStatuses,
		"databases, statuses": exerciseDatabaseStatuses,
		"deletion":            exerciseDeletion,
		"enqueue":             exerciseEnqueue,
		"order":               exerciseOrder,
		"leases":              exerciseLeases,
		"carrying":            exerciseCarrying,
		"advancing":           exerciseAdvancing,
		"build servers":       exerciseBuilders,
		"logs":                exerciseLogs,
		"jobs":                exerciseJobs,
		"retaining":           exerciseRetaining,
		"rewriting":           exerciseRewriting,
		"rewriting, race":     exerciseRewritingRace,
		"packing":             exercisePacking,
		"packing, race":       exercisePackingRace,
		"cancel":              exerciseCancel,
		"history":             exerciseHistory,
		"kinds":               exerciseKinds,
		"records":             exerciseRecords,
		"tags":                exerciseTags,
		"records, logs":       exerciseDroppedLogs,
		"isolation":           exerciseIsolation,
		"overlap":             exerciseOverlap,
		"audit":               exerciseAudit,
		"concurrency":         exerciseConcurrency,
		"model":               exerciseModel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, open(t))
		})
	}
}
