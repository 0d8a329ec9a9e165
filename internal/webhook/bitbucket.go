package webhook

import (
	"net/http"
	"strings"
)

// bucketBody is what Bitbucket Cloud sends, as far as it is used. It never sends paths.
type bucketBody struct {
	Actor      bucketPerson     `json:"actor"`
	Repository bucketRepository `json:"repository"`
	Push       struct {
		Changes []bucketChange `json:"changes"`
	} `json:"push"`
	PullRequest struct {
		ID          int        `json:"id"`
		Title       string     `json:"title"`
		State       string     `json:"state"`
		Draft       bool       `json:"draft"`
		Source      bucketSide `json:"source"`
		Destination bucketSide `json:"destination"`
		Links       bucketLink `json:"links"`
	} `json:"pullrequest"`
}

type bucketPerson struct {
	Nickname    string `json:"nickname"`
	DisplayName string `json:"display_name"`
}

type bucketRepository struct {
	FullName string     `json:"full_name"`
	Links    bucketLink `json:"links"`
}

type bucketLink struct {
	HTML struct {
		Href string `json:"href"`
	} `json:"html"`
}

type bucketChange struct {
	New *bucketRef `json:"new"` // null: deleted
	Old *bucketRef `json:"old"` // null: created
}

type bucketRef struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	Target struct {
		Hash    string `json:"hash"`
		Message string `json:"message"`
	} `json:"target"`
}

type bucketSide struct {
	Branch struct {
		Name string `json:"name"`
	} `json:"branch"`
	Commit struct {
		Hash string `json:"hash"`
	} `json:"commit"`
	Repository *bucketRepository `json:"repository"`
}

func (r bucketRepository) neutral() Repository {
	return Repository{FullName: r.FullName, URLs: texts(r.Links.HTML.Href)}
}

func (r bucketRef) full() string {
	switch r.Type {
	case "branch", "named_branch", "bookmark":
		return "refs/heads/" + r.Name
	case "tag", "annotated_tag":
		return "refs/tags/" + r.Name
	}
	return r.Name
}

func parseBitbucket(h http.Header, payload []byte) ([]Event, error) {
	name := h.Get("X-Event-Key")
	if name == "diagnostics:ping" {
		return []Event{{Kind: Ping}}, nil
	}
	pulls := map[string]Kind{
		"pullrequest:created": Opened, "pullrequest:updated": Updated, "pullrequest:fulfilled": Closed, "pullrequest:rejected": Closed,
	}
	kind, isPull := pulls[name]
	if name != "repo:push" && !isPull {
		return ignored("only pushes and pull requests are looked at"), nil
	}
	var body bucketBody
	if err := decode(payload, &body); err != nil {
		return nil, err
	}
	if isPull {
		return []Event{body.pull(kind, name == "pullrequest:fulfilled")}, nil
	}
	var events []Event
	for _, change := range body.Push.Changes {
		events = append(events, body.push(change))
	}
	if len(events) == 0 {
		return ignored("the push changed nothing"), nil
	}
	return events, nil
}

func (p bucketPerson) name() string {
	if p.Nickname != "" {
		return p.Nickname
	}
	return p.DisplayName
}

func (b bucketBody) push(c bucketChange) Event {
	e := Event{Kind: Push, Repository: b.Repository.neutral(), Author: b.Actor.name()}
	if c.Old != nil {
		e.Ref, e.Before = c.Old.full(), c.Old.Target.Hash
	}
	if c.New != nil {
		e.Ref, e.After, e.Message = c.New.full(), c.New.Target.Hash, c.New.Target.Message
	}
	return e
}

func (b bucketBody) pull(kind Kind, merged bool) Event {
	pr := b.PullRequest
	e := Event{
		Kind: kind, Repository: b.Repository.neutral(), After: pr.Source.Commit.Hash, Author: b.Actor.name(),
		Pull: Pull{
			Number: pr.ID, Title: pr.Title, URL: pr.Links.HTML.Href, Branch: pr.Source.Branch.Name, Base: pr.Destination.Branch.Name,
			Draft: pr.Draft, Merged: merged, Fork: true,
		},
	}
	if from := pr.Source.Repository; from != nil && from.FullName != "" {
		e.Pull.Repository = from.FullName
		e.Pull.Fork = !strings.EqualFold(from.FullName, b.Repository.FullName)
	}
	return e
}
