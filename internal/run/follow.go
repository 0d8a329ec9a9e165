package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	followPoll = 20 * time.Millisecond // how late a frame may be seen
	alivePolls = 10                    // polls without news between two looks at the process
	copySize   = 256 << 10
	blockSize  = 4 << 10
	punchEvery = 4 << 20 // bytes acknowledged between two holes
)

// Follow copies the spool of the run in dir to w, from a byte offset on and as it grows.
// It returns nil when everything up to and with the end record was written, ErrDead
// when the run can write no more (everything that it wrote was handed on), and
// ErrMissing when there is no such run. From acks, which may be nil, it reads lines
// "ack <offset>": what is before that offset need not be kept.
func Follow(ctx context.Context, dir string, from int64, w io.Writer, acks io.Reader) error {
	f := folder(dir)
	spool, err := f.openSpool(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = spool.Close() }()
	t := &tail{folder: f, spool: spool, at: from, buf: make([]byte, copySize)}
	if info, err := spool.Stat(); err != nil || info.Size() < from {
		// Only a power cut takes back what was read before.
		return errors.Join(ErrDead, err)
	}
	if acks != nil {
		go t.readAcks(acks)
	}
	return t.follow(ctx, w)
}

// openSpool waits for a spool that is about to be made.
func (f folder) openSpool(ctx context.Context) (*os.File, error) {
	for {
		s, err := Inspect(string(f))
		if err != nil {
			return nil, err
		}
		file, err := os.OpenFile(f.spool(), os.O_RDWR, 0)
		switch {
		case err == nil:
			return file, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		case s.State == StateMissing:
			return nil, ErrMissing
		case s.State == StateDead:
			return nil, ErrDead
		}
		if err := pause(ctx, followPoll); err != nil {
			return nil, err
		}
	}
}

// tail is the reading end of a spool.
type tail struct {
	folder folder
	spool  *os.File
	at     int64
	buf    []byte
	sent   atomic.Int64 // at, for the other goroutine
}

func (t *tail) follow(ctx context.Context, w io.Writer) error {
	for idle := 0; ; idle++ {
		// The state is asked for before the last read: what was written between a read
		// and the end of the process would be lost otherwise.
		state := StateRunning
		if exists(t.folder.ended()) {
			state = StateEnded
		} else if idle%alivePolls == alivePolls-1 {
			s, err := Inspect(string(t.folder))
			if err != nil {
				return err
			}
			state = s.State
		}
		moved, err := t.copy(ctx, w)
		if err != nil {
			return err
		}
		if moved {
			idle = 0
		}
		switch state {
		case StateEnded:
			return nil
		case StateDead, StateMissing:
			return ErrDead
		}
		if err := pause(ctx, followPoll); err != nil {
			return err
		}
	}
}

// copy writes what is there now.
func (t *tail) copy(ctx context.Context, w io.Writer) (moved bool, err error) {
	for ctx.Err() == nil {
		n, err := t.spool.ReadAt(t.buf, t.at)
		if n > 0 {
			if _, err := w.Write(t.buf[:n]); err != nil {
				return true, fmt.Errorf("hand on spool: %w", err)
			}
			t.at += int64(n)
			t.sent.Store(t.at)
			moved = true
		}
		if errors.Is(err, io.EOF) {
			return moved, nil
		}
		if err != nil {
			return moved, fmt.Errorf("read spool: %w", err)
		}
	}
	return moved, ctx.Err()
}

// readAcks frees what is acknowledged. It ends with its reader, or with the file.
func (t *tail) readAcks(acks io.Reader) {
	var freed int64
	for lines := bufio.NewScanner(acks); lines.Scan(); {
		var offset int64
		if n, err := fmt.Sscanf(strings.TrimSpace(lines.Text()), "ack %d", &offset); n != 1 || err != nil {
			continue
		}
		offset = min(offset, t.sent.Load()) / blockSize * blockSize
		if offset-freed < punchEvery {
			continue
		}
		err := punch(t.spool, freed, offset)
		if err != nil {
			return // a file system without holes: the spool goes as a whole later
		}
		freed = offset
	}
}

// punch frees the blocks of a part of a file; its size and all offsets stay.
func punch(f *os.File, from, to int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var punchErr error
	err = conn.Control(func(fd uintptr) {
		punchErr = unix.Fallocate(int(fd), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, from, to-from)
	})
	return errors.Join(err, punchErr)
}
