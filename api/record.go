package api

// PinRequest says whether retention is to keep a deployment.
type PinRequest struct {
	Pinned *bool `json:"pinned,omitempty" doc:"Default: true."`
}

// NoteRequest says why there is a deployment.
type NoteRequest struct {
	Note string `json:"note" rule:"max=1000" doc:"Empty: none."`
}

// RetryRequest asks for a deployment once more.
type RetryRequest struct {
	Note string `json:"note,omitempty" rule:"max=1000" doc:"Why."`
}

// ReturnRequest asks to go back to a deployment.
type ReturnRequest struct {
	DryRun bool   `json:"dry_run,omitempty" doc:"Only say what would change. The token needs read, too."`
	Note   string `json:"note,omitempty" rule:"max=1000" doc:"Why."`
}

// Comparison is what two deployments ran with, side by side.
type Comparison struct {
	From    Deployment   `json:"from"`
	To      Deployment   `json:"to"`
	Known   bool         `json:"known" doc:"Both kept what they ran with. False: nothing is known of changes."`
	Changes []Difference `json:"changes" doc:"From the first to the second. Secrets are masked."`
}

// Difference is a setting that two deployments do not have in common.
type Difference struct {
	Field string  `json:"field"`
	How   string  `json:"how" rule:"enum=added|removed|changed"`
	Old   *string `json:"old" doc:"Null: there was none."`
	New   *string `json:"new" doc:"Null: there is none then."`
}
