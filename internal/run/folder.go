package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// folder is the folder of one run: <remote dir>/runs/<id>.
type folder string

func (f folder) id() string       { return filepath.Base(string(f)) }
func (f folder) remote() string   { return filepath.Dir(filepath.Dir(string(f))) }
func (f folder) script() string   { return f.file("script.json") }   // until the run has read it
func (f folder) spool() string    { return f.file("spool") }         // frames
func (f folder) identity() string { return f.file("identity.json") } // from the start on
func (f folder) started() string  { return f.file("started") }       // made once: whoever makes it may run
func (f folder) ended() string    { return f.file("ended") }         // after the end record is on disk
func (f folder) log() string      { return f.file("runner.log") }    // what the runner itself had to say
func (f folder) temp() string     { return f.file("tmp") }           // TMPDIR of a command, for its life
func (f folder) gone() string {
	return filepath.Join(filepath.Dir(string(f)), ".gone", f.id()) // outlives the folder
}
func (f folder) part() string { return f.file("part") } // names a file that is being written elsewhere
func (f folder) restoring() string {
	return f.file("restoring") // made when a cancel has something to put back
}
func (f folder) launching() string {
	return f.file("launch.lock") // held by a launcher while it works
}
func (f folder) running() string {
	return f.file("run.lock") // held by the run for its life
}

func (f folder) file(name string) string { return filepath.Join(string(f), name) }

// full says whether the disk has no room left, as far as this user is concerned.
func (f folder) full() bool {
	var s unix.Statfs_t
	return unix.Statfs(string(f), &s) == nil && s.Bavail == 0
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// replace writes a file so that it is there whole or not at all, 0600.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

func replaceJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return replace(path, data)
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lock takes the lock on path and waits at most so long for it. Closing the file, or
// the end of the process, gives it back.
func lock(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(wait); ; {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, unix.EWOULDBLOCK) && time.Now().Before(until) {
			err = pause(ctx, 10*time.Millisecond)
		} else if errors.Is(err, unix.EWOULDBLOCK) {
			err = errLocked
		}
		if err != nil {
			_ = f.Close()
			return nil, err
		}
	}
}

// locked says whether a living process holds the lock on path.
func locked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// mark makes an empty file and says whether it was this call that made it.
func mark(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}
