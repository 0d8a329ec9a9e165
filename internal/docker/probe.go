package docker

import (
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

func classify(code int, text string) (host.Fault, string) {
	if code == run.ExitNotFound {
		return host.FaultNoDocker, "Docker is not installed on the server."
	}
	return FaultDown, "Docker on the server answered with an error: " + text
}
