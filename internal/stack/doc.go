// Package stack reads compose text and says what it means: it refuses what would reach
// beyond the stack, makes the variables that the text names, and writes the compose file
// that goes to the server. It does no I/O.
//
// What is checked is exactly what is written: variables are filled in here, the checked
// tree is the one that is rendered, and nothing in it is left for the server's
// environment to decide.
//
// The way of a text: Reader.Scan takes it apart; Text.Missing makes the variables that
// are not there yet, Text.Chosen puts in the addresses that people chose; Text.Read fills
// everything in and checks it; Stack.Render writes it.
package stack

import (
	"io"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/sirupsen/logrus"
)

// Reader reads compose texts. It is safe for use by several goroutines.
type Reader struct {
	schemaFunc func() (*jsonschema.Schema, error)
}

// NewReader returns a reader, whose first use takes a while. It also silences the logger
// of the compose library for the whole process, since that one writes values of compose
// files to standard error.
func NewReader() *Reader {
	logrus.SetOutput(io.Discard)
	return &Reader{schemaFunc: sync.OnceValues(compileSchema)}
}

// Scan takes compose text apart. With literalLabels "$" in labels is no variable. Errors
// are of CodeInvalid on Field.
func (r *Reader) Scan(text string, literalLabels bool) (t *Text, err error) {
	defer guard(&err)
	if t, err = newText(text, literalLabels); err != nil {
		return nil, err
	}
	t.reader = r
	return t, nil
}
