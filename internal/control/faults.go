package control

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

// faults collects what is wrong with an input, so that a person hears of everything at
// once. Fields have the names that the API gives them.
type faults map[string][]string

func (f faults) add(field, format string, args ...any) {
	f[field] = append(f[field], fmt.Sprintf(format, args...))
}

// take adds the fields of a CodeInvalid error and returns any other error.
func (f faults) take(err error) error {
	if err == nil {
		return nil
	}
	e, ok := invalid(err)
	if !ok {
		return err
	}
	for field, texts := range e.Fields {
		f[field] = append(f[field], texts...)
	}
	return nil
}

// takeAs adds what a CodeInvalid error says as faults of one field, and returns any other
// error.
func (f faults) takeAs(field string, err error) error {
	e, ok := invalid(err)
	if !ok {
		return err
	}
	for _, texts := range e.Fields {
		f[field] = append(f[field], texts...)
	}
	if len(e.Fields) == 0 {
		f[field] = append(f[field], e.Msg)
	}
	return nil
}

// err returns the one error that tells all faults, nil when there are none.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &core.Error{Code: core.CodeInvalid, Msg: "Validation failed.", Fields: f}
}

func (f faults) required(field, value string) bool {
	if value == "" {
		f.add(field, "The %s field is required.", words(field))
	}
	return value != ""
}

// name checks a name that must be there.
func (f faults) name(field, value string) {
	if f.required(field, value) && f.short(field, value) && !namePattern.MatchString(value) {
		f.add(field, "The %s field may only contain letters, digits, spaces and - _ . @ / & ( ) # , : +.", words(field))
	}
}

func (f faults) description(value string) {
	const field = "description"
	if value != "" && f.short(field, value) && !descPattern.MatchString(value) {
		f.add(field, `The description field may only contain letters, digits, spaces and - _ . @ / & ( ) # , : + ! ? ' " = *.`)
	}
}

func (f faults) short(field, value string) bool { return f.atMost(field, value, maxText) }

func (f faults) atMost(field, value string, limit int) bool {
	if utf8.RuneCountInString(value) <= limit {
		return true
	}
	f.add(field, "The %s field must not be greater than %d characters.", words(field), limit)
	return false
}

func (f faults) between(field string, n, low, high int) {
	if n < low || n > high {
		f.add(field, "The %s field must be between %d and %d.", words(field), low, high)
	}
}

// text checks free text of at most limit characters.
func (f faults) text(field, value string, limit int) {
	if !validText(value) {
		f.add(field, "The %s field must not contain control characters.", words(field))
		return
	}
	f.atMost(field, value, limit)
}

// words turns the name of a field into words, as the messages have it.
func words(field string) string { return strings.ReplaceAll(field, "_", " ") }

// set writes what a pointer of a patch points to, if anything.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// trim is set for text that a person typed: blanks around it mean nothing.
func trim(to, from *string) {
	if from != nil {
		*to = strings.TrimSpace(*from)
	}
}

// oneOf checks a value that must be one of a fixed list.
func oneOf[T ~string](f faults, field string, value T, list []T) {
	if slices.Contains(list, value) {
		return
	}
	names := make([]string, 0, len(list))
	for _, v := range list {
		names = append(names, string(v))
	}
	f.add(field, "The %s field must be one of %s.", words(field), strings.Join(names, ", "))
}
