package host_test

import (
	"testing"

	"github.com/taffrail/taffrail/internal/hosttest"
)

func TestLocal(t *testing.T) {
	t.Parallel()
	s := local(t)
	hosttest.Exercise(t, newDesk(t).open(t, s), s.Settings.RemoteDir)
}

func TestSSH(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, host, user string }{
		{"this machine's sshd", "0", "root"},
		{"stock sshd", "1", "root"},
		{"not root", "1", "deploy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := labServer(t, c.host, c.user)
			hosttest.Exercise(t, newDesk(t).open(t, s), s.Settings.RemoteDir)
		})
	}
}
