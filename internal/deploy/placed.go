package deploy

import (
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// Placed returns the files that a deployment put on its server, and what must not be
// shown of it, from its Config.Snapshot; nothing when there is none.
func Placed(snapshotOf core.Secret) ([]run.File, []redact.Value, error) {
	if snapshotOf.Empty() {
		return nil, nil, nil
	}
	s, err := openSnapshot(snapshotOf)
	if err != nil {
		return nil, nil, err
	}
	var files []run.File
	for _, step := range s.Script.Steps {
		if !step.OnFailure {
			files = append(files, step.Files...)
		}
	}
	return files, s.Secrets, nil
}
