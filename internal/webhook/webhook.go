// Package webhook reads what git servers send when something was pushed or a pull request
// moved, and makes one kind of event of it, whoever sent it. It does no I/O.
//
// Parse and Verify are two steps, since the secret often belongs to the application that
// the body names: parse, find the applications, verify with the secret of each, and only
// then believe a word of the event. Nothing in an event is fit for a command as it is:
// names of branches are whatever somebody chose.
package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

// Provider is a kind of sender.
type Provider string

// The providers. Gitea stands for Forgejo too, Generic for whoever signs as we say.
const (
	GitHub    Provider = "github"
	GitLab    Provider = "gitlab"
	Gitea     Provider = "gitea"
	Bitbucket Provider = "bitbucket"
	Generic   Provider = "generic"
)

// Kind is what happened.
type Kind string

// The kinds. Updated means that the commits of a pull request changed; changes of its
// text alone are Ignored, like all that nobody deploys for.
const (
	Ping    Kind = "ping"
	Push    Kind = "push"
	Opened  Kind = "pull_opened"
	Updated Kind = "pull_updated"
	Closed  Kind = "pull_closed"
	Ignored Kind = "ignored"
)

// Event is one thing that happened to one repository.
type Event struct {
	Provider Provider
	// Delivery is the same when the same delivery is sent again, and for nothing else of
	// the same provider. Senders that give none have it made from the body.
	Delivery     string
	Kind         Kind
	Reason       string // of Ignored: for the sender's own list of deliveries
	Repository   Repository
	Installation int64  // of a GitHub App; 0: none
	Ref          string // in full: refs/heads/main
	Branch       string
	Tag          string
	Before       string // empty when there was nothing before
	// After is the commit to deploy. It is empty for pull requests of Bitbucket, which
	// sends only the beginning of it: there the branch has to be asked for.
	After   string
	Message string // of the newest commit, if it was sent along
	Author  string
	Changes Changes
	Pull    Pull // zero for pushes
}

// Repository names a repository in all the ways that the sender does.
type Repository struct {
	FullName string
	URLs     []string
}

// Changes are the paths that a push touched.
type Changes struct {
	Paths []string
	// Complete is false when there may be more than was sent along: then nobody can say
	// that a path did not change.
	Complete bool
}

// Pull is a pull request.
type Pull struct {
	Number     int
	Title      string
	URL        string
	Branch     string // that it comes from, in Repository
	Base       string // branch that it is to go into
	Repository string // full name of where it comes from; empty when that is gone
	Fork       bool   // it comes from elsewhere, by somebody who need not be trusted
	Draft      bool
	Merged     bool // with Closed
}

// Skipped says whether the newest commit asks not to be deployed.
func (e Event) Skipped() bool { return skips(e.Message) || e.Kind != Push && skips(e.Pull.Title) }

func skips(text string) bool {
	text = strings.ToLower(text)
	for _, mark := range []string{"[skip ci]", "[ci skip]", "[skip cd]", "[cd skip]"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

const (
	maxDelivery = 128
	maxText     = 16 << 10
)

var (
	commitForm   = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	deliveryForm = regexp.MustCompile(`^[\x21-\x7e]+$`)
)

// Parse reads a delivery. There is one event as a rule; a push to several branches of
// Bitbucket gives several. What it returns is not to be believed before Verify. Errors are
// of CodeBadRequest.
func Parse(p Provider, h http.Header, body []byte) ([]Event, error) {
	parse, ok := map[Provider]func(http.Header, []byte) ([]Event, error){
		GitHub: parseGitHub, GitLab: parseGitLab, Gitea: parseGitea, Bitbucket: parseBitbucket, Generic: parseGeneric,
	}[p]
	if !ok {
		return nil, core.Errorf(core.CodeBadRequest, "%.40q is no sender of webhooks that Taffrail knows.", p)
	}
	payload, err := content(h, body)
	if err != nil {
		return nil, err
	}
	events, err := parse(h, payload)
	if err != nil {
		return nil, err
	}
	id := delivery(p, h, body)
	for i := range events {
		e := &events[i]
		e.Provider, e.Delivery = p, id
		if i > 0 {
			e.Delivery = fmt.Sprintf("%s#%d", id, i+1)
		}
		if err := e.settle(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// content is the JSON of a body, which GitHub may send as a field of a form.
func content(h http.Header, body []byte) ([]byte, error) {
	if !strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return body, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("payload") == "" {
		return nil, core.Errorf(core.CodeBadRequest, "The webhook's body is a form without a payload: choose application/json as its content type.")
	}
	return []byte(form.Get("payload")), nil
}

func decode(payload []byte, into any) error {
	if err := json.Unmarshal(payload, into); err != nil {
		return &core.Error{Op: "read webhook", Code: core.CodeBadRequest, Msg: "The webhook's body is not the JSON that this sender sends.", Err: err}
	}
	return nil
}

func delivery(p Provider, h http.Header, body []byte) string {
	names := map[Provider][]string{
		GitHub: {"X-GitHub-Delivery"}, Gitea: {"X-Forgejo-Delivery", "X-Gitea-Delivery"}, Bitbucket: {"X-Request-UUID"},
		GitLab: {"Webhook-Id", "Idempotency-Key", "X-Gitlab-Event-UUID"}, Generic: {"X-Taffrail-Delivery"},
	}[p]
	for _, name := range names {
		if id := h.Get(name); len(id) <= maxDelivery && deliveryForm.MatchString(id) {
			return id
		}
	}
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// settle brings an event into its final form.
func (e *Event) settle() error {
	e.tidy()
	switch e.Kind {
	case Push:
		switch {
		case strings.Trim(e.After, "0") == "":
			e.After = ""
			e.ignore("the branch or tag was deleted")
			return nil
		case e.Branch == "" && e.Tag == "":
			e.ignore("it is neither a branch nor a tag")
			return nil
		}
	case Opened, Updated, Closed:
		if e.Pull.Number <= 0 {
			return core.Errorf(core.CodeBadRequest, "The webhook's pull request has no number.")
		}
		if e.Provider == Bitbucket && !commitForm.MatchString(e.After) {
			e.After = ""
			return nil
		}
	default:
		return nil
	}
	if e.Kind != Closed && !commitForm.MatchString(e.After) {
		return core.Errorf(core.CodeBadRequest, "The webhook names no commit.")
	}
	return nil
}

// tidy makes the texts of an event fit to be stored and shown, and takes the ref apart.
func (e *Event) tidy() {
	e.Message, e.Author, e.Pull.Title = clean(e.Message), clean(e.Author), clean(e.Pull.Title)
	if strings.Trim(e.Before, "0") == "" || !commitForm.MatchString(e.Before) {
		e.Before = ""
	}
	if !strings.HasPrefix(e.Pull.URL, "https://") && !strings.HasPrefix(e.Pull.URL, "http://") {
		e.Pull.URL = "" // it becomes a link
	}
	if branch, ok := strings.CutPrefix(e.Ref, "refs/heads/"); ok {
		e.Branch = branch
	}
	if tag, ok := strings.CutPrefix(e.Ref, "refs/tags/"); ok {
		e.Tag = tag
	}
}

func (e *Event) ignore(reason string) { e.Kind, e.Reason = Ignored, reason }

// clean makes text that can be stored and shown.
func clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// changes are those of the commits of a push. Without a path, or with nothing before, they
// say nothing about what differs from what runs.
func changes(before string, lists [][]string) Changes {
	all := paths(lists...)
	return Changes{Paths: all, Complete: len(all) > 0 && strings.Trim(before, "0") != ""}
}

// paths collects what commits touched, each path once.
func paths(lists ...[]string) []string {
	var all []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, path := range list {
			if !seen[path] {
				seen[path] = true
				all = append(all, path)
			}
		}
	}
	return all
}

func texts(all ...string) []string {
	var some []string
	for _, text := range all {
		if text != "" {
			some = append(some, text)
		}
	}
	return some
}

func ignored(reason string) []Event { return []Event{{Kind: Ignored, Reason: reason}} }
