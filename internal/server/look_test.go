package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
)

func TestParseListing(t *testing.T) {
	t.Parallel()
	const text = "one|web|False|c3|p-web-2|running|Up 3 minutes (healthy)\n" +
		"one|web|False|c2|p-web-1,other/alias|running|Up 2 hours (unhealthy)\n" +
		"one|db|False|c1|p-db-1|exited|Exited (137) 5 minutes ago\n" +
		"one|db|True|c9|p-db-run-1|running|Up 3 minutes\n" +
		"two|a|False|c4|a|restarting|Restarting (2) 3 seconds ago\n" +
		"two|b|False|c5|b|running|Up Less than a second (health: starting)\n" +
		"two|c|False|c6|c|created|Created\n" +
		"two|d|False|c7|d|paused|Up 4 minutes (Paused)\n" +
		"two|e|False|c8|e|exited|Exited (0) | About an hour ago\n"
	got, err := parseListing([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := map[core.ID][]core.Container{
		"one": {
			{Service: "db", ID: "c1", Name: "p-db-1", State: "exited", ExitCode: 137},
			{Service: "web", ID: "c2", Name: "p-web-1", State: "running", Health: "unhealthy"},
			{Service: "web", ID: "c3", Name: "p-web-2", State: "running", Health: "healthy"},
		},
		"two": {
			{Service: "a", ID: "c4", Name: "a", State: "restarting", ExitCode: 2},
			{Service: "b", ID: "c5", Name: "b", State: "running", Health: "starting"},
			{Service: "c", ID: "c6", Name: "c", State: "created"},
			{Service: "d", ID: "c7", Name: "d", State: "paused"},
			{Service: "e", ID: "c8", Name: "e", State: "exited"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
	if got, err := parseListing(nil); err != nil || len(got) != 0 {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	if _, err := parseListing([]byte("Welcome!\n")); err == nil {
		t.Error("a line that is no container is passed over")
	}
}
