package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

// builds is how often an application is built with Taffrail and without.
const builds = 3

// site is what applications are measured with: a host of the lab, which both ways reach
// over SSH, and a repository of the lab's git server, with another commit for each build.
type site struct {
	*bench
	key, host, port string
	name, bare      string
	work            string
	application     string
	commits         int
}

// applications compares a deployment from git with the three commands that it stands for.
func (b *bench) applications(ctx context.Context, _ string) (rows []row, err error) {
	work, err := os.MkdirTemp("", "taffrail-bench-")
	if err != nil {
		return nil, err
	}
	s := &site{bench: b, key: os.Getenv("TAFFRAIL_LAB_SSH_KEY"), work: work}
	if s.host, s.port, err = net.SplitHostPort(os.Getenv("TAFFRAIL_LAB_HOST1")); err != nil {
		return nil, fmt.Errorf("applications are built on a host of the lab: %w; run: lab/up.sh test", err)
	}
	defer s.clean(context.WithoutCancel(ctx))
	if err := s.repository(ctx); err != nil {
		return nil, err
	}
	if err := s.create(ctx); err != nil {
		return nil, err
	}
	building, err := s.building(ctx)
	if err != nil {
		return nil, err
	}
	again, err := s.again(ctx)
	return append(building, again...), err
}

// dockerfile takes eight seconds to build, which it does not spend on computing: the
// figures are to tell what Taffrail adds, not how busy the machine is.
const dockerfile = `FROM alpine:3
COPY www /www
RUN sleep 8 && cp /www/index.html /www/built.html
STOPSIGNAL SIGKILL
CMD ["httpd", "-f", "-p", "3000", "-h", "/www"]
`

// repository makes an empty one where the lab's git server finds it.
func (s *site) repository(ctx context.Context) error {
	s.name = fmt.Sprintf("bench-%d", os.Getpid())
	s.bare = filepath.Join(filepath.Dir(filepath.Dir(s.key)), "git", s.name+".git")
	for _, argv := range [][]string{{"git", "init", "--quiet", "--bare", "-b", "main", s.bare}, {"git", "clone", "--quiet", s.bare, "."}, {"mkdir", "www"}} {
		if err := s.command(ctx, argv...); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(s.work, "Dockerfile"), []byte(dockerfile), 0o600)
}

// commit changes what is copied, so that nothing that was built before is of use.
func (s *site) commit(ctx context.Context) error {
	s.commits++
	if err := os.WriteFile(filepath.Join(s.work, "www", "index.html"), []byte(s.name+" "+strconv.Itoa(s.commits)), 0o600); err != nil {
		return err
	}
	for _, argv := range [][]string{
		{"git", "add", "--all"}, {"git", "-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "--quiet", "-m", "another"},
		{"git", "push", "--quiet", "origin", "HEAD:refs/heads/main"},
	} {
		if err := s.command(ctx, argv...); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) command(ctx context.Context, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = s.work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", argv, err, out)
	}
	return nil
}

// create makes the host a server and the repository an application.
func (s *site) create(ctx context.Context) error {
	key, err := os.ReadFile(s.key)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(s.port)
	if err != nil {
		return err
	}
	known, err := s.CreateKey(ctx, api.KeyCreate{Name: "lab", PrivateKey: string(key)})
	if err != nil {
		return err
	}
	server, err := s.CreateServer(ctx, api.ServerCreate{Name: "lab", IP: s.host, Port: &port, PrivateKeyUUID: known.UUID, ProxyType: "none"})
	if err != nil {
		return err
	}
	dir := s.dir()
	if _, err := s.UpdateServer(ctx, server.UUID, api.ServerUpdate{RemoteDir: &dir}); err != nil {
		return err
	}
	if _, err := s.ValidateServer(ctx, server.UUID, api.ValidateRequest{}); err != nil {
		return err
	}
	url, branch, pack, ports, lfs := "https://git.lab/git/"+s.name+".git", "main", "dockerfile", "3000", false
	r := api.ApplicationCreate{ProjectUUID: s.project, EnvironmentName: "production", ServerUUID: server.UUID}
	r.GitRepository, r.GitBranch, r.BuildPack, r.Ports = &url, &branch, &pack, &ports
	r.LFS, r.Submodules = &lfs, &lfs
	made, err := s.CreateApplication(ctx, client.FromPublic, r)
	s.application = made.UUID
	return err
}

func (s *site) dir() string { return "/tmp/taffrail-" + s.name }

// ssh runs a fixed script on the host and returns what it prints.
func (s *site) ssh(ctx context.Context, script string) (string, error) {
	cmd := exec.CommandContext(ctx, "ssh", "-i", s.key, "-p", s.port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "LogLevel=ERROR", "root@"+s.host, "set -e\nname="+s.name+"\n"+script)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("on the host: %w\n%s", err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// plain is the time of the three commands by the host's own clock: no connection is made
// in it.
func (s *site) plain(ctx context.Context) (time.Duration, error) {
	if err := s.commit(ctx); err != nil {
		return 0, err
	}
	out, err := s.ssh(ctx, `began=$(date +%s%N)
git clone --quiet --depth 1 "https://git.lab/git/$name.git" "/tmp/$name" >&2
docker build --quiet --tag "$name" "/tmp/$name" >&2
docker run --detach --name "$name" "$name" >&2
echo $(($(date +%s%N) - began))
docker rm --force "$name" >&2
rm -rf "/tmp/$name"`)
	if err != nil {
		return 0, err
	}
	took, err := strconv.ParseInt(out, 10, 64)
	return time.Duration(took), err
}

// deployed is a deployment as whoever asks for it sees it.
type deployed struct {
	reply   time.Duration // of POST /deploy, which asks the repository for the commit
	first   time.Duration // until the first line of its log is here
	healthy time.Duration // until the new container was well
	all     time.Duration
}

func (s *site) deploy(ctx context.Context) (deployed, error) {
	var out deployed
	began := time.Now()
	reply, err := s.Deploy(ctx, api.DeployRequest{UUID: s.application})
	if err != nil {
		return out, err
	}
	out.reply = time.Since(began)
	uuid := reply.Deployments[0].DeploymentUUID
	if err := s.run(ctx, uuid, func(api.LogLine) {
		if out.first == 0 {
			out.first = time.Since(began)
		}
	}); err != nil {
		return out, err
	}
	out.all = time.Since(began)
	steps, err := s.ListSteps(ctx, uuid)
	for _, step := range steps {
		if step.Name == "verify" {
			out.healthy = step.EndedAt.Sub(began)
		}
	}
	return out, err
}

// building compares builds of commits that are new to both.
func (s *site) building(ctx context.Context) ([]row, error) {
	var plain, ours []time.Duration
	if _, err := s.plain(ctx); err != nil { // brings the images that are built upon
		return nil, err
	}
	for range builds {
		d, err := s.plain(ctx)
		if err != nil {
			return nil, err
		}
		plain = append(plain, d)
		if err := s.commit(ctx); err != nil {
			return nil, err
		}
		with, err := s.deploy(ctx)
		if err != nil {
			return nil, err
		}
		ours = append(ours, with.all)
	}
	p := median(plain)
	limit := time.Duration(1.1*float64(p)) + time.Second
	return []row{
		{"git clone && docker build && docker run (median)", ms(p), ""},
		{"the same application deployed (median)", ms(median(ours)), "<= " + ms(limit) + " (1.1 x + 1 s)"},
	}, nil
}

// again deploys what is there already, with a health check.
func (s *site) again(ctx context.Context) ([]row, error) {
	on, second, path := true, 1, "/"
	var u api.ApplicationUpdate
	u.Enabled, u.Path, u.Interval, u.StartPeriod = &on, &path, &second, &second
	if _, err := s.UpdateApplication(ctx, s.application, u); err != nil {
		return nil, err
	}
	var replied, first, healthy, all []time.Duration
	for range rounds {
		d, err := s.deploy(ctx)
		if err != nil {
			return nil, err
		}
		replied, first, healthy, all = append(replied, d.reply), append(first, d.first), append(healthy, d.healthy), append(all, d.all)
	}
	return []row{
		{"POST /deploy to its reply (median)", ms(median(replied)), ""},
		{"POST /deploy to first line of its log (median)", ms(median(first)), "< 300 ms"},
		{"redeployed without a change, to healthy (median)", ms(median(healthy)), "< 3000 ms"},
		{"the same, to finished (median)", ms(median(all)), ""},
	}, nil
}

// clean takes away what was made in the lab.
func (s *site) clean(ctx context.Context) {
	_ = os.RemoveAll(s.work)
	_ = os.RemoveAll(s.bare)
	_, _ = s.ssh(ctx, `docker ps -aq --filter "label=taffrail.application.uuid=`+s.application+`" | xargs -r docker rm --force
docker image ls --quiet "$name" | xargs -r docker image rm --force
docker image ls --quiet --filter "label=taffrail.application.uuid=`+s.application+`" | xargs -r docker image rm --force
rm -rf "/tmp/$name" "/tmp/taffrail-$name"`)
}
