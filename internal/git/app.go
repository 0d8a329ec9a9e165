package git

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	githubAPI = "https://api.github.com"
	perPage   = 100
	maxPages  = 50
	// tokenSpare is what must be left of a token's life for it to be handed out: a
	// deployment that waits for its turn has to get through its fetch with it.
	tokenSpare = 10 * time.Minute
)

var (
	fullNameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	appPathForm  = regexp.MustCompile(`^(?:/[A-Za-z0-9._~-]+)*$`)
)

// AppConfig is a GitHub App that is installed for an account.
type AppConfig struct {
	API          string // empty: GitHub itself; "https://HOST/api/v3" for an Enterprise server
	ID           int64
	Installation int64
	Key          core.Secret // PEM
	// Plain allows an API without TLS, as Options.Plain does for repositories.
	Plain bool
}

// App speaks to GitHub as an installed App. Its methods may be called at the same time;
// their errors are *core.Error, fit for a person, and hold nothing that GitHub answered
// but the status.
type App struct {
	base         *url.URL
	id           int64
	installation int64
	key          *rsa.PrivateKey
	client       *http.Client
	nowFunc      func() time.Time

	mu    sync.Mutex // guards token
	token Token
}

// Token lets one read what the installation was given.
type Token struct {
	Value   core.Secret
	Expires time.Time
}

// NewApp checks the configuration. The client is one of NewClient's.
func NewApp(c AppConfig, client *http.Client, nowFunc func() time.Time) (*App, error) {
	if c.API == "" {
		c.API = githubAPI
	}
	base, err := url.Parse(strings.TrimRight(c.API, "/"))
	secure := err == nil && (base.Scheme == HTTPS || c.Plain && base.Scheme == HTTP)
	if !secure || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" || !appPathForm.MatchString(base.EscapedPath()) || !validHost(bracketed(base)) {
		return nil, core.Invalid("api_url", "The API's address must be like https://api.github.com or https://github.example.com/api/v3.")
	}
	if c.ID <= 0 || c.Installation <= 0 {
		return nil, core.Errorf(core.CodeBadRequest, "The GitHub App is not set up yet: its App ID or its installation ID is missing.")
	}
	key, err := parseAppKey(c.Key)
	if err != nil {
		return nil, err
	}
	return &App{base: base, id: c.ID, installation: c.Installation, key: key, client: client, nowFunc: nowFunc}, nil
}

// bracketed is the host as validHost wants it.
func bracketed(u *url.URL) string {
	name := strings.ToLower(u.Hostname())
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// Token returns a token that is good for a while, asking for a new one only when the last
// is about to expire.
func (a *App) Token(ctx context.Context) (Token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token.Expires.Sub(a.nowFunc()) > tokenSpare {
		return a.token, nil
	}
	var answer struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	err := a.asApp(ctx, call{http.MethodPost, fmt.Sprintf("/app/installations/%d/access_tokens", a.installation), nil, &answer})
	if err != nil {
		return Token{}, err
	}
	if answer.Token == "" {
		return Token{}, core.Errorf(core.CodeUnavailable, "GitHub gave no token for the App's installation.")
	}
	a.token = Token{core.NewSecret(answer.Token), answer.ExpiresAt}
	return a.token, nil
}

// Auth is how git reads the repositories of the installation.
func (a *App) Auth(ctx context.Context) (Auth, error) {
	token, err := a.Token(ctx)
	return Auth{Token: token.Value}, err
}

// Installation is where an App is installed.
type Installation struct {
	ID      int64 `json:"id"`
	Account struct {
		Login string `json:"login"`
	} `json:"account"`
	Permissions map[string]string `json:"permissions"`
	Events      []string          `json:"events"`
}

// Installation tells where the App is installed and what it may do there, which also
// proves that key and ids belong together.
func (a *App) Installation(ctx context.Context) (Installation, error) {
	var answer Installation
	err := a.asApp(ctx, call{http.MethodGet, fmt.Sprintf("/app/installations/%d", a.installation), nil, &answer})
	return answer, err
}

// AppRepository is a repository of an installation, with GitHub's names for its fields.
type AppRepository struct {
	ID            int64  `json:"id"`
	Name          string `json:"name"`
	FullName      string `json:"full_name"`
	Private       bool   `json:"private"`
	HTMLURL       string `json:"html_url"`
	CloneURL      string `json:"clone_url"`
	DefaultBranch string `json:"default_branch"`
	Description   string `json:"description"`
	Owner         struct {
		Login string `json:"login"`
	} `json:"owner"`
}

// Repositories lists what the installation may read, at most 5,000.
func (a *App) Repositories(ctx context.Context) ([]AppRepository, error) {
	var all []AppRepository
	for page := 1; page <= maxPages; page++ {
		var answer struct {
			Repositories []AppRepository `json:"repositories"`
		}
		if err := a.do(ctx, call{http.MethodGet, paged("/installation/repositories", page), nil, &answer}); err != nil {
			return nil, err
		}
		all = append(all, answer.Repositories...)
		if len(answer.Repositories) < perPage {
			break
		}
	}
	return all, nil
}

func paged(path string, page int) string {
	return fmt.Sprintf("%s?per_page=%d&page=%d", path, perPage, page)
}

// AppBranch is a branch, with GitHub's names for its fields.
type AppBranch struct {
	Name   string `json:"name"`
	Commit struct {
		SHA string `json:"sha"`
		URL string `json:"url"`
	} `json:"commit"`
	Protected bool `json:"protected"`
}

// Branches lists the branches of a repository ("owner/name"), at most 5,000.
func (a *App) Branches(ctx context.Context, repository string) ([]AppBranch, error) {
	path, err := below(repository, "/branches")
	if err != nil {
		return nil, err
	}
	var all []AppBranch
	for page := 1; page <= maxPages; page++ {
		var answer []AppBranch
		if err := a.do(ctx, call{http.MethodGet, paged(path, page), nil, &answer}); err != nil {
			return nil, err
		}
		all = append(all, answer...)
		if len(answer) < perPage {
			break
		}
	}
	return all, nil
}

// below is a path below a repository's. The name comes from people.
func below(repository, rest string) (string, error) {
	if _, name, _ := strings.Cut(repository, "/"); !fullNameForm.MatchString(repository) || name == "." || name == ".." {
		return "", core.Errorf(core.CodeBadRequest, "%.80q is no repository of GitHub: give owner/name.", repository)
	}
	return "/repos/" + repository + rest, nil
}

// Commit finds a commit by its id or by a branch or tag.
func (a *App) Commit(ctx context.Context, repository, ref string) (id string, c Commit, err error) {
	path, err := below(repository, "/commits/"+url.PathEscape(ref))
	if err != nil {
		return "", c, err
	}
	var answer struct {
		SHA    string `json:"sha"`
		Commit struct {
			Message string `json:"message"`
			Author  struct {
				Name  string    `json:"name"`
				Email string    `json:"email"`
				Date  time.Time `json:"date"`
			} `json:"author"`
		} `json:"commit"`
	}
	if err := a.do(ctx, call{http.MethodGet, path, nil, &answer}); err != nil {
		return "", c, err
	}
	if !IsCommit(answer.SHA) {
		return "", c, core.Errorf(core.CodeUnavailable, "GitHub's answer about the commit cannot be understood.")
	}
	by := answer.Commit.Author
	return answer.SHA, Commit{Author: by.Name, Email: by.Email, Time: by.Date, Message: answer.Commit.Message}, nil
}

// CommitStatus is a mark on a commit.
type CommitStatus struct {
	State       string `json:"state"` // pending, success, failure or error
	Context     string `json:"context"`
	Description string `json:"description,omitempty"` // cut at 140 characters
	TargetURL   string `json:"target_url,omitempty"`
}

// SetStatus marks a commit; a later one of the same context takes its place.
func (a *App) SetStatus(ctx context.Context, repository, commit string, s CommitStatus) error {
	path, err := below(repository, "/statuses/"+url.PathEscape(commit))
	if err != nil {
		return err
	}
	s.Description = shorten(s.Description)
	return a.do(ctx, call{http.MethodPost, path, s, nil})
}

// shorten cuts what GitHub would refuse for its length.
func shorten(text string) string {
	const limit = 140
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

// NewDeployment is a deployment to announce.
type NewDeployment struct {
	Ref         string `json:"ref"` // commit
	Environment string `json:"environment"`
	Description string `json:"description,omitempty"`
	Transient   bool   `json:"transient_environment"`  // it will go away again: a preview
	Production  bool   `json:"production_environment"` // people use it
}

// CreateDeployment announces a deployment and returns its id for SetDeploymentStatus.
func (a *App) CreateDeployment(ctx context.Context, repository string, d NewDeployment) (int64, error) {
	path, err := below(repository, "/deployments")
	if err != nil {
		return 0, err
	}
	d.Description = shorten(d.Description)
	// Without these GitHub would merge branches, and wait for other checks.
	body := struct {
		NewDeployment
		AutoMerge        bool     `json:"auto_merge"`
		RequiredContexts []string `json:"required_contexts"`
	}{d, false, []string{}}
	var answer struct {
		ID int64 `json:"id"`
	}
	err = a.do(ctx, call{http.MethodPost, path, body, &answer})
	return answer.ID, err
}

// DeploymentStatus is how a deployment stands.
type DeploymentStatus struct {
	State          string `json:"state"` // queued, in_progress, success, failure, error or inactive
	Description    string `json:"description,omitempty"`
	LogURL         string `json:"log_url,omitempty"`
	EnvironmentURL string `json:"environment_url,omitempty"`
}

// SetDeploymentStatus tells how an announced deployment stands.
func (a *App) SetDeploymentStatus(ctx context.Context, repository string, id int64, s DeploymentStatus) error {
	path, err := below(repository, "/deployments/"+strconv.FormatInt(id, 10)+"/statuses")
	if err != nil {
		return err
	}
	s.Description = shorten(s.Description)
	return a.do(ctx, call{http.MethodPost, path, s, nil})
}
