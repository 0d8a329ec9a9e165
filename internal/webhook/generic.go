package webhook

import (
	"net/http"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// genericBody is what any program may send, signed as Sign says.
type genericBody struct {
	Event      string   `json:"event"`      // push (also when empty), pull_request or ping
	Repository string   `json:"repository"` // address
	Ref        string   `json:"ref"`        // refs/heads/main, or the branch alone
	Before     string   `json:"before"`
	Commit     string   `json:"commit"`
	Message    string   `json:"message"`
	Author     string   `json:"author"`
	Paths      []string `json:"paths"` // all that changed; absent: not known
	Pull       struct {
		Action string `json:"action"` // opened, updated or closed
		Number int    `json:"number"`
		Title  string `json:"title"`
		URL    string `json:"url"`
		Branch string `json:"branch"`
		Base   string `json:"base"`
		Fork   bool   `json:"fork"`
		Draft  bool   `json:"draft"`
		Merged bool   `json:"merged"`
	} `json:"pull_request"`
}

func parseGeneric(_ http.Header, payload []byte) ([]Event, error) {
	var b genericBody
	if err := decode(payload, &b); err != nil {
		return nil, err
	}
	e := Event{
		Repository: Repository{URLs: texts(b.Repository)}, Ref: b.Ref, Before: b.Before, After: strings.ToLower(b.Commit), Message: b.Message, Author: b.Author,
		Changes: Changes{Paths: paths(b.Paths), Complete: b.Paths != nil},
	}
	if b.Ref != "" && !strings.HasPrefix(b.Ref, "refs/") {
		e.Ref = "refs/heads/" + b.Ref
	}
	switch b.Event {
	case "push", "":
		e.Kind = Push
	case "ping":
		e.Kind = Ping
	case "pull_request":
		kind, ok := map[string]Kind{"opened": Opened, "updated": Updated, "closed": Closed}[b.Pull.Action]
		if !ok {
			return nil, core.Errorf(core.CodeBadRequest, "The action of a pull request is opened, updated or closed.")
		}
		p := b.Pull
		e.Kind, e.Ref, e.Changes = kind, "", Changes{}
		e.Pull = Pull{Number: p.Number, Title: p.Title, URL: p.URL, Branch: p.Branch, Base: p.Base, Fork: p.Fork, Draft: p.Draft, Merged: p.Merged}
	default:
		return nil, core.Errorf(core.CodeBadRequest, "The event is push, pull_request or ping.")
	}
	return []Event{e}, nil
}
