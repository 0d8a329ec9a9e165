package control

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/webhook"
)

// Delivery is what a code host sent.
type Delivery struct {
	Provider    webhook.Provider
	Header      http.Header
	Body        []byte  // as it came: signatures are over bytes
	Application core.ID // of a generic sender, which names the application in the address; otherwise empty
}

// HookResult is what came of a delivery for one application. Where it is about none, the
// ids are empty.
type HookResult struct {
	Application core.ID
	Name        string
	Deployment  core.ID // empty: none
	Message     string  // what happened, or why nothing did
}

// maxAddresses is how many addresses of a repository are looked up.
const maxAddresses = 5

// HandleWebhook queues what a delivery asks for, and says what became of it by
// application. It needs no principal: who sends is known by the secret that the delivery
// is signed with. CodeUnauthenticated when no application that it is about has that
// secret, or there is none; nobody can tell which. CodeTooMany when a queue is full; the
// delivery may come again then.
func (c *Control) HandleWebhook(ctx context.Context, d Delivery) ([]HookResult, error) {
	events, err := webhook.Parse(d.Provider, d.Header, d.Body)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 || d.Application == "" && len(events[0].Repository.URLs) == 0 {
		return []HookResult{{Message: unnamed(events)}}, nil
	}
	list, err := c.hooked(ctx, d, events[0])
	if err != nil {
		return nil, err
	}
	if list, err = c.signedFor(ctx, d, events[0], list); err != nil {
		c.log.Info("webhook refused", "provider", string(d.Provider), "error", err)
		return nil, err
	}
	out := []HookResult{}
	for _, e := range events {
		results, err := c.event(ctx, d, e, list)
		if err != nil {
			return nil, err
		}
		out = append(out, results...)
	}
	return out, nil
}

// unnamed is the answer to a delivery that is about no repository. It depends on nothing
// but the delivery itself, so that anybody may have it.
func unnamed(events []webhook.Event) string {
	for _, e := range events {
		switch {
		case e.Kind == webhook.Ping:
			return "A ping without a repository: its signature was not checked."
		case e.Reason != "":
			return "Ignored: " + e.Reason + "."
		}
	}
	return "Ignored: it names no repository."
}

// hooked finds the applications, of all teams, that a delivery says it is about.
func (c *Control) hooked(ctx context.Context, d Delivery, e webhook.Event) ([]core.Application, error) {
	if d.Application != "" {
		return c.hookedByID(ctx, d.Application, e)
	}
	var out []core.Application
	var keys []string
	for _, address := range e.Repository.URLs[:min(len(e.Repository.URLs), maxAddresses)] {
		repository, err := git.Parse(address, git.Options{Plain: true})
		if err != nil || slices.Contains(keys, repository.Key()) {
			continue
		}
		keys = append(keys, repository.Key())
		list, err := c.deps.Applications.Store.ListByRepository(ctx, repository.Key())
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if !slices.ContainsFunc(out, func(o core.Application) bool { return o.RowID == a.RowID }) {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// hookedByID finds the one application that the address of a delivery names. A delivery
// that names a repository too must mean that of the application.
func (c *Control) hookedByID(ctx context.Context, id core.ID, e webhook.Event) ([]core.Application, error) {
	if !id.Valid() {
		return nil, nil
	}
	a, err := c.deps.Applications.Revisions.FindApplication(ctx, id)
	if core.CodeOf(err) == core.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, address := range e.Repository.URLs {
		repository, err := git.Parse(address, git.Options{Plain: true})
		if err != nil || repository.Key() != a.Source.Key {
			return nil, nil
		}
	}
	return []core.Application{a}, nil
}

// signedFor leaves those applications whose secret a delivery is signed with. Without any
// it takes as long as with one that has another secret.
func (c *Control) signedFor(ctx context.Context, d Delivery, e webhook.Event, list []core.Application) ([]core.Application, error) {
	known := map[string]error{}
	verify := func(secret core.Secret) error {
		text := secret.Reveal()
		if _, asked := known[text]; !asked {
			known[text] = webhook.Verify(d.Provider, d.Header, d.Body, secret, c.deps.Now())
		}
		return known[text]
	}
	refusal := verify(core.NewSecret(core.RandomText(32, "abcdefghijklmnopqrstuvwxyz")))
	if refusal == nil {
		refusal = core.Errorf(core.CodeUnauthenticated, "The webhook's signature is missing or wrong.")
	}
	var out []core.Application
	for _, a := range list {
		secrets, err := c.hookSecrets(ctx, d.Provider, e, a)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(secrets, func(s core.Secret) bool { return verify(s) == nil }) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, refusal
	}
	return out, nil
}

// hookSecrets are those that deliveries for an application may be signed with: its own,
// and that of the GitHub App that it comes from.
func (c *Control) hookSecrets(ctx context.Context, provider webhook.Provider, e webhook.Event, a core.Application) ([]core.Secret, error) {
	h := a.Hooks
	own := map[webhook.Provider]core.Secret{
		webhook.GitHub: h.GitHub, webhook.GitLab: h.GitLab, webhook.Gitea: h.Gitea, webhook.Bitbucket: h.Bitbucket, webhook.Generic: h.Generic,
	}[provider]
	out := []core.Secret{own}
	if provider != webhook.GitHub || a.Source.GitHubApp == 0 {
		return out, nil
	}
	g, err := c.deps.Applications.GitHubApps.GetGitHubAppByRow(ctx, a.TeamID, a.Source.GitHubApp)
	if core.CodeOf(err) == core.CodeNotFound {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Installation == 0 || g.InstallationID == 0 || e.Installation == g.InstallationID {
		out = append(out, g.WebhookSecret)
	}
	return out, nil
}

// deliveryOf is by which id a delivery is known. Only what may be anybody's choice is kept
// apart: nobody can use up the ids of others.
func deliveryOf(e webhook.Event, list []core.Application) string {
	var of []string
	for _, a := range list {
		of = append(of, strconv.FormatInt(a.TeamID, 10))
		if e.Provider == webhook.Generic {
			of = append(of, string(a.UUID))
		}
	}
	slices.Sort(of)
	return e.Delivery + "@" + strings.Join(slices.Compact(of), ",")
}
