package git

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// comment is a comment on a pull request.
type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
}

// Comment keeps one comment on a pull request up to date: the one of the id that an
// earlier call returned, if it is still there, otherwise the one that holds the marker,
// otherwise a new one. The marker is put in as an HTML comment, which nobody sees.
func (a *App) Comment(ctx context.Context, repository string, number int, id int64, marker, body string) (int64, error) {
	path, err := below(repository, fmt.Sprintf("/issues/%d/comments", number))
	if err != nil {
		return 0, err
	}
	hidden := "<!-- " + strings.NewReplacer("<", "", ">", "", "--", "").Replace(marker) + " -->"
	text := hidden + "\n" + body
	if id != 0 {
		id, err := a.update(ctx, repository, id, text)
		if core.CodeOf(err) != core.CodeNotFound {
			return id, err
		}
	}
	id, err = a.find(ctx, path, hidden)
	if err != nil {
		return 0, err
	}
	if id != 0 {
		return a.update(ctx, repository, id, text)
	}
	var answer comment
	err = a.do(ctx, call{http.MethodPost, path, comment{Body: text}.body(), &answer})
	return answer.ID, err
}

func (c comment) body() map[string]string { return map[string]string{"body": c.Body} }

func (a *App) update(ctx context.Context, repository string, id int64, text string) (int64, error) {
	path, err := below(repository, fmt.Sprintf("/issues/comments/%d", id))
	if err != nil {
		return 0, err
	}
	return id, a.do(ctx, call{http.MethodPatch, path, comment{Body: text}.body(), nil})
}

func (a *App) find(ctx context.Context, path, hidden string) (int64, error) {
	for page := 1; page <= maxPages; page++ {
		var answer []comment
		if err := a.do(ctx, call{http.MethodGet, paged(path, page), nil, &answer}); err != nil {
			return 0, err
		}
		for _, c := range answer {
			if strings.HasPrefix(c.Body, hidden) {
				return c.ID, nil
			}
		}
		if len(answer) < perPage {
			break
		}
	}
	return 0, nil
}
