package core

import "time"

// Findings are what a run found out that outlives it.
type Findings struct {
	Containers []Container       `json:"containers,omitempty"`
	Looked     bool              `json:"looked,omitempty"`    // Containers is an answer, even when it is empty
	Artifacts  []Artifact        `json:"artifacts,omitempty"` // files that were made, in order
	Answers    map[string]string `json:"answers,omitempty"`   // what readiness commands printed, by compose service, and other commands by name
}

// Artifact is a file that a run made on its server, or an object that it uploaded.
type Artifact struct {
	Name   string `json:"name"` // as the script calls it
	Path   string `json:"path"` // absolute, or the key of the object
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256,omitempty"`
}

// Resting is a resource that nothing is under way for.
type Resting struct {
	Kind      Kind
	RowID     int64
	UUID      ID
	TeamID    int64
	ServerID  int64
	Status    string
	UpdatedAt time.Time
}

// Condition is how a resource is.
type Condition struct {
	Status string            // "<state>:<health>"
	Parts  map[string]string // the same of its parts by name, if it has any
}
