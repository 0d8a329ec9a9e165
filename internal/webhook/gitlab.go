package webhook

import (
	"net/http"
	"strings"
)

// labBody is what GitLab sends for pushes, tags and merge requests, as far as it is used.
type labBody struct {
	Kind         string      `json:"object_kind"`
	Ref          string      `json:"ref"`
	Before       string      `json:"before"`
	After        string      `json:"after"`
	CheckoutSHA  string      `json:"checkout_sha"`
	UserName     string      `json:"user_name"`
	UserUsername string      `json:"user_username"`
	User         hubPerson   `json:"user"`
	Project      labProject  `json:"project"`
	Commits      []hubCommit `json:"commits"`
	TotalCommits int         `json:"total_commits_count"`
	Attributes   labMerge    `json:"object_attributes"`
}

type labProject struct {
	ID     int64  `json:"id"`
	Path   string `json:"path_with_namespace"`
	WebURL string `json:"web_url"`
	SSHURL string `json:"git_ssh_url"`
	URL    string `json:"git_http_url"`
}

type labMerge struct {
	IID          int        `json:"iid"`
	Title        string     `json:"title"`
	URL          string     `json:"url"`
	Action       string     `json:"action"`
	OldRev       string     `json:"oldrev"` // only when commits were pushed
	SourceBranch string     `json:"source_branch"`
	TargetBranch string     `json:"target_branch"`
	SourceID     int64      `json:"source_project_id"`
	TargetID     int64      `json:"target_project_id"`
	Source       labProject `json:"source"`
	Draft        bool       `json:"draft"`
	WIP          bool       `json:"work_in_progress"`
	LastCommit   hubCommit  `json:"last_commit"`
}

func (p labProject) neutral() Repository {
	return Repository{FullName: p.Path, URLs: texts(p.URL, p.SSHURL, p.WebURL)}
}

func parseGitLab(_ http.Header, payload []byte) ([]Event, error) {
	var body labBody
	if err := decode(payload, &body); err != nil {
		return nil, err
	}
	switch body.Kind {
	case "push", "tag_push":
		return []Event{body.push()}, nil
	case "merge_request":
		return []Event{body.merge()}, nil
	}
	return ignored("only pushes and merge requests are looked at"), nil
}

func (b labBody) push() Event {
	e := Event{Kind: Push, Repository: b.Project.neutral(), Ref: b.Ref, Before: b.Before, After: b.After, Author: b.UserUsername}
	if e.Author == "" {
		e.Author = b.UserName
	}
	// The commit itself and not the tag on it; null when the branch was deleted.
	if b.CheckoutSHA != "" {
		e.After = b.CheckoutSHA
	}
	if strings.Trim(b.After, "0") == "" {
		e.After = ""
	}
	var lists [][]string
	for _, c := range b.Commits {
		lists = append(lists, c.Added, c.Removed, c.Modified)
		if c.ID == e.After {
			e.Message = c.Message
		}
	}
	e.Changes = changes(b.Before, lists)
	if b.TotalCommits > len(b.Commits) { // it sends twenty at most
		e.Changes.Complete = false
	}
	return e
}

func (b labBody) merge() Event {
	m := b.Attributes
	e := Event{
		Repository: b.Project.neutral(), After: m.LastCommit.ID, Message: m.LastCommit.Message, Author: b.User.name(),
		Pull: Pull{
			Number: m.IID, Title: m.Title, URL: m.URL, Branch: m.SourceBranch, Base: m.TargetBranch, Repository: m.Source.Path,
			Fork: m.SourceID == 0 || m.SourceID != m.TargetID, Draft: m.Draft || m.WIP, Merged: m.Action == "merge",
		},
	}
	switch {
	case m.Action == "open" || m.Action == "reopen":
		e.Kind = Opened
	case m.Action == "update" && m.OldRev != "":
		e.Kind = Updated
	case m.Action == "close" || m.Action == "merge":
		e.Kind = Closed
	default:
		e.ignore("the commits of the merge request did not change")
	}
	return e
}
