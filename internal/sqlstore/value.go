package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Times are stored as µs since 1970 in UTC, "not yet" as NULL. Neither engine is asked
// to understand dates, so neither can disagree.

// stamp scans a time.
type stamp struct{ to *time.Time }

// Scan implements sql.Scanner.
func (s stamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s.to = time.Time{}
	case int64:
		*s.to = fromMicro(v)
	default:
		return fmt.Errorf("a time came as %T", v)
	}
	return nil
}

func fromMicro(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}

// micro is a time as it is stored.
func micro(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// maybe scans a column that may be NULL, which leaves the zero value.
type maybe[T any] struct{ to *T }

// Scan implements sql.Scanner.
func (m maybe[T]) Scan(v any) error {
	var zero T
	if v == nil {
		*m.to = zero
		return nil
	}
	got, ok := v.(T)
	if !ok {
		return fmt.Errorf("a %T came as %T", zero, v)
	}
	*m.to = got
	return nil
}

// intOrNil scans a number that may be missing.
type intOrNil struct{ to **int }

// Scan implements sql.Scanner.
func (i intOrNil) Scan(v any) error {
	*i.to = nil
	if v == nil {
		return nil
	}
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a number came as %T", v)
	}
	value := int(n)
	*i.to = &value
	return nil
}

// refOrNil is a row id as it is stored in a foreign key.
func refOrNil(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// fromJSON scans text that toJSON made.
type fromJSON[T any] struct{ to *T }

// Scan implements sql.Scanner.
func (j fromJSON[T]) Scan(v any) error {
	text, ok := v.(string)
	if !ok || text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), j.to)
}

// toJSON makes text of lists, maps and plain structs, the same text for equal values;
// "" for what is empty.
func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil || string(text) == "null" || string(text) == "{}" || string(text) == "[]" {
		return ""
	}
	return string(text)
}

// seal encrypts a secret for the row of a table; empty secrets are NULL.
func (db *DB) seal(team int64, table string, id core.ID, column string, secret core.Secret) (any, error) {
	if secret.Empty() {
		return nil, nil
	}
	return db.box.Seal(team, place(table, id, column), []byte(secret.Reveal()))
}

// unseal is the way back from seal.
func (db *DB) unseal(team int64, table string, id core.ID, column string, sealed []byte) (core.Secret, error) {
	if len(sealed) == 0 {
		return core.Secret{}, nil
	}
	plain, err := db.box.Open(team, place(table, id, column), sealed)
	return core.NewSecret(string(plain)), err
}

func place(table string, id core.ID, column string) string {
	return table + "/" + string(id) + "/" + column
}

// clean makes text fit for both engines: PostgreSQL refuses NUL and invalid UTF-8.
func clean(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// orNew is id, or a fresh one when it is empty.
func orNew(id core.ID) core.ID {
	if id == "" {
		return core.NewID()
	}
	return id
}

// marks returns "$from, $from+1, …" for n parameters.
func marks(from, n int) string {
	var out strings.Builder
	for i := range n {
		if i > 0 {
			out.WriteString(", ")
		}
		fmt.Fprintf(&out, "$%d", from+i)
	}
	return out.String()
}
