package logs

import (
	"sync"

	"github.com/taffrail/taffrail/internal/core"
)

// Event says that a deployment changed its status.
type Event struct {
	TeamID     int64
	Kind       core.Kind
	Deployment core.ID
	Resource   core.ID
	Status     core.Status
}

// Hub wakes those who follow a log in this process, and passes on changes of status. It
// carries no lines: who is woken reads the store, so a slow reader lags and never
// loses. The zero value is not usable; all methods are safe for concurrent use.
type Hub struct {
	mu      sync.Mutex
	readers map[int64]map[chan struct{}]struct{} // guarded by mu; by log
	events  map[chan Event]int64                 // guarded by mu; team of each listener
}

// NewHub returns an empty hub.
func NewHub() *Hub {
	return &Hub{
		readers: map[int64]map[chan struct{}]struct{}{},
		events:  map[chan Event]int64{},
	}
}

// Wake tells the readers of a log that there is more. It never blocks.
func (h *Hub) Wake(logID int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for reader := range h.readers[logID] {
		select {
		case reader <- struct{}{}:
		default: // it has a wake-up waiting already
		}
	}
}

// Subscribe returns a channel that gets a value after each Wake, several folded into
// one. The caller must call the function when it is done.
func (h *Hub) Subscribe(logID int64) (<-chan struct{}, func()) {
	reader := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers[logID] == nil {
		h.readers[logID] = map[chan struct{}]struct{}{}
	}
	h.readers[logID][reader] = struct{}{}
	return reader, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.readers[logID], reader)
		if len(h.readers[logID]) == 0 {
			delete(h.readers, logID)
		}
	}
}

// Publish passes an event to the listeners of its team. A listener that does not keep
// up misses events, which it can tell by its full channel being closed: it reconnects
// and reads the present state from the store.
func (h *Hub) Publish(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for listener, team := range h.events {
		if team != e.TeamID && team != everybody {
			continue
		}
		select {
		case listener <- e:
		default:
			delete(h.events, listener)
			close(listener)
		}
	}
}

// everybody stands for all teams; no team has this row.
const everybody = 0

// All is Events for all teams. It is for parts of this program, which keep apart
// themselves what belongs to whom.
func (h *Hub) All() (<-chan Event, func()) { return h.Events(everybody) }

// Events returns the events of a team from now on. The channel is closed when the
// listener fell behind. The caller must call the function when it is done.
func (h *Hub) Events(team int64) (<-chan Event, func()) {
	listener := make(chan Event, 256)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events[listener] = team
	return listener, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.events, listener)
	}
}
