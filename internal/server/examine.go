package server

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// examineTools looks for what deployments need on this machine.
func examineTools(ctx context.Context) []Finding {
	const docker = "Install Docker Engine and its Compose plugin, or let 'taffrail servers validate localhost --install' do it."
	return []Finding{
		examineTool(ctx, "docker", "Start Docker (systemctl start docker) and run as root or in the group docker; without Docker: "+docker,
			"docker", "version", "--format", "{{.Server.Version}}"),
		examineTool(ctx, "compose", docker, "docker", "compose", "version", "--short"),
		examineTool(ctx, "git", "Install git (apt-get install git); only applications from git need it.", "git", "--version"),
	}
}

func examineTool(ctx context.Context, what, mend string, argv ...string) Finding {
	ctx, cancel := context.WithTimeout(ctx, examineLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	said := strings.TrimSpace(string(out))
	if err == nil {
		return Finding{What: what, State: Fine, Detail: said}
	}
	if said == "" {
		said = err.Error()
	}
	line, _, _ := strings.Cut(said, "\n")
	return Finding{What: what, State: Warning, Detail: line, Mend: mend}
}

// examineServers contacts every server of every team that this controller looks after.
func examineServers(ctx context.Context, db *sqlstore.DB, o Options) []Finding {
	team, _, err := db.EnsureRoot(ctx)
	if err != nil {
		return []Finding{{What: "servers", State: Broken, Detail: message(err)}}
	}
	servers, err := db.ListServers(ctx, team.RowID)
	if err != nil {
		return []Finding{{What: "servers", State: Broken, Detail: message(err)}}
	}
	options := hostOptions(db, o)
	options.Pin = func(context.Context, core.Server, string) error { return nil } // looking changes nothing
	pool := host.NewPool(options)
	defer pool.Close()
	findings := make([]Finding, len(servers))
	for i, s := range servers {
		findings[i] = examineServer(ctx, machines{pool}, s)
	}
	return findings
}

func examineServer(ctx context.Context, m machines, s core.Server) Finding {
	ctx, cancel := context.WithTimeout(ctx, examineLimit)
	defer cancel()
	f := Finding{What: "server " + s.Name, State: Fine}
	facts, err := m.Probe(ctx, s)
	if err != nil {
		f.State, f.Detail, f.Mend = Broken, message(err), "Mend it, then: taffrail servers validate "+s.Name
		return f
	}
	f.Detail = fmt.Sprintf("%s, docker %s, compose %s", facts.OS, facts.DockerVersion, facts.ComposeVersion)
	if facts.DiskTotal > 0 && facts.DiskFree < lowDisk {
		f.State, f.Mend = Warning, fmt.Sprintf("Only %d MiB of disk are left on it: docker system prune", facts.DiskFree>>20)
	}
	return f
}
