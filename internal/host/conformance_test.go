package host_test

import (
	"testing"

	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/hosttest"
)

func TestLocal(t *testing.T) {
	t.Parallel()
	s := local(t)
	hosttest.Exercise(t, newDesk(t).open(t, s), s.Settings.RemoteDir)
}

func TestSSH(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, host, user string
		exercise         func(*testing.T, host.Host, string)
	}{
		// Root's login shell on this machine may take a second, and so would each command.
		{"this machine's sshd", "0", "root", hosttest.Essentials},
		{"stock sshd", "1", "root", hosttest.Exercise},
		{"not root", "1", "deploy", hosttest.Exercise},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := labServer(t, c.host, c.user)
			c.exercise(t, newDesk(t).open(t, s), s.Settings.RemoteDir)
		})
	}
}
