package httpio

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

const (
	// Heartbeat is the longest silence of a stream.
	Heartbeat = 15 * time.Second
	// stuck is how long a reader may take nothing before its connection is closed.
	// It reconnects and goes on where it was.
	stuck     = time.Minute
	reconnect = "retry: 1000\n\n"
)

// Stream writes server-sent events. Data goes out as JSON on one line, so no text in it
// can end an event or begin another. A Stream belongs to one goroutine.
type Stream struct {
	w    http.ResponseWriter
	ctl  *http.ResponseController
	buf  bytes.Buffer
	last time.Time // of the last flush
}

// OpenStream sends the head of a stream.
func OpenStream(w http.ResponseWriter) (*Stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	s := &Stream{w: w, ctl: http.NewResponseController(w)}
	// The limit on reading a request must not end what comes after it. Not every
	// writer has deadlines, as with those of tests.
	_ = s.ctl.SetReadDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	s.buf.WriteString(reconnect)
	return s, s.Flush()
}

// Event adds an event. id and name are the caller's own words, without line breaks; an
// empty id is left out. It is sent by the next Flush.
func (s *Stream) Event(name, id string, data any) error {
	if id != "" {
		s.buf.WriteString("id: " + id + "\n")
	}
	s.buf.WriteString("event: " + name + "\ndata: ")
	if err := json.NewEncoder(&s.buf).Encode(data); err != nil {
		return err
	}
	s.buf.WriteByte('\n')
	if s.buf.Len() > 64<<10 {
		return s.Flush()
	}
	return nil
}

// Beat sends a comment when the stream has been silent for long enough.
func (s *Stream) Beat() error {
	if s.buf.Len() == 0 {
		if time.Since(s.last) < Heartbeat {
			return nil
		}
		s.buf.WriteString(": still here\n\n")
	}
	return s.Flush()
}

// Flush sends what was added. Its error means that the reader is gone.
func (s *Stream) Flush() error {
	if s.buf.Len() > 0 {
		// Whoever takes nothing for so long is cut off, comes back and goes on.
		_ = s.ctl.SetWriteDeadline(time.Now().Add(writeLimit))
		if _, err := s.w.Write(s.buf.Bytes()); err != nil {
			return err
		}
		s.buf.Reset()
		s.last = time.Now()
	}
	return s.ctl.Flush()
}
