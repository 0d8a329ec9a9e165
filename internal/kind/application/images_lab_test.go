package application_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// named are the names that images of the application have on the host.
func (b *bench) named(registry string) []string {
	b.Helper()
	own := b.run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", b.project())
	pushed := b.run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", registry)
	return slices.Sorted(slices.Values(strings.Fields(own + " " + pushed)))
}

// unnamed are the ids of the images that have lost their name.
func (b *bench) unnamed() []string {
	b.Helper()
	return strings.Fields(b.run("docker", "image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true", "--filter", "label=taffrail.application.uuid="+b.project()))
}

// TestImagesThatStay: those of deployments that can be brought back stay, by their name in
// the registry too, and also when they have none any more; all others go. A push that
// fails may be tried again, and builds nothing again.
func TestImagesThatStay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	registry := "ghcr.io/test/" + string(b.Application.UUID)
	keep := func(n int) { b.Kept = b.Kept[:min(n, len(b.Kept))] } // as the store does
	tag := func(d core.Deployment) []string {
		for image := range d.Config.Digests {
			_, tag, _ := strings.Cut(image, ":")
			return []string{image, registry + ":" + tag}
		}
		t.Fatal("nothing ran")
		return nil
	}
	expect := func(what string, list ...core.Deployment) {
		t.Helper()
		var want []string
		for _, d := range list {
			want = append(want, tag(d)...)
		}
		slices.Sort(want)
		if got := b.named(registry); !slices.Equal(got, want) {
			t.Errorf("%s there are %v, want %v", what, got, want)
		}
	}
	commit := b.commit("one", version("one"))
	b.Application.Build.ImageName = "127.0.0.1:1/test/nobody"
	out, _ := b.deploy(b.deployment(core.VerbDeploy, commit))
	if out.end.State != run.StateFailed || out.end.Step != "push" || len(b.containers()) != 0 {
		t.Fatalf("pushed to nobody: %+v\n%s", out.end, out.log)
	}
	b.Application.Build.ImageName = registry
	out, one := b.good(b.deployment(core.VerbDeploy, commit))
	if slices.Contains(out.steps, "build") || !slices.Contains(out.steps, "push") {
		t.Errorf("tried again: %v", out.steps)
	}
	keep(1)
	_, two := b.good(b.deployment(core.VerbDeploy, b.commit("two", version("two"))))
	keep(1)
	expect("behind the second", one, two)
	_, three := b.good(b.deployment(core.VerbDeploy, b.commit("three", version("three"))))
	b.Kept = []core.Deployment{three, one} // somebody pinned the first
	expect("behind the third", two, three)

	// Built anew, the third gives its name away, and stays as long as it may be wanted.
	old := b.run("docker", "image", "inspect", "-f", "{{.Id}}", tag(three)[0])
	changed := version("three", "RUN date +%N >/www/built")
	again := b.deployment(core.VerbDeploy, b.commit("again", changed))
	_, four := b.good(again)
	first := b.run("docker", "image", "inspect", "-f", "{{.Id}}", tag(four)[0])
	force := b.deployment(core.VerbDeploy, again.Revision.Commit)
	force.Options.Force = true
	b.Kept = []core.Deployment{four, three}
	b.good(force)
	if got := b.unnamed(); !slices.Contains(got, first) || b.run("docker", "image", "inspect", "-f", "{{.Id}}", tag(three)[0]) != old {
		t.Errorf("an image without a name that may be wanted is gone: %v", got)
	}
	b.Kept = b.Kept[:1]
	b.good(b.deployment(core.VerbDeploy, b.commit("five", version("five"))))
	if got := b.unnamed(); len(got) != 0 {
		t.Errorf("images without a name: %v", got)
	}
}

// TestBuildsThatCannotBe: a build that hangs is ended, with what it runs on the host, and
// says so; one that finds no space says that.
func TestBuildsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("docker", "network", "create", b.Destination.Network) // nothing here gets as far as that
	b.Server.Settings.DynamicTimeout = 20
	out, _ := b.deploy(b.deployment(core.VerbDeploy, b.commit("hangs", version("one", "RUN echo hanging && sleep 98743"))))
	if out.end.State != run.StateFailed || out.end.Reason != `Step "build" failed: the run took longer than its limit of 20s.` || !strings.Contains(out.log, "hanging") {
		t.Errorf("%+v\n%s", out.end, out.log)
	}
	if got := b.run("sh", "-c", "pgrep -f 'sleep 9874[3]' || true"); got != "" {
		t.Errorf("the build still runs: %s", got)
	}
	b.Server.Settings.DynamicTimeout = 600
	full := "RUN --mount=type=tmpfs,target=/t,size=65536 dd if=/dev/zero of=/t/f bs=1M count=3"
	out, _ = b.deploy(b.deployment(core.VerbDeploy, b.commit("full", version("one", full))))
	if out.end.Step != "build" || !strings.Contains(out.log, "No space left on device") {
		t.Errorf("%+v\n%s", out.end, out.log)
	}
}
