package stack

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// Field is the name under which clients send compose text, and that of the errors about it.
const Field = "docker_compose_raw"

// maxFaults is the number of faults that one answer lists: a text that is wrong all
// over is not helped by hundreds.
const maxFaults = 20

// fault is one thing that is wrong with a compose text.
type fault struct {
	line int // 0: unknown
	path []string
	text string
}

func (f fault) String() string {
	var b strings.Builder
	if f.line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.line)
	}
	if len(f.path) > 0 {
		b.WriteString(strings.Join(f.path, ".") + ": ")
	}
	b.WriteString(f.text)
	return b.String()
}

// faults collects what is wrong with one text.
type faults struct {
	src  *source
	list []fault
}

func (f *faults) add(path []string, format string, args ...any) {
	f.list = append(f.list, fault{
		line: f.src.line(path), path: slices.Clone(path), text: fmt.Sprintf(format, args...),
	})
}

func (f *faults) any() bool { return len(f.list) > 0 }

// sorted returns the faults as texts in the order of the lines, each once.
func (f *faults) sorted() []string {
	list := slices.Clone(f.list)
	slices.SortStableFunc(list, func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.line, b.line), slices.Compare(a.path, b.path), cmp.Compare(a.text, b.text))
	})
	var texts []string
	for _, one := range list {
		texts = append(texts, one.String())
	}
	return slices.Compact(texts)
}

// err is nil when there is no fault.
func (f *faults) err() error {
	texts := f.sorted()
	if len(texts) == 0 {
		return nil
	}
	if len(texts) > maxFaults {
		more := fmt.Sprintf("and %d more", len(texts)-maxFaults)
		texts = append(texts[:maxFaults], more)
	}
	return invalid(texts...)
}

// shown is how many faults the message of an error has.
const shown = 3

// Undeployable puts what is wrong with a text into the message, which is all that the
// record of a deployment shows. subject is what the text is: "The compose text".
func Undeployable(subject string, err error) error {
	var fault *core.Error
	if !errors.As(err, &fault) || len(fault.Fields[Field]) == 0 {
		return err
	}
	texts := fault.Fields[Field]
	msg := subject + " cannot be deployed. " + strings.Join(texts[:min(len(texts), shown)], ". ") + "."
	if more := len(texts) - shown; more > 0 {
		msg += fmt.Sprintf(" There is more: %d in all.", len(texts))
	}
	return &core.Error{Op: fault.Op, Code: fault.Code, Msg: msg, Fields: fault.Fields, Err: fault.Err}
}

// guard turns a panic into an answer. Compose text comes from outside and goes through
// libraries that were written for a command line, where a crash costs nobody else
// anything; here it would end everybody's deployments.
func guard(err *error) {
	if r := recover(); r != nil {
		fault := invalid("cannot be understood")
		fault.Err = fmt.Errorf("compose text: panic: %v", r)
		*err = fault
	}
}

// invalid is the error for a compose text.
func invalid(texts ...string) *core.Error {
	return &core.Error{
		Op: "read compose text", Code: core.CodeInvalid, Msg: "Validation failed.",
		Fields: map[string][]string{Field: texts},
	}
}
