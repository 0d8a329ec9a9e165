package docker_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/docker"
	"github.com/taffrail/taffrail/internal/host"
)

// purge makes a host one without Docker again.
const purge = `export DEBIAN_FRONTEND=noninteractive
command -v docker >/dev/null || exit 0
service docker stop >/dev/null 2>&1
sudo -n apt-get purge -y -q docker.io docker-cli docker-compose docker-buildx containerd runc >/dev/null 2>&1
sudo -n pkill -x dockerd; sudo -n gpasswd -d deploy docker >/dev/null 2>&1; true`

func TestInstallOnABareServer(t *testing.T) {
	t.Parallel()
	p, s := pool(t), server(t, "_BARE", "deploy")
	h := open(t, p, s)
	must(t, h, "sh", "-c", purge)
	p.Forget(s.RowID)
	h = open(t, p, s)
	facts, err := docker.Probe(t.Context(), h, s.Settings.RemoteDir)
	if host.FaultOf(err) != host.FaultNoDocker || !facts.Reachable || facts.Usable {
		t.Fatalf("before: %+v %v", facts, err)
	}
	t.Cleanup(func() {
		late, err := p.Get(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		must(t, late, "sh", "-c", purge)
	})
	var log bytes.Buffer
	if err := docker.Install(t.Context(), h, &log); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for _, part := range []string{"Fetching the lists of packages.", "Setting up docker.io", "Starting Docker."} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("%q was not said", part)
		}
	}
	p.Forget(s.RowID) // the group counts from the next login on
	h = open(t, p, s)
	facts, err = docker.Probe(t.Context(), h, s.Settings.RemoteDir)
	if err != nil || !facts.Usable {
		t.Fatalf("after: %+v %v\n%s", facts, err, log.String())
	}
	t.Logf("Docker %s, Compose %s", facts.DockerVersion, facts.ComposeVersion)
}

func TestInstallNeedsToBeRoot(t *testing.T) {
	t.Parallel()
	s := server(t, "_BARE", "nodocker")
	err := docker.Install(t.Context(), open(t, pool(t), s), &bytes.Buffer{})
	if host.FaultOf(err) != host.FaultPermission {
		t.Error(err)
	}
}

func TestInstallOnOtherSystems(t *testing.T) {
	t.Parallel()
	f := fake{answers: map[string]host.Result{"id": out("root"), "cat /etc/os-release": out("ID=alpine\nPRETTY_NAME=\"Alpine Linux\"")}}
	err := docker.Install(t.Context(), f, &bytes.Buffer{})
	if host.FaultOf(err) != host.FaultNoDocker || !strings.Contains(err.Error(), "on Debian and Ubuntu only, and this is Alpine Linux") {
		t.Error(err)
	}
}
