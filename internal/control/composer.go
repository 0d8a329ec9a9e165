package control

import "github.com/taffrail/taffrail/internal/core"

// Composer understands compose text. Package kind/service has the only one; it is
// handed in because control may not know the kinds.
type Composer interface {
	// Draft checks the compose text of s and says what it means. known are the
	// variables that s has already; allowHost is the team's leave to use the host.
	// Faults are CodeInvalid errors that name line and field under "docker_compose_raw".
	Draft(s core.Service, known []core.EnvVar, server core.Server, allowHost bool) (core.ServiceDraft, error)
}
