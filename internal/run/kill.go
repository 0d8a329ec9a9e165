package run

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	endWait  = 3 * time.Second // for the run to end by itself after TERM
	goneWait = 3 * time.Second // for processes to go after KILL
	killPoll = 20 * time.Millisecond
)

// Kill ends the run in dir and everything that carries its id, and returns when nothing
// of it is left, the run's own process and a launcher that is at work included. The run
// is asked first, which lets it write its end record and, if it has begun to change
// something, put back what was there; what is still there after a few seconds is ended
// by force. A run that was not started is kept from
// starting. What could not be ended is named in the error.
func Kill(ctx context.Context, dir string) error {
	f := folder(dir)
	if !exists(dir) {
		// A launcher may be on the way. It is ended before it gets anywhere, or has made
		// the folder by then. One that comes later finds the name taken.
		if err := f.bury(); err != nil {
			return fmt.Errorf("kill run: %w", err)
		}
		if err := f.killRest(ctx, Identity{}); err != nil || !exists(dir) {
			return err
		}
	}
	if first, err := mark(f.started()); err != nil {
		return fmt.Errorf("kill run: %w", err)
	} else if first {
		_ = os.Remove(f.script()) // holds secrets that nobody will read any more
	}
	identity, err := f.awaitIdentity(ctx)
	if err != nil {
		return fmt.Errorf("kill run: %w", err)
	}
	if err := f.end(ctx, identity); err != nil {
		return fmt.Errorf("kill run: %w", err)
	}
	err = f.killRest(ctx, identity)
	f.dropPart()
	if identity.PID == 0 {
		_ = os.Remove(f.script()) // a launcher may have written it just before its end
	}
	return err
}

// awaitIdentity waits while a run is just about to say who it is.
func (f folder) awaitIdentity(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, endWait)
	defer cancel()
	for {
		s, err := Inspect(string(f))
		if err != nil || s.State != StateRunning || s.Identity.PID != 0 {
			return s.Identity, err
		}
		if pause(ctx, killPoll) != nil {
			return Identity{}, nil // by its cookie it is found all the same
		}
	}
}

// end asks the run to end and waits until it has, or has had its time.
func (f folder) end(ctx context.Context, i Identity) error {
	if !i.alive() {
		return nil
	}
	stat{pid: i.PID, started: i.Started}.signal(unix.SIGTERM)
	limit := endWait
	if exists(f.restoring()) {
		limit += undoGrace
	}
	for until := time.Now().Add(limit); i.alive() && time.Now().Before(until); {
		if err := pause(ctx, killPoll); err != nil {
			return err
		}
	}
	return nil
}

// killRest ends by force what carries the run's id. A process that is just becoming
// another program shows neither environment nor arguments, so that it takes two looks
// that find nothing, and nobody who holds the run's lock.
func (f folder) killRest(ctx context.Context, i Identity) error {
	clean := 0
	for until := time.Now().Add(goneWait); ; {
		rest := f.rest(i)
		if clean++; len(rest) > 0 || locked(f.running()) {
			clean = 0
		}
		if clean == 2 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("kill run: still there: %s", names(rest))
		}
		if len(rest) > 0 {
			f.killScope(ctx)
		}
		for _, p := range rest {
			p.signal(unix.SIGKILL)
		}
		if err := pause(ctx, killPoll); err != nil && clean == 0 {
			return fmt.Errorf("kill run: %w: still there: %s", err, names(rest))
		}
	}
}

// rest finds the processes of the run: its launchers, those with its cookie, and as long
// as the run itself lives those of its session. Without it, the number of the session
// may be another's by now.
func (f folder) rest(i Identity) []stat {
	alive := i.alive()
	id := f.id()
	return processes(func(s stat) bool {
		return alive && s.session == i.PID || hasCookie(s.pid, id) || launches(s.pid, id)
	})
}

func (f folder) killScope(ctx context.Context) {
	if !exists("/run/systemd/system") {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	// There may be no such scope, which is no fault: the cookies are what counts.
	_ = exec.CommandContext(ctx, "systemctl", "kill", "--signal=KILL", scopeName(f.id())+".scope").Run()
}

func names(rest []stat) string {
	if len(rest) == 0 {
		return "the holder of its lock, who is not to be seen by this user"
	}
	var text []string
	for _, s := range rest {
		text = append(text, fmt.Sprintf("process %d (%s, state %c)", s.pid, s.name, s.state))
	}
	return strings.Join(text, ", ")
}
