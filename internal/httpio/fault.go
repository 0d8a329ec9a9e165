package httpio

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	maxFaults    = 100 // a hostile body does not get a longer answer than a wrong one
	maxFaultName = 100
)

// faults is what is wrong with each field, as a person reads it.
type faults map[string][]string

func (f faults) add(name, format string, args ...any) {
	if len(f) >= maxFaults {
		return
	}
	if len(name) > maxFaultName {
		name = strings.ToValidUTF8(name[:maxFaultName], "") + "…"
	}
	f[name] = append(f[name], fmt.Sprintf(format, args...))
}

// body is the error about fields of a body; nil when there are no faults.
func (f faults) body() error {
	if len(f) == 0 {
		return nil
	}
	return &core.Error{Code: core.CodeInvalid, Msg: "Validation failed.", Fields: f}
}

// query is the error about parameters of the query: its message is the first fault.
func (f faults) query() error {
	if len(f) == 0 {
		return nil
	}
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	message := f[names[0]][0]
	switch more := len(names) - 1; {
	case more == 1:
		message += " (and 1 more error)"
	case more > 1:
		message += fmt.Sprintf(" (and %d more errors)", more)
	}
	return &core.Error{Code: core.CodeInvalid, Msg: message, Fields: f}
}

// words is how messages name a field.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// check holds a bound value against its rule.
func check(f faults, name string, rule Rule, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		checkText(f, name, rule, v.String())
	case reflect.Int, reflect.Int64:
		n := v.Int()
		if rule.Min != nil && n < int64(*rule.Min) {
			f.add(name, "The %s field must be at least %d.", words(name), *rule.Min)
		}
		if rule.Max != nil && n > int64(*rule.Max) {
			f.add(name, "The %s field must not be greater than %d.", words(name), *rule.Max)
		}
	case reflect.Float64:
		if rule.Min != nil && v.Float() < float64(*rule.Min) {
			f.add(name, "The %s field must be at least %d.", words(name), *rule.Min)
		}
	}
}

func checkText(f faults, name string, rule Rule, s string) {
	if s == "" {
		return
	}
	length := utf8.RuneCountInString(s)
	if rule.Min != nil && length < *rule.Min {
		f.add(name, "The %s field must be at least %d characters.", words(name), *rule.Min)
	}
	if rule.Max != nil && length > *rule.Max {
		f.add(name, "The %s field must not be greater than %d characters.", words(name), *rule.Max)
	}
	if len(rule.Enum) > 0 && !slices.Contains(rule.Enum, s) {
		f.add(name, "The selected %s is invalid: choose from %s.", words(name), strings.Join(rule.Enum, ", "))
	}
}
