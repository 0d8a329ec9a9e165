package webhook

import (
	"net/http"
	"strings"
)

// hubPush and hubPull are what GitHub sends, and Gitea after it, as far as it is used.
type hubPush struct {
	Ref          string        `json:"ref"`
	Before       string        `json:"before"`
	After        string        `json:"after"`
	Deleted      bool          `json:"deleted"`
	Forced       bool          `json:"forced"`
	Created      bool          `json:"created"`
	Commits      []hubCommit   `json:"commits"`
	TotalCommits int           `json:"total_commits"` // Gitea's
	HeadCommit   *hubCommit    `json:"head_commit"`
	Repository   hubRepository `json:"repository"`
	Pusher       hubPerson     `json:"pusher"`
	Installation hubID         `json:"installation"`
}

type hubCommit struct {
	ID       string    `json:"id"`
	Message  string    `json:"message"`
	Author   hubPerson `json:"author"`
	Added    []string  `json:"added"`
	Removed  []string  `json:"removed"`
	Modified []string  `json:"modified"`
}

type hubPerson struct {
	Name     string `json:"name"`
	Username string `json:"username"`
	Login    string `json:"login"`
}

func (p hubPerson) name() string {
	for _, name := range []string{p.Login, p.Username, p.Name} {
		if name != "" {
			return name
		}
	}
	return ""
}

type hubID struct {
	ID int64 `json:"id"`
}

type hubRepository struct {
	FullName string `json:"full_name"`
	CloneURL string `json:"clone_url"`
	SSHURL   string `json:"ssh_url"`
	HTMLURL  string `json:"html_url"`
}

func (r hubRepository) neutral() Repository {
	return Repository{FullName: r.FullName, URLs: texts(r.CloneURL, r.SSHURL, r.HTMLURL)}
}

type hubPull struct {
	Action      string        `json:"action"`
	Number      int           `json:"number"`
	Repository  hubRepository `json:"repository"`
	Sender      hubPerson     `json:"sender"`
	Changes     hubChanges    `json:"changes"`
	PullRequest struct {
		Title   string  `json:"title"`
		HTMLURL string  `json:"html_url"`
		Draft   bool    `json:"draft"`
		Merged  bool    `json:"merged"`
		Head    hubSide `json:"head"`
		Base    hubSide `json:"base"`
	} `json:"pull_request"`
	Installation hubID `json:"installation"`
}

type hubChanges struct {
	Base *struct{} `json:"base"` // it is to go into another branch now
}

type hubSide struct {
	Ref  string         `json:"ref"`
	SHA  string         `json:"sha"`
	Repo *hubRepository `json:"repo"` // null: gone
}

// maxHubCommits is how many commits GitHub puts into a push at most.
const maxHubCommits = 2048

func parseGitHub(h http.Header, payload []byte) ([]Event, error) {
	return parseHub(h.Get("X-GitHub-Event"), payload)
}

func parseGitea(h http.Header, payload []byte) ([]Event, error) {
	name := h.Get("X-Forgejo-Event")
	if name == "" {
		name = h.Get("X-Gitea-Event")
	}
	return parseHub(name, payload)
}

func parseHub(name string, payload []byte) ([]Event, error) {
	switch name {
	case "ping":
		var body struct {
			Repository hubRepository `json:"repository"`
		}
		if err := decode(payload, &body); err != nil {
			return nil, err
		}
		return []Event{{Kind: Ping, Repository: body.Repository.neutral()}}, nil
	case "push":
		var body hubPush
		if err := decode(payload, &body); err != nil {
			return nil, err
		}
		return []Event{body.event()}, nil
	case "pull_request", "pull_request_sync":
		var body hubPull
		if err := decode(payload, &body); err != nil {
			return nil, err
		}
		return []Event{body.event()}, nil
	}
	return ignored("only pushes and pull requests are looked at"), nil
}

func (p hubPush) event() Event {
	e := Event{
		Kind: Push, Repository: p.Repository.neutral(), Installation: p.Installation.ID,
		Ref: p.Ref, Before: p.Before, After: p.After, Author: p.Pusher.name(),
	}
	// The commit itself and not the tag on it, for tags with a text of their own.
	if head := p.HeadCommit; head != nil {
		e.Message = head.Message
		if strings.HasPrefix(p.Ref, "refs/tags/") && head.ID != "" {
			e.After = head.ID
		}
	}
	if p.Deleted {
		e.After = ""
	}
	var lists [][]string
	for _, c := range p.Commits {
		lists = append(lists, c.Added, c.Removed, c.Modified)
		if e.Message == "" && c.ID == p.After {
			e.Message = c.Message
		}
	}
	e.Changes = changes(p.Before, lists)
	// After a forced push, and on a new branch, more may differ from what runs than the
	// commits that were pushed now.
	if p.Forced || p.Created || len(p.Commits) >= maxHubCommits || p.TotalCommits > len(p.Commits) {
		e.Changes.Complete = false
	}
	return e
}

func (p hubPull) event() Event {
	pr := p.PullRequest
	e := Event{
		Repository: p.Repository.neutral(), Installation: p.Installation.ID, After: pr.Head.SHA, Author: p.Sender.name(),
		Pull: Pull{
			Number: p.Number, Title: pr.Title, URL: pr.HTMLURL, Branch: pr.Head.Ref, Base: pr.Base.Ref, Draft: pr.Draft, Merged: pr.Merged,
			Fork: true,
		},
	}
	if pr.Head.Repo != nil && pr.Head.Repo.FullName != "" {
		e.Pull.Repository = pr.Head.Repo.FullName
		e.Pull.Fork = !strings.EqualFold(pr.Head.Repo.FullName, p.Repository.FullName)
	}
	kind, ok := map[string]Kind{
		"opened": Opened, "reopened": Opened, "synchronize": Updated, "synchronized": Updated, "ready_for_review": Updated, "closed": Closed,
	}[p.Action]
	switch {
	case ok:
		e.Kind = kind
	case p.Action == "edited" && p.Changes.Base != nil:
		e.Kind = Updated
	default:
		e.ignore("the commits of the pull request did not change")
	}
	return e
}
