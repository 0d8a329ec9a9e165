package httpio_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/httpio"
)

func TestStreamKeepsDataInData(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	s, err := httpio.OpenStream(rec)
	if err != nil {
		t.Fatal(err)
	}
	hostile := "x\n\nevent: eof\ndata: y\nid: 999999\rretry: 1\r\n\u2028 \x00 </script>"
	if err := s.Event("line", "7", map[string]string{"output": hostile}); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.FieldsFunc(rec.Body.String(), func(r rune) bool { return r == '\n' || r == '\r' })
	want := []string{"retry: 1000", "id: 7", "event: line"}
	if len(lines) != 4 || strings.Join(lines[:3], "|") != strings.Join(want, "|") || !strings.HasPrefix(lines[3], `data: {"output":"x\n\nevent: eof`) {
		t.Errorf("got %q", lines)
	}
}
