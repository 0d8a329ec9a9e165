package application

import (
	"path"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

const groupProxy = "proxy"

// The scripts about the proxy. Some proxies have files that say where requests go; what
// was in them before is known on the server alone.
const (
	// absentScript exits with 0 when there is no proxy.
	absentScript = `docker container inspect --format '{{.State.Status}}' "$1" 2>/dev/null | grep -q running && exit 1
echo "The proxy does not run on this server, so nobody reaches the application by its domains. Start the proxy."`
	// roomScript deletes files from $2 on that do not lead to container $1.
	roomScript = `old=$1
shift
for f in "$@"; do
  [ ! -e "$f" ] || grep -q -F -e "$old:" -- "$f" || rm -f -- "$f"
done`
	// keepScript copies files from $2 on into folder $1, which is there only when it is whole.
	keepScript = `to=$1
shift
mkdir -p -- "$to.part"
for f in "$@"; do
  [ ! -e "$f" ] || cp -p -- "$f" "$to.part/" || exit
done
mv -- "$to.part" "$to"`
	// backScript puts them back, if they were copied: all at once, and those that were not
	// there go.
	backScript = `from=$1
shift
[ -d "$from" ] || exit 0
for f in "$@"; do
  if [ -e "$from/${f##*/}" ]; then mv -- "$from/${f##*/}" "$f"; else rm -f -- "$f"; fi
done
rm -rf -- "$from"`
)

// rollout is the change as the proxy sees it.
func (p *planner) rollout(s *setup, n next) proxy.Rollout {
	r := proxy.Rollout{
		Kind: p.kind(), Dir: compose.Folder(p.LoadedApplication.Server, proxy.Folder, ""), Input: p.routes(s, p.d.RowID, n.container), New: n.container,
	}
	if len(n.old) > 0 {
		r.Old = n.old[0].Name
	}
	return r
}

// room makes room for the routes of the new container: what a roll-out long ago left is in
// the way, what leads to the old container is not.
func (p *planner) room(s *setup, n next) ([]run.Step, error) {
	r := p.rollout(s, n)
	steps, err := r.Prepare()
	for i := range steps {
		steps[i].Prepares = true
		if r.Old != "" {
			steps[i].Argv = append([]string{"sh", "-c", roomScript, "sh", r.Old}, steps[i].Delete...)
			steps[i].Delete = nil
		}
	}
	return steps, err
}

// admit waits until the proxy sends requests to the new container. back are the steps
// behind a failure that send them to the old one again, done tidies up when all is well.
func (p *planner) admit(s *setup, n next) (steps, back, done []run.Step, err error) {
	list, err := p.rollout(s, n).Admit()
	if err != nil || len(list) == 0 {
		return nil, nil, nil, err
	}
	steps = []run.Step{{
		Name: "proxy", Title: "Looking for the proxy.", Spares: groupProxy, Argv: []string{"sh", "-c", absentScript, "sh", proxy.Container},
	}}
	folder := path.Join(p.dir, ".routes-"+n.service)
	for _, one := range list {
		var files []string
		for _, f := range one.Files {
			files = append(files, f.Path)
		}
		one.Group = groupProxy
		if len(files) > 0 {
			keep := run.Step{
				Name: "keep-routes", Title: "Noting where requests go.", Hidden: true, Group: groupProxy,
				Argv: append([]string{"sh", "-c", keepScript, "sh", folder}, files...),
			}
			steps = append(steps, keep)
			back = append(back, late(run.Step{
				Name: "undo-switch", Title: "Sending requests where they went before.", Hidden: true,
				Argv: append([]string{"sh", "-c", backScript, "sh", folder}, files...),
			}))
			done = append(done, run.Step{Name: "tidy", Title: "Tidying up.", Hidden: true, MayFail: true, Group: groupProxy, Delete: []string{folder}})
		}
		steps = append(steps, one)
	}
	return steps, back, done, nil
}

// drain waits until the old containers have answered what they were asked.
func (p *planner) drain(s *setup, n next) ([]run.Step, error) {
	var out []run.Step
	r := p.rollout(s, n)
	for _, c := range n.old {
		r.Old = c.Name
		steps, err := r.Drain()
		if err != nil {
			return nil, err
		}
		for _, one := range steps {
			one.Group = groupProxy
			out = append(out, one)
		}
	}
	return out, nil
}
