package deploy

import (
	"slices"

	"github.com/taffrail/taffrail/internal/core"
)

// moves is the one table of legal changes of a deployment's status; docs/states.md draws
// it. Everything that is not in it is refused, in the store too, where each move is a
// compare-and-set from the status on the left.
var moves = map[core.Status][]core.Status{
	core.StatusQueued:     {core.StatusInProgress, core.StatusCancelled},
	core.StatusInProgress: {core.StatusFinished, core.StatusFailed, core.StatusCancelled},
}

// CanMove says whether a deployment may go from one status to the other.
func CanMove(from, to core.Status) bool { return slices.Contains(moves[from], to) }
