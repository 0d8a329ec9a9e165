package rest

import (
	"net/http"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/httpio"
	"github.com/taffrail/taffrail/internal/logs"
)

// events streams changes of status from now on. It ends when the reader falls behind or
// the token is no good any more: the reader comes back and reads the present state.
func (a *API) events(w http.ResponseWriter, r *http.Request, p auth.Principal, _ none) error {
	changes, cancel := a.deps.Hub.Events(p.TeamID)
	defer cancel()
	stream, err := httpio.OpenStream(w)
	if err != nil {
		return nil //nolint:nilerr // the reader is gone: nobody is left to tell
	}
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case e, ok := <-changes:
			if !ok || a.sendEvent(stream, e) != nil {
				return nil
			}
		case <-tick.C:
			if !a.stillReads(r) || stream.Beat() != nil {
				return nil
			}
		}
	}
}

func (a *API) sendEvent(stream *httpio.Stream, e logs.Event) error {
	err := stream.Event(api.EventDeploymentChanged, "", api.Event{
		Type: api.EventDeploymentChanged, Kind: string(e.Kind), ResourceUUID: string(e.Resource),
		DeploymentUUID: string(e.Deployment), Status: string(e.Status), At: at(a.deps.Now()),
	})
	if err != nil {
		return err
	}
	return stream.Flush()
}

func (a *API) stillReads(r *http.Request) bool {
	p, err := a.identify(r)
	return err == nil && p.Can(auth.Read)
}
