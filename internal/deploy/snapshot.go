package deploy

import (
	"encoding/json"
	"fmt"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/redact"
	"github.com/taffrail/taffrail/internal/run"
)

// snapshot is what exactly a deployment runs with. It is committed before the launch,
// so that a controller that takes over launches and redacts the very same.
type snapshot struct {
	First   *run.Script    `json:"first,omitempty"` // on the build server, before Script
	Script  run.Script     `json:"script"`
	Secrets []redact.Value `json:"secrets"`
	Keep    []byte         `json:"keep,omitempty"`
}

// Kept returns the Plan.Keep of a deployment from its Config.Snapshot; nil when there is
// none.
func Kept(snapshotOf core.Secret) ([]byte, error) {
	if snapshotOf.Empty() {
		return nil, nil
	}
	s, err := openSnapshot(snapshotOf)
	return s.Keep, err
}

// seal makes the form that the store encrypts.
func (s snapshot) seal() (core.Secret, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return core.Secret{}, fmt.Errorf("write snapshot: %w", err)
	}
	return core.NewSecret(string(text)), nil
}

// openSnapshot reads what seal made.
func openSnapshot(sealed core.Secret) (snapshot, error) {
	var s snapshot
	if err := json.Unmarshal([]byte(sealed.Reveal()), &s); err != nil {
		return snapshot{}, fmt.Errorf("read snapshot: %w", err)
	}
	return s, nil
}
