package httpio_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

func writeError(err error) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/x?token=1|secret", nil)
	httpio.WriteError(rec, r, slog.New(slog.NewTextHandler(&log, nil)), err)
	return rec, log.String()
}

func TestWriteError(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err    error
		status int
		body   string
		retry  string
	}{
		{core.NotFound("Service"), 404, `{"message":"Service not found."}`, ""},
		{core.Invalid("name", "The name field must be a string."), 422, `{"message":"Validation failed.","errors":{"name":["The name field must be a string."]}}`, ""},
		{core.Errorf(core.CodeUnauthenticated, "Unauthenticated."), 401, `{"message":"Unauthenticated."}`, ""},
		{core.Errorf(core.CodeForbidden, "Missing required permissions: write"), 403, `{"message":"Missing required permissions: write"}`, ""},
		{core.Errorf(core.CodeConflict, "Taken."), 409, `{"message":"Taken."}`, ""},
		{core.Errorf(core.CodeLost, "Lost."), 409, `{"message":"Lost."}`, ""},
		{core.Errorf(core.CodeBadRequest, "No <b>."), 400, `{"message":"No <b>."}`, ""},
		{core.Errorf(core.CodeTooMany, "Full."), 429, `{"message":"Full."}`, "60"},
		{core.Errorf(core.CodeUnavailable, "Down."), 503, `{"message":"Down."}`, "10"},
		{fmt.Errorf("wrapped: %w", core.NotFound("Key")), 404, `{"message":"Key not found."}`, ""},
		{&core.Error{Code: core.CodeNotFound, Msg: "Gone.", Err: errors.New("cause with a secret")}, 404, `{"message":"Gone."}`, ""},
	}
	for _, tt := range tests {
		rec, log := writeError(tt.err)
		if rec.Code != tt.status || rec.Body.String() != tt.body || rec.Header().Get("Retry-After") != tt.retry {
			t.Errorf("%v: got %d %s %v", tt.err, rec.Code, rec.Body, rec.Header())
		}
		if log != "" {
			t.Errorf("%v: logged %s", tt.err, log)
		}
	}
}

func TestEveryCodeHasAClass(t *testing.T) {
	t.Parallel()
	for _, code := range []core.Code{
		core.CodeInvalid, core.CodeBadRequest, core.CodeUnauthenticated, core.CodeForbidden, core.CodeNotFound,
		core.CodeConflict, core.CodeTooMany, core.CodeUnavailable, core.CodeLost, core.CodeInternal,
	} {
		if httpio.Classes()[code].Status == 0 {
			t.Errorf("%s has no status", code)
		}
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("dial tcp: password=hunter2"), core.Errorf(core.CodeInternal, "password=hunter2")} {
		rec, log := writeError(err)
		body := rec.Body.String()
		if rec.Code != 500 || strings.Contains(body, "hunter2") || !strings.Contains(body, `"reference":"`) {
			t.Errorf("got %d %s", rec.Code, body)
		}
		_, after, _ := strings.Cut(body, `"reference":"`)
		if strings.Count(log, "request failed") != 1 || !strings.Contains(log, after[:12]) || strings.Contains(log, "token=") {
			t.Errorf("logged %s", log)
		}
	}
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := httpio.Access(logger, httpio.SecurityHeaders(httpio.Recover(logger, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("of the handler")
	}))))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/x?token=3|hidden", nil))
	if rec.Code != 500 || !strings.Contains(rec.Body.String(), "reference") || strings.Contains(rec.Body.String(), "handler") {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	if rec.Header().Get("X-Content-Type-Options") != "nosniff" || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", rec.Header())
	}
	text := log.String()
	if !strings.Contains(text, "of the handler") || !strings.Contains(text, "status=500") || strings.Contains(text, "hidden") {
		t.Errorf("logged %s", text)
	}
}
