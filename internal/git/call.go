package git

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	// maxAnswer is more than GitHub sends for a page of 100 repositories.
	maxAnswer  = 8 << 20
	apiVersion = "2022-11-28"
)

// call is one request: a path below the API with its query, what is sent and what the
// answer is read into; both may be nil.
type call struct {
	method string
	path   string
	body   any
	into   any
}

// asApp calls in the name of the App itself.
func (a *App) asApp(ctx context.Context, c call) error {
	token, err := signJWT(a.key, a.id, a.nowFunc())
	if err != nil {
		return err
	}
	return a.send(ctx, c, token)
}

// do calls in the name of the installation.
func (a *App) do(ctx context.Context, c call) error {
	token, err := a.Token(ctx)
	if err != nil {
		return err
	}
	return a.send(ctx, c, token.Value.Reveal())
}

func (a *App) send(ctx context.Context, c call, token string) error {
	var body io.Reader
	if c.body != nil {
		data, err := json.Marshal(c.body)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, a.base.String()+c.path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", apiVersion)
	req.Header.Set("User-Agent", "Taffrail")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		return a.unreachable(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return a.refused(c, res)
	}
	return a.read(ctx, res.Body, c.into)
}

func (a *App) read(ctx context.Context, body io.Reader, into any) error {
	if into == nil {
		return nil
	}
	bounded := &io.LimitedReader{R: body, N: maxAnswer}
	err := json.NewDecoder(bounded).Decode(into)
	if err == nil {
		return nil
	}
	if bounded.N <= 0 {
		err = fmt.Errorf("the answer is longer than %d bytes: %w", maxAnswer, err)
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) || bounded.N <= 0 || errors.Is(err, io.EOF) {
		return a.fault(core.CodeUnavailable, err, "%s did not answer as GitHub does. Check the API's address of the GitHub App.", a.base.Host)
	}
	return a.unreachable(ctx, err)
}

func (a *App) fault(code core.Code, err error, format string, args ...any) error {
	return &core.Error{Op: "ask GitHub", Code: code, Msg: fmt.Sprintf(format, args...), Err: err}
}

func (a *App) unreachable(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errPrivate):
		return a.fault(core.CodeBadRequest, err, "%s is in a private network, which an administrator has to allow first.", a.base.Host)
	}
	return a.fault(core.CodeUnavailable, err, "%s cannot be reached. Try again later; if it stays so, check the API's address of the GitHub App and the network.", a.base.Host)
}

// refused says what a status means. What else the answer says is not shown: an address
// that somebody made up could answer anything.
func (a *App) refused(c call, res *http.Response) error {
	err := fmt.Errorf("%s %s: status %d, request %.64q", c.method, c.path, res.StatusCode, res.Header.Get("X-Github-Request-Id"))
	switch {
	case limited(res):
		return a.fault(core.CodeTooMany, err, "GitHub allows no more requests for now. %s", a.again(res))
	case res.StatusCode == http.StatusUnauthorized:
		return a.fault(core.CodeBadRequest, err, "GitHub does not accept the App's credentials. Check its App ID, its private key and this machine's clock.")
	case res.StatusCode == http.StatusForbidden:
		return a.fault(core.CodeForbidden, err, "The GitHub App may not do this. Check its permissions, and that its owner has accepted the latest ones.")
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return a.fault(core.CodeNotFound, err, "GitHub finds nothing there. Check that the App is still installed, with access to the repository.")
	case res.StatusCode == http.StatusConflict || res.StatusCode == http.StatusUnprocessableEntity || res.StatusCode == http.StatusBadRequest:
		return a.fault(core.CodeBadRequest, err, "GitHub refuses this as it stands (status %d).", res.StatusCode)
	case res.StatusCode >= http.StatusInternalServerError:
		return a.fault(core.CodeUnavailable, err, "GitHub has trouble of its own (status %d). Try again later.", res.StatusCode)
	case res.StatusCode >= http.StatusMultipleChoices && res.StatusCode < http.StatusBadRequest:
		return a.fault(core.CodeBadRequest, err, "%s sends to another address, which is not followed. Check the API's address of the GitHub App.", a.base.Host)
	}
	return a.fault(core.CodeUnavailable, err, "GitHub answered with status %d.", res.StatusCode)
}

func limited(res *http.Response) bool {
	if res.StatusCode == http.StatusTooManyRequests {
		return true
	}
	return res.StatusCode == http.StatusForbidden && (res.Header.Get("X-Ratelimit-Remaining") == "0" || res.Header.Get("Retry-After") != "")
}

// again says when to try again.
func (a *App) again(res *http.Response) string {
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		return fmt.Sprintf("Try again in %s.", time.Duration(n)*time.Second)
	}
	if n, err := strconv.ParseInt(res.Header.Get("X-Ratelimit-Reset"), 10, 64); err == nil && n > 0 {
		return fmt.Sprintf("Try again after %s.", time.Unix(n, 0).UTC().Format("15:04 UTC"))
	}
	return "Try again later."
}
