package api

import (
	"fmt"
	"time"
)

// TimeLayout is how every moment is written: RFC 3339, UTC, six digits, Z.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// Time is a moment in a JSON body. The zero Time is null.
type Time struct{ time.Time }

// At wraps t.
func At(t time.Time) Time { return Time{t} }

// String is the form on the wire; empty for the zero Time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(TimeLayout)
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON implements json.Unmarshaler; it takes any RFC 3339 time, null and "".
func (t *Time) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" || text == `""` {
		*t = Time{}
		return nil
	}
	at, err := time.Parse(`"`+time.RFC3339Nano+`"`, text)
	if err != nil {
		return fmt.Errorf("not an RFC 3339 time: %s", text)
	}
	t.Time = at.UTC()
	return nil
}
