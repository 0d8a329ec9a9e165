package core

import "time"

// Stream is the type of a log line.
type Stream string

// The streams. stdout and stderr are what commands wrote; info and warning are
// Taffrail's own words, which no output of a command can imitate.
const (
	Stdout  Stream = "stdout"
	Stderr  Stream = "stderr"
	Info    Stream = "info"
	Warning Stream = "warning"
)

// MaxLine is the longest text of one line in bytes. Longer ones are stored in parts
// of this size, each but the last with Continued set.
const MaxLine = 64 << 10

// Line is one entry of a deployment's log, redacted before it came to be.
type Line struct {
	Seq       int64 // dense from 1 within a deployment; clients know it as "order"
	Step      int   // number of the step; 0 when it belongs to none
	Batch     int   // lines written by one command share it
	Stream    Stream
	Hidden    bool // shown only to those who ask for details
	Continued bool // the next line of the same stream goes on where this one ends
	At        time.Time
	Command   string // redacted command; set on the line that announces it
	Output    string // text without the end of line; valid UTF-8, no NUL
}

// Cursor says up to where the spool of a run is durable here. It is committed in
// the same transaction as the lines, and nothing else remembers an offset.
type Cursor struct {
	Offset int64  // first byte of the spool that must be read again
	State  string // what the reader needs to go on from there; opaque to the store
}

// Batch is what one transaction appends to a log. Steps replace the rows with the
// same numbers. Lines carry Seq = NextSeq, NextSeq+1, …
type Batch struct {
	LogID  int64
	Fence  int64
	Lines  []Line
	Steps  []Step
	Cursor Cursor
}
