package api

// HistoryLimits says how long deployments are kept that have ended, with their logs. What
// runs, the last success, pinned ones and what can be gone back to stay in any case.
type HistoryLimits struct {
	Days          int   `json:"days" doc:"Of those that finished. 0: for ever."`
	FailedDays    int   `json:"failed_days" doc:"Of those that failed. 0: for ever."`
	CancelledDays int   `json:"cancelled_days" doc:"Of those that were cancelled. 0: for ever."`
	Count         int   `json:"count" doc:"Of one resource. 0: any number."`
	Bytes         int64 `json:"bytes" doc:"That the logs of one resource take. 0: any number."`
}

// HistoryLimitsUpdate changes how long deployments are kept; nil fields stay as they are.
type HistoryLimitsUpdate struct {
	Days          *int   `json:"days,omitempty" rule:"min=0"`
	FailedDays    *int   `json:"failed_days,omitempty" rule:"min=0"`
	CancelledDays *int   `json:"cancelled_days,omitempty" rule:"min=0"`
	Count         *int   `json:"count,omitempty" rule:"min=0"`
	Bytes         *int64 `json:"bytes,omitempty" rule:"min=0"`
}

// RetentionPlan is what retention would take away now.
type RetentionPlan struct {
	Deployments []Doomed `json:"deployments"`
	More        bool     `json:"more" doc:"There is more than is listed."`
}

// Doomed is a deployment that retention takes away.
type Doomed struct {
	DeploymentUUID string `json:"deployment_uuid"`
	Kind           string `json:"kind"`
	ResourceUUID   string `json:"resource_uuid"`
	ResourceName   string `json:"resource_name"`
	Verb           string `json:"verb"`
	Status         Status `json:"status"`
	EndedAt        Time   `json:"ended_at"`
	Size           int64  `json:"size" doc:"Of its log, in bytes."`
	Reason         string `json:"reason"`
}
