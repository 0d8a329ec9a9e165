package database_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/taffrail/taffrail/internal/core"
)

func answering(version string) map[string]string { return map[string]string{string(uuid): version} }

// TestStatus: what is seen of the containers and what is said of it.
func TestStatus(t *testing.T) {
	t.Parallel()
	const db, proxy = string(uuid), string(uuid) + "-proxy"
	running := core.Container{Service: db, State: "running", Health: "healthy"}
	with := func(c core.Container, change func(*core.Container)) core.Container { change(&c); return c }
	starting := with(running, func(c *core.Container) { c.Health = "starting" })
	list := func(l ...core.Container) []core.Container { return l }
	up := core.Container{Service: proxy, State: "running", Health: "healthy"}
	for name, c := range map[string]struct {
		seen   []core.Container
		public bool
		was    string // before, for Sum
		want   string // of Sum
		record string // of a start that finished; empty: the same
	}{
		"healthy":             {seen: list(running), want: "running:healthy"},
		"no health check":     {seen: list(with(running, func(c *core.Container) { c.Health = "" })), want: "running:unknown"},
		"unhealthy":           {seen: list(with(running, func(c *core.Container) { c.Health = "unhealthy" })), want: "running:unhealthy"},
		"nothing":             {want: "exited:unhealthy"},
		"exited":              {seen: list(with(running, func(c *core.Container) { c.State = "exited" })), want: "exited:unhealthy"},
		"crash loop":          {seen: list(with(running, func(c *core.Container) { c.State = "restarting" })), want: "degraded:unhealthy"},
		"starting":            {seen: list(starting), want: "starting:unknown", record: "running:healthy"},
		"starting, proven":    {seen: list(starting), was: "running:healthy", want: "running:healthy"},
		"starting by itself":  {seen: list(with(starting, func(c *core.Container) { c.Restarts = 2 })), was: "running:healthy", want: "starting:unknown"},
		"starting, was down":  {seen: list(starting), was: "degraded:unhealthy", want: "starting:unknown", record: "running:healthy"},
		"proxy up":            {seen: list(running, up), public: true, want: "running:healthy"},
		"proxy starting":      {seen: list(running, with(up, func(c *core.Container) { c.Health = "starting" })), public: true, want: "running:healthy"},
		"proxy down":          {seen: list(running, with(up, func(c *core.Container) { c.State = "exited" })), public: true, want: "degraded:unhealthy"},
		"proxy missing":       {seen: list(running), public: true, want: "degraded:unhealthy"},
		"proxy unhealthy":     {seen: list(running, with(up, func(c *core.Container) { c.Health = "unhealthy" })), public: true, want: "degraded:unhealthy"},
		"proxy left over":     {seen: list(running, with(up, func(c *core.Container) { c.State = "exited" })), want: "running:healthy"},
		"only the proxy":      {seen: list(up), public: true, want: "exited:unhealthy"},
		"neither is up":       {seen: list(with(running, func(c *core.Container) { c.State = "exited" }), with(up, func(c *core.Container) { c.State = "exited" })), public: true, want: "exited:unhealthy"},
		"down, proxy serving": {seen: list(with(running, func(c *core.Container) { c.State = "restarting" }), up), public: true, want: "degraded:unhealthy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, "postgresql")
			if c.public {
				s.public(15432)
			}
			s.start(t)
			got, err := s.kind().Sum(t.Context(), core.Resting{Status: c.was}, c.seen)
			if err != nil || got.Status != c.want || len(got.Parts) > 0 {
				t.Errorf("Sum: %v, %v; want %s", got, err, c.want)
			}
			d := core.Deployment{Verb: core.VerbStart}
			plan := s.mustPlan(t, d, nil)
			s.record(t, ended(t, d, core.StatusFinished, plan), core.Findings{Looked: true, Containers: c.seen, Answers: answering("16.4")})
			want := c.record
			if want == "" {
				want = c.want
			}
			if s.status != want {
				t.Errorf("Record: %s, want %s", s.status, want)
			}
		})
	}
}

// TestStatusIsOfWhatWasDeployed: a proxy that is only set up is not missing yet.
func TestStatusIsOfWhatWasDeployed(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	s.start(t)
	seen := s.running()
	s.public(16379)
	if got, err := s.kind().Sum(t.Context(), core.Resting{}, seen); err != nil || got.Status != "running:healthy" {
		t.Errorf("%v %v", got, err)
	}
	d := core.Deployment{Verb: core.VerbDeploy, Options: core.Options{OnlyProxy: true}}
	plan := s.mustPlan(t, d, seen)
	s.record(t, ended(t, d, core.StatusFinished, plan), core.Findings{Looked: true, Containers: seen})
	if s.status != "degraded:unhealthy" {
		t.Errorf("deployed, and not there: %s", s.status)
	}
}

// TestProvenGoesOn: what answered before counts behind deployments that did not touch it.
func TestProvenGoesOn(t *testing.T) {
	t.Parallel()
	for verb, want := range map[core.Verb]string{core.VerbBackup: "running:healthy", core.VerbRenew: "running:healthy", core.VerbRestart: "starting:unknown"} {
		s := newShelf(t, "redis")
		s.start(t)
		s.loaded.Database.Status = "running:healthy"
		seen := s.running()
		seen[0].Health = "starting"
		s.record(t, core.Deployment{Verb: verb, Status: core.StatusFailed}, core.Findings{Looked: true, Containers: seen})
		if s.status != want {
			t.Errorf("%s: %s, want %s", verb, s.status, want)
		}
		seen[0].Restarts = 1
		if s.record(t, core.Deployment{Verb: verb, Status: core.StatusFailed}, core.Findings{Looked: true, Containers: seen}); s.status != "starting:unknown" {
			t.Errorf("%s, started again by itself: %s", verb, s.status)
		}
	}
}

// TestRecordedRun: what of a deployment's end is kept.
func TestRecordedRun(t *testing.T) {
	t.Parallel()
	const looked, blind = true, false
	for name, c := range map[string]struct {
		verb     core.Verb
		options  core.Options
		status   core.Status
		looked   bool
		answer   string
		silent   bool // nothing at all is written
		hash     bool
		deployed bool
		image    string
		version  string
	}{
		"started":           {core.VerbStart, core.Options{}, core.StatusFinished, looked, "16.4", false, true, true, "postgres:16-alpine", "16.4"},
		"deployed":          {core.VerbDeploy, core.Options{}, core.StatusFinished, looked, "16.4 (Debian)", false, true, true, "postgres:16-alpine", "16.4"},
		"restarted":         {core.VerbRestart, core.Options{}, core.StatusFinished, looked, "16.4", false, true, true, "postgres:16-alpine", "16.4"},
		"says no version":   {core.VerbStart, core.Options{}, core.StatusFinished, looked, "t", false, true, true, "postgres:16-alpine", ""},
		"failed":            {core.VerbStart, core.Options{}, core.StatusFailed, looked, "", false, false, false, "", ""},
		"failed afterwards": {core.VerbStart, core.Options{}, core.StatusFailed, looked, "16.4", false, false, false, "postgres:16-alpine", "16.4"},
		"cancelled":         {core.VerbStart, core.Options{}, core.StatusCancelled, looked, "", false, false, false, "", ""},
		"stopped":           {core.VerbStop, core.Options{}, core.StatusFinished, looked, "", false, false, false, "", ""},
		"nobody looked":     {core.VerbStart, core.Options{}, core.StatusFailed, blind, "", true, false, false, "", ""},
		"only proxy, new":   {core.VerbDeploy, core.Options{OnlyProxy: true}, core.StatusFinished, looked, "", false, false, false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, "postgresql")
			d := core.Deployment{Verb: c.verb, Options: c.options}
			plan := s.mustPlan(t, d, nil)
			found := core.Findings{Looked: c.looked}
			if c.looked {
				found.Containers = s.running()
			}
			if c.answer != "" {
				found.Answers = answering(c.answer)
			}
			s.record(t, ended(t, d, c.status, plan), found)
			if c.silent {
				if s.ran != nil || s.status != "" {
					t.Errorf("recorded %q %v", s.status, s.ran)
				}
				return
			}
			if got := s.hash != "" && s.hash == plan.Hash; got != c.hash || !got && s.hash != "" {
				t.Errorf("hash %q", s.hash)
			}
			if s.ran.Image != c.image || s.ran.Version != c.version || s.ran.Deployed.Empty() == c.deployed {
				t.Errorf("image %q, version %q, deployed %t", s.ran.Image, s.ran.Version, !s.ran.Deployed.Empty())
			}
		})
	}
}

// TestWhatRanIsWhatWasDeployed: settings that were changed while the deployment was under
// way are not what runs.
func TestWhatRanIsWhatWasDeployed(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	d := core.Deployment{Verb: core.VerbStart}
	plan := s.mustPlan(t, d, nil)
	seen := s.running()
	s.loaded.Database.Image = "redis:8"
	s.loaded.Database.Fields["redis_password"] = core.NewSecret("another-one")
	s.record(t, ended(t, d, core.StatusFinished, plan), core.Findings{Looked: true, Containers: seen, Answers: answering("redis_version:7.2.4")})
	if s.ran.Image != "redis:7.2" || s.ran.Version != "7.2.4" || s.hash != plan.Hash {
		t.Errorf("%+v %s", s.ran, s.hash)
	}
	s.loaded.Database.Ran = *s.ran
	undo := step(t, s.mustPlan(t, core.Deployment{Verb: core.VerbDeploy}, seen), "undo")
	if got := content(t, undo, "run/password"); got != password {
		t.Errorf("the password that is put back is %q", got)
	}
}

// TestRecordedBackup: what came of a dump.
func TestRecordedBackup(t *testing.T) {
	t.Parallel()
	dump := core.Artifact{Name: "dump", Path: dumps + "x.sql.gz", Size: 42, SHA256: "abc"}
	upload := core.Artifact{Name: "upload", Path: "ship/a/databases/x", Size: 42}
	good := core.Backup{Status: core.BackupSuccess, Filename: dump.Path, Size: 42, SHA256: "abc", Local: true, Databases: "default"}
	with := func(b core.Backup, change func(*core.Backup)) core.Backup { change(&b); return b }
	for name, c := range map[string]struct {
		change    func(*shelf)
		verb      core.Verb
		status    core.Status
		artifacts []core.Artifact
		want      core.Backup
	}{
		"taken":           {status: core.StatusFinished, artifacts: []core.Artifact{dump}, want: good},
		"by name":         {change: func(s *shelf) { s.loaded.Backup.Databases = "a, b" }, status: core.StatusFinished, artifacts: []core.Artifact{dump}, want: with(good, func(b *core.Backup) { b.Databases = "a, b" })},
		"all":             {change: func(s *shelf) { toS3(s); s.loaded.Backup.S3ID = 0; s.loaded.Schedule.DumpAll = true }, status: core.StatusFinished, artifacts: []core.Artifact{dump}, want: with(good, func(b *core.Backup) { b.Databases = "*" })},
		"uploaded":        {change: toS3, status: core.StatusFinished, artifacts: []core.Artifact{dump, upload}, want: with(good, func(b *core.Backup) { b.Remote = true })},
		"only in S3":      {change: func(s *shelf) { toS3(s); s.loaded.Schedule.DisableLocal = true }, status: core.StatusFinished, artifacts: []core.Artifact{dump, upload}, want: with(good, func(b *core.Backup) { b.Local, b.Remote = false, true })},
		"not pruned":      {change: func(s *shelf) { toS3(s); s.loaded.Schedule.DisableLocal = true }, status: core.StatusFailed, artifacts: []core.Artifact{dump, upload}, want: with(good, func(b *core.Backup) { b.Remote = true })},
		"upload failed":   {change: toS3, status: core.StatusFailed, artifacts: []core.Artifact{dump}, want: with(good, func(b *core.Backup) { b.Message = "The dump is on the server, but not in S3. Step failed." })},
		"failed":          {status: core.StatusFailed, want: core.Backup{Status: core.BackupFailed, Message: "Step failed.", Databases: "default"}},
		"cancelled":       {status: core.StatusCancelled, want: core.Backup{Status: core.BackupFailed, Databases: "default"}},
		"start failed":    {verb: core.VerbDeploy, status: core.StatusFailed, artifacts: []core.Artifact{dump}, want: good},
		"before a start":  {verb: core.VerbDeploy, status: core.StatusFinished, artifacts: []core.Artifact{dump}, want: good},
		"start, no dump":  {verb: core.VerbStart, status: core.StatusFailed, want: core.Backup{Status: core.BackupFailed, Message: "Step failed.", Databases: "default"}},
		"recorded before": {change: func(s *shelf) { s.loaded.Backup.Status = core.BackupSuccess }, status: core.StatusFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, "mariadb")
			s.start(t)
			s.loaded.Backup = &core.Backup{UUID: "bak1", Status: core.BackupRunning, Engine: "mariadb"}
			d := core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "bak1"}}
			if c.verb != "" {
				d.Verb = c.verb
			}
			if c.change != nil {
				c.change(s)
			}
			plan := s.mustPlan(t, d, s.running())
			// Nobody could look at the containers: what is known of the dump is kept all the same.
			s.record(t, ended(t, d, c.status, plan), core.Findings{Artifacts: c.artifacts})
			if c.want.Status == "" {
				if len(s.saved) > 0 {
					t.Errorf("saved %+v", s.saved)
				}
				return
			}
			got := s.saved[len(s.saved)-1]
			if !got.FinishedAt.Equal(noon()) {
				t.Errorf("finished at %s", got.FinishedAt)
			}
			ids := cmpopts.IgnoreFields(core.Backup{}, "UUID", "S3ID", "ScheduleID", "Engine", "FinishedAt")
			if diff := cmp.Diff(c.want, got, ids); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestForgottenBackups: rows say what is still there, by what the plan decided, and only
// when all of it was done.
func TestForgottenBackups(t *testing.T) {
	t.Parallel()
	for _, status := range []core.Status{core.StatusFinished, core.StatusFailed} {
		s := newShelf(t, "mariadb")
		s.start(t)
		s.loaded.Backup = &core.Backup{UUID: "bak1", Status: core.BackupRunning}
		toS3(s)
		s.loaded.Schedule.Local.Amount, s.loaded.Schedule.Remote.Days = 2, 2
		d := core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "bak1"}}
		plan := s.mustPlan(t, d, s.running())
		s.now = s.now.AddDate(0, 0, 5) // a long dump: what expired meanwhile was not deleted
		s.saveFault = map[core.ID]error{"old2": core.NotFound("Backup")}
		s.record(t, ended(t, d, status, plan), core.Findings{Artifacts: []core.Artifact{{Name: "dump", Path: dumps + "x"}}})
		got := map[core.ID]string{}
		for _, b := range s.saved {
			got[b.UUID] = map[bool]string{true: "local", false: ""}[b.Local] + map[bool]string{true: "remote", false: ""}[b.Remote]
		}
		want := map[core.ID]string{"bak1": "local"}
		if status == core.StatusFinished {
			want = map[core.ID]string{"old2": "remote", "old3": "", "bak1": "local"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", status, diff)
		}
	}
}

// TestBackupIsNotLost: when the store is in trouble, Record says so and is called again.
func TestBackupIsNotLost(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	s.start(t)
	s.loaded.Backup = &core.Backup{UUID: "bak1", Status: core.BackupRunning}
	d := core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "bak1"}}
	plan := s.mustPlan(t, d, s.running())
	for _, fault := range []error{core.NotFound("Backup"), errors.New("disk full")} {
		s.saveFault = map[core.ID]error{"bak1": fault}
		if err := s.kind().Record(t.Context(), ended(t, d, core.StatusFinished, plan), core.Findings{}); !errors.Is(err, fault) {
			t.Errorf("got %v", err)
		}
	}
}

// TestRetention: which of the dumps go when another one is taken at noon. They are of
// the days before, newest first, of 1 GB each.
func TestRetention(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r    core.Retention
		want []string
	}{
		"no limit":        {core.Retention{}, nil},
		"amount":          {core.Retention{Amount: 3}, []string{"c", "d", "e"}},
		"only the new":    {core.Retention{Amount: 1}, []string{"a", "b", "c", "d", "e"}},
		"more than there": {core.Retention{Amount: 9}, nil},
		"days":            {core.Retention{Days: 3}, []string{"d", "e"}},
		"storage":         {core.Retention{MaxStorage: 3.5}, []string{"c", "d", "e"}},
		"little storage":  {core.Retention{MaxStorage: 0.5}, []string{"a", "b", "c", "d", "e"}},
		"either of two":   {core.Retention{Amount: 5, Days: 2}, []string{"c", "d", "e"}},
		"all three":       {core.Retention{Amount: 5, Days: 9, MaxStorage: 6}, []string{"e"}},
	} {
		for _, remote := range []bool{false, true} {
			s := newShelf(t, "redis")
			s.start(t)
			s.loaded.Backup = &core.Backup{UUID: "bak1", Status: core.BackupRunning}
			toS3(s)
			s.loaded.Kept = nil
			for i, id := range []core.ID{"a", "b", "c", "d", "e"} {
				s.loaded.Kept = append(s.loaded.Kept, core.Backup{
					UUID: id, Filename: dumps + string(id), Size: 1 << 30, Local: !remote, Remote: remote, S3ID: 3,
					CreatedAt: noon().Add(-24*time.Hour*time.Duration(i+1) + time.Minute),
				})
			}
			var got []string
			if remote {
				s.loaded.Schedule.Remote = c.r
			} else {
				s.loaded.Schedule.Local = c.r
			}
			plan := s.mustPlan(t, core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "bak1"}}, s.running())
			switch {
			case remote && has(plan, "prune-s3"):
				for _, key := range step(t, plan, "prune-s3").Object.Delete {
					got = append(got, key[len(key)-1:])
				}
			case !remote && has(plan, "prune"):
				for _, file := range step(t, plan, "prune").Delete {
					got = append(got, file[len(dumps):])
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s, remote %t (-want +got):\n%s", name, remote, diff)
			}
		}
	}
}

// TestRetentionStaysAtHome: rows that name something else delete nothing, and a bucket
// that is not the schedule's any more cannot be reached with its keys.
func TestRetentionStaysAtHome(t *testing.T) {
	t.Parallel()
	s := newShelf(t, "redis")
	s.start(t)
	s.loaded.Backup = &core.Backup{UUID: "bak1", Status: core.BackupRunning}
	toS3(s)
	s.loaded.Schedule.Local.Amount, s.loaded.Schedule.Remote.Amount = 1, 1
	own := s.loaded.Kept[0]
	for _, file := range []string{"/etc/passwd", dumps + "../other/x", "/srv/taffrail/databases/" + string(uuid), dumps, dumps + "a/b", ""} {
		b := own
		b.Filename = file
		s.loaded.Kept = []core.Backup{b}
		plan := s.mustPlan(t, core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "bak1"}}, s.running())
		if has(plan, "prune") || has(plan, "prune-s3") {
			t.Errorf("%q: deletes\n%s", file, plan)
		}
	}
	own.S3ID = 99
	s.loaded.Kept = []core.Backup{own}
	plan := s.mustPlan(t, core.Deployment{Verb: core.VerbBackup, Options: core.Options{Backup: "bak1"}}, s.running())
	if has(plan, "prune-s3") || !has(plan, "prune") {
		t.Errorf("another bucket:\n%s", plan)
	}
}
