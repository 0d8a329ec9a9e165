package run_test

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestString holds what a person sees of a script with everything in it, and that no
// secret is in that.
func TestString(t *testing.T) {
	t.Parallel()
	s := run.Script{Dir: "/d/databases/x", Steps: []run.Step{
		{Name: "dump", Title: "Dumping.", Argv: []string{"docker", "exec", "x", "dump"}, Timeout: time.Hour,
			Output: &run.Output{Name: "dump", Path: "/d/backups/x.gz", Gzip: true}},
		{Name: "plain", Title: "Dumping as it comes.", Argv: []string{"dump"}, Output: &run.Output{Name: "plain", Path: "/d/backups/x"}},
		{Name: "put", Title: "Uploading.", Retries: 2, Object: &run.Object{Put: "k/x.gz", Path: "/d/backups/x.gz", Name: "copy", Endpoint: "https://s3.test",
			Region: "eu", Bucket: "b", Access: "AKIA", Secret: "s3cret"}},
		{Name: "get", Object: &run.Object{Get: "k/x.gz", Path: "/d/backups/x.gz", Endpoint: "https://s3.test", Region: "eu", Bucket: "b", Access: "AKIA", Secret: "s3cret"}},
		{Name: "forget", Always: true, Object: &run.Object{Delete: []string{"k/1", "k/2"}, Endpoint: "https://s3.test", Region: "eu", Bucket: "b", Access: "AKIA", Secret: "s3cret"}},
		{Name: "ports", Title: "Looking for ports.", Ports: &run.Ports{Project: "x", Ports: []int{5432, 80}}},
		{Name: "files", Files: []run.File{{Path: "p", Mode: 0o644, Content: "s3cret"}, {Path: "q", Check: true}}},
		{Name: "start", MayFail: true, Hidden: true, Argv: []string{"up"}, Env: map[string]string{"B": "s3cret", "A": "s3cret"}, Stdin: "s3cret"},
		{Name: "verify", Watch: &run.Watch{Project: "x", Limit: time.Minute, Expect: []run.Expect{
			{Service: "x", Replicas: 1, Ready: []string{"ask", "version"}}, {Service: "x-proxy", Replicas: 1}}}},
		{Name: "restore", Argv: []string{"load"}, Input: &run.Input{Path: "/d/backups/x.gz", Gunzip: true, SHA256: "abc"}},
		{Name: "load", Argv: []string{"load"}, Input: &run.Input{Path: "/d/backups/x"}},
		{Name: "look", Spares: "build", Argv: []string{"docker", "image", "inspect", "x"}},
		{Name: "build", Group: "build", Prepares: true, Argv: []string{"docker", "build"}},
		{Name: "message", Answer: "commit", Argv: []string{"git", "log"}},
		{Name: "hook", MayFail: true, Tells: true, Argv: []string{"hook"}},
		{Name: "verify", Watch: &run.Watch{Project: "x", Expect: []run.Expect{{Service: "x", Replicas: 1, Stays: true, Attempts: true,
			HTTP: &run.HTTP{Host: "localhost", Port: 3000, Path: "/up", Text: "ok", Start: time.Second}}}}},
		{Name: "back", OnFailure: true, Delete: []string{"/d/databases/x/new"}},
	}}
	text := s.String()
	if strings.Contains(text, "s3cret") {
		t.Error("a secret is shown")
	}
	const path = "testdata/script.golden"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
