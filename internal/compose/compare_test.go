package compose_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	before := []run.File{
		{Path: "docker-compose.yml", Content: "services:\n  web:\n    image: nginx:1\n    command: [serve, -v]\n    environment: {TOKEN: old, SAME: x}\n    labels: [\"a=1\", \"b=2\"]\n  gone: {image: x}\nvolumes: {data: {}}\n"},
		{Path: ".env", Content: "# made by us\nPASSWORD=one\nKEPT=a=b\n"},
		{Path: "conf/app.conf", Mode: 0o600, Content: "secret"}, {Path: "link", Check: true}, {Path: "data", IsDir: true},
	}
	after := []run.File{
		{Path: "docker-compose.yml", Content: "services:\n  web:\n    image: nginx:2\n    command: [serve]\n    environment: {TOKEN: new, SAME: x}\n    labels: [\"b=3\", \"a=1\"]\n    mem_limit: 64m\nvolumes: {data: {}}\n"},
		{Path: ".env", Content: "PASSWORD=two\nKEPT=a=b\nMORE=1\n"},
		{Path: "conf/app.conf", Mode: 0o644, Content: "secret"},
	}
	want := []core.Change{
		{What: "file conf/app.conf", How: "changed"},
		{What: "gone.image", How: "removed", Old: "x"},
		{What: "variable MORE", How: "added"},
		{What: "variable PASSWORD", How: "changed"},
		{What: "web.command", How: "changed", Old: `["serve","-v"]`, New: `["serve"]`},
		{What: "web.environment.TOKEN", How: "changed"},
		{What: "web.image", How: "changed", Old: "nginx:1", New: "nginx:2"},
		{What: "web.labels.b", How: "changed"},
		{What: "web.mem_limit", How: "added", New: "64m"},
	}
	if diff := cmp.Diff(want, compose.Compare(before, after)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := compose.Compare(before, before); len(got) != 0 {
		t.Errorf("of the same: %+v", got)
	}
	broken := []run.File{{Path: "docker-compose.yml", Content: "services: ["}}
	if got := compose.Compare(broken, nil); len(got) != 1 || got[0].What != "file docker-compose.yml" || got[0].Old != "" {
		t.Errorf("of a broken file: %+v", got)
	}
}
