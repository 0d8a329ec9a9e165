package httpio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/taffrail/taffrail/internal/core"
)

// WriteJSON writes a reply. A value that cannot be encoded is a fault of ours, returned
// before anything is written.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone: nobody is left to tell
	return nil
}

// WriteText writes a reply of bare text, without a newline at its end, in the content
// type that clients expect of the version.
func WriteText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = io.WriteString(w, text)
}

// WriteError writes the reply to err. Internal errors are logged here, once, under a
// reference that the reply shows in their place.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if gone(r.Context(), err) {
		w.WriteHeader(statusClientGone)
		return
	}
	refusal, internal := replyTo(err)
	if internal {
		refusal = report(r, log, err)
	}
	for key, values := range refusal.Header {
		w.Header()[key] = values
	}
	if err := WriteJSON(w, refusal.Body.Status, refusal.Body); err != nil {
		log.ErrorContext(r.Context(), "error reply not written", "error", err)
	}
}

// statusClientGone is what the access log shows when nobody waited for the reply.
const statusClientGone = 499

// gone says that err is only the echo of the client going away.
func gone(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

func report(r *http.Request, log *slog.Logger, err error) *Refusal {
	reference := string(core.NewID()[:12])
	log.ErrorContext(r.Context(), "request failed", "reference", reference,
		"method", r.Method, "path", r.URL.Path, "error", err)
	refusal := Refuse(http.StatusInternalServerError,
		"Something went wrong on the server's side. Its log says what, under the reference "+reference+".")
	refusal.Body.Reference = reference
	return refusal
}
