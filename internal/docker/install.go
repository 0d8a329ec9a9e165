package docker

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

const (
	installLimit = 15 * time.Minute
	installOp    = "install Docker"

	// startScript starts the daemon by whatever starts services there, and waits for it.
	startScript = `docker version >/dev/null 2>&1 && exit 0
if [ -d /run/systemd/system ]; then systemctl enable --now docker
elif command -v service >/dev/null; then service docker start
else echo "nothing here starts services: start dockerd by hand" >&2; exit 1; fi
i=0
until docker version >/dev/null 2>&1; do
	i=$((i + 1)); [ "$i" -le 60 ] || { echo "dockerd was started but does not answer" >&2; exit 1; }
	sleep 0.5
done`
)

// Install installs Docker and the Compose plugin on Debian, Ubuntu and what is made of
// them, from the distribution's packages, or from Docker's own where the distribution
// has no Compose 2. It runs as root or by sudo without a password. What the package
// manager says goes to out. What is there already is left as it is.
//
// A user who is not root is added to the group docker, which takes effect with the
// next connection: forget the kept one before validating.
func Install(ctx context.Context, h host.Host, out io.Writer) error {
	i := &installer{host: h, out: out}
	if err := i.look(ctx); err != nil {
		return err
	}
	if err := i.carryOut(ctx, i.apt("update", "Fetching the lists of packages.", "update")); err != nil {
		return err
	}
	packages, err := i.choose(ctx)
	if err != nil {
		return err
	}
	steps := []run.Step{i.apt("install", "Installing "+strings.Join(packages, ", ")+".",
		append([]string{"install", "-y", "--no-install-recommends", "--"}, packages...)...)}
	steps = append(steps, i.root("start", "Starting Docker.", "sh", "-c", startScript))
	if i.user != "root" {
		steps = append(steps, i.root("group", "Letting "+i.user+" use Docker.", "usermod", "-aG", "docker", "--", i.user))
	}
	return i.carryOut(ctx, steps...)
}

type installer struct {
	host     host.Host
	out      io.Writer
	user     string
	release  map[string]string
	docker   bool // is there already
	composed bool
}

// look finds out what is there and whether we may change it.
func (i *installer) look(ctx context.Context) error {
	who, err := i.run(ctx, "id", "-un")
	if err != nil {
		return err
	}
	i.user = strings.TrimSpace(string(who.Stdout))
	system, err := i.run(ctx, "cat", "/etc/os-release")
	if err != nil {
		return err
	}
	i.release = release(system.Stdout)
	apt, err := i.run(ctx, "apt-get", "--version")
	if err != nil {
		return err
	}
	if family := i.family(); family == "" || apt.ExitCode != 0 {
		return host.NewError(installOp, host.FaultNoDocker, nil,
			"Docker can be installed for you on Debian and Ubuntu only, and this is %s: install Docker 20.10 or newer and the Compose plugin by hand.",
			i.release["PRETTY_NAME"])
	}
	if err := i.mayBecomeRoot(ctx); err != nil {
		return err
	}
	docker, err := i.run(ctx, "docker", "--version")
	if err != nil {
		return err
	}
	compose, err := i.run(ctx, "docker", "compose", "version", "--short")
	i.docker = docker.ExitCode == 0
	v, versionErr := parseVersion(strings.TrimSpace(string(compose.Stdout)))
	i.composed = i.docker && versionErr == nil && v.atLeast(minComposeMajor, 0)
	return err
}

// family is the distribution whose packages fit.
func (i *installer) family() string {
	names := append([]string{i.release["ID"]}, strings.Fields(i.release["ID_LIKE"])...)
	for _, name := range []string{"ubuntu", "debian"} {
		if slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

func (i *installer) mayBecomeRoot(ctx context.Context) error {
	if i.user == "root" {
		return nil
	}
	res, err := i.run(ctx, "sudo", "-n", "true")
	if err == nil && res.ExitCode != 0 {
		return host.NewError(installOp, host.FaultPermission, fmt.Errorf("exit code %d: %s", res.ExitCode, res.Stderr),
			"The user %s may not install programs: use root, or allow sudo without a password.", i.user)
	}
	return err
}

func (i *installer) run(ctx context.Context, argv ...string) (host.Result, error) {
	return i.host.Run(ctx, host.Command{Argv: argv})
}

// choose picks the packages that give what is missing.
func (i *installer) choose(ctx context.Context) ([]string, error) {
	found, err := i.candidates(ctx)
	if err != nil {
		return nil, err
	}
	var packages []string
	if !i.docker {
		packages = append(packages, "docker.io", "ca-certificates")
		// Newer releases have the client apart.
		packages = append(packages, found.known("docker-cli")...)
	}
	if i.composed {
		return packages, nil
	}
	compose := found.compose()
	if compose == "" {
		if err := i.addRepository(ctx); err != nil {
			return nil, err
		}
		if found, err = i.candidates(ctx); err != nil {
			return nil, err
		}
		if compose = found.compose(); compose == "" {
			return nil, noCompose(nil)
		}
	}
	packages = append(packages, compose)
	return append(packages, found.first("docker-buildx", "docker-buildx-plugin")...), nil
}

func noCompose(cause error) error {
	return host.NewError(installOp, FaultNoCompose, cause,
		"Neither the distribution of this server nor download.docker.com gave a package of Docker Compose 2: install the Compose plugin by hand.")
}

// candidates are the versions of packages that could be installed.
type candidates map[string]version

func (i *installer) candidates(ctx context.Context) (candidates, error) {
	res, err := i.run(ctx, "apt-cache", "policy", "docker-cli", "docker-compose-v2", "docker-compose-plugin",
		"docker-compose", "docker-buildx", "docker-buildx-plugin")
	if err != nil {
		return nil, err
	}
	return parsePolicy(string(res.Stdout)), nil
}

func parsePolicy(text string) candidates {
	found, name := candidates{}, ""
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, " ") {
			name = strings.TrimSuffix(line, ":")
		}
		if candidate, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok {
			if v, err := parseVersion(candidate); err == nil {
				found[name] = v
			}
		}
	}
	return found
}

func (c candidates) known(name string) []string {
	if _, ok := c[name]; ok {
		return []string{name}
	}
	return nil
}

func (c candidates) first(names ...string) []string {
	for _, name := range names {
		if found := c.known(name); found != nil {
			return found
		}
	}
	return nil
}

// compose is the package that gives "docker compose" in version 2 or newer.
func (c candidates) compose() string {
	for _, name := range []string{"docker-compose-v2", "docker-compose-plugin", "docker-compose"} {
		if v, ok := c[name]; ok && v.atLeast(minComposeMajor, 0) {
			return name
		}
	}
	return ""
}

// addRepository adds Docker's own packages, for distributions without Compose 2.
func (i *installer) addRepository(ctx context.Context) error {
	arch, err := i.run(ctx, "dpkg", "--print-architecture")
	if err != nil {
		return err
	}
	base := "https://download.docker.com/linux/" + i.family()
	suite := i.release["VERSION_CODENAME"]
	if i.family() == "ubuntu" && i.release["UBUNTU_CODENAME"] != "" {
		suite = i.release["UBUNTU_CODENAME"]
	}
	const keyring = "/etc/apt/keyrings/docker.asc"
	source := fmt.Sprintf("deb [arch=%s signed-by=%s] %s %s stable\n", strings.TrimSpace(string(arch.Stdout)), keyring, base, suite)
	list := i.root("repository", "Adding Docker's packages.", "tee", "/etc/apt/sources.list.d/docker.list")
	list.Stdin = source
	err = i.carryOut(ctx,
		i.apt("tools", "Installing what is needed to fetch Docker's key.", "install", "-y", "--no-install-recommends", "ca-certificates", "curl"),
		i.root("keyrings", "Making the folder of keys.", "install", "-d", "-m", "0755", "/etc/apt/keyrings"),
		i.root("key", "Fetching Docker's key.", "curl", "-fsSL", "--max-time", "60", base+"/gpg", "-o", keyring),
		list, i.apt("update", "Fetching the lists of packages again.", "update"))
	if err != nil {
		return noCompose(err)
	}
	return nil
}

// root makes a step that is run as root.
func (i *installer) root(name, title string, argv ...string) run.Step {
	if i.user != "root" {
		argv = append([]string{"sudo", "-n"}, argv...)
	}
	return run.Step{Name: name, Title: title, Argv: argv}
}

func (i *installer) apt(name, title string, args ...string) run.Step {
	step := i.root(name, title, append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q",
		"-o", "DPkg::Lock::Timeout=120"}, args...)...)
	step.Retries = 2
	return step
}

// carryOut runs steps as a detached run, so that a lost connection does not leave a
// package half installed, and copies what they say to out.
func (i *installer) carryOut(ctx context.Context, steps ...run.Step) error {
	script := run.Script{ID: core.NewID(), Dir: "/", Steps: steps, Limit: installLimit}
	if _, err := i.host.Launch(ctx, script); err != nil {
		return err
	}
	end, err := i.follow(ctx, script.ID)
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err != nil {
		_ = i.host.Kill(clean, script.ID)
	}
	_ = i.host.Remove(clean, script.ID)
	if err == nil && end.State != run.StateFinished {
		err = host.NewError(installOp, host.FaultNoDocker, nil, "Installing Docker failed: %s", end.Reason)
	}
	return err
}

// follow copies a run's output over as many connections as it takes.
func (i *installer) follow(ctx context.Context, id core.ID) (run.End, error) {
	var offset int64
	for {
		end, err := i.copy(ctx, id, &offset)
		if end != nil {
			return *end, nil
		}
		if ctx.Err() != nil || !host.Temporary(err) {
			return run.End{}, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return run.End{}, ctx.Err()
		}
	}
}

func (i *installer) copy(ctx context.Context, id core.ID, offset *int64) (*run.End, error) {
	f, err := i.host.Follow(ctx, id, *offset)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	frames := run.NewReader(f, *offset)
	for {
		frame, err := frames.Next()
		if err != nil {
			return nil, err
		}
		*offset = frame.To
		switch frame.Kind {
		case run.FrameEnd:
			return frame.End()
		case run.FrameStepStart:
			start, err := frame.StepStart()
			if err != nil {
				return nil, err
			}
			_, _ = io.WriteString(i.out, start.Title+"\n")
		case run.FrameStdout, run.FrameStderr:
			_, _ = i.out.Write(frame.Data)
		case run.FrameInfo, run.FrameWarning:
			_, _ = fmt.Fprintf(i.out, "%s\n", frame.Data)
		}
	}
}
