package run

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// The reasons of StateDead.
const (
	ReasonRestarted = "host restarted"
	ReasonKilled    = "killed"
)

// ReasonRemoved is the reason of StateMissing when a launch meets a run that has been
// carried out and cleared away.
const ReasonRemoved = "it was carried out before and cleared away"

// ErrDead says that a run can write no more but has not ended: it was killed, or the
// machine restarted.
var ErrDead = errors.New("the run is dead: it has no end record and no process")

// ErrMissing says that there is no such run.
var ErrMissing = errors.New("there is no such run")

// Inspect tells what is known of the run in dir. A run that was claimed but never
// started counts as missing: it may be launched again.
func Inspect(dir string) (Status, error) {
	f := folder(dir)
	if !exists(f.started()) {
		return Status{State: StateMissing}, nil
	}
	s := Status{State: StateRunning}
	err := readJSON(f.identity(), &s.Identity)
	known := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	// Whether it lives is asked first: a run that ends between the two questions
	// must not count as dead.
	if known && !s.Identity.alive() || !known && !locked(f.running()) {
		s.State, s.Reason = StateDead, s.Identity.deathReason()
	}
	if exists(f.ended()) || s.State == StateDead && endsWithEnd(f.spool()) {
		s.State, s.Reason = StateEnded, ""
	}
	if info, err := os.Stat(f.spool()); err == nil {
		s.Spool = info.Size()
	}
	if !known && s.State == StateDead && exists(f.identity()) {
		return Inspect(dir) // it got an identity meanwhile
	}
	return s, nil
}

func (i Identity) deathReason() string {
	if i.BootID != "" && i.BootID != bootID() {
		return ReasonRestarted
	}
	return ReasonKilled
}

// endsWithEnd looks for an end record as the very last thing of a spool. It is asked
// for the case that a run died between its end record and the mark that says so.
func endsWithEnd(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	size := min(info.Size(), headerSize+MaxPayload)
	tail := make([]byte, size)
	if _, err := f.ReadAt(tail, info.Size()-size); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return tailIsEnd(tail)
}

func tailIsEnd(tail []byte) bool {
	begin := []byte{magic0, magic1, version, byte(FrameEnd)}
	for i := bytes.LastIndex(tail, begin); i >= 0; i = bytes.LastIndex(tail[:i], begin) {
		if frame, err := NewReader(bytes.NewReader(tail[i:]), 0).Next(); err == nil {
			return frame.To == int64(len(tail)-i)
		}
	}
	return false
}
