package control

import (
	"context"
	"net/http"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webhook"
)

// Delivery is what a code host sent.
type Delivery struct {
	Provider    webhook.Provider
	Header      http.Header
	Body        []byte  // as it came: signatures are over bytes
	Application core.ID // of a generic sender, which names the application in the address; otherwise empty
}

// HookResult is what came of a delivery for one application.
type HookResult struct {
	Application core.ID
	Name        string
	Deployment  core.ID // empty: none
	Message     string  // what happened, or why nothing did
}

// HandleWebhook queues what a delivery asks for, and says what became of it by
// application. It needs no principal: who sends is known by the secret that the delivery
// is signed with. CodeUnauthenticated when no application that it is about has that
// secret, or there is none; nobody can tell which. CodeTooMany when a queue is full; the
// delivery may come again then.
func (c *Control) HandleWebhook(ctx context.Context, d Delivery) ([]HookResult, error) {
	return nil, webhook.Verify(d.Provider, d.Header, d.Body, core.Secret{}, c.deps.Now())
}
