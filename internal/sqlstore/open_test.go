package sqlstore_test

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
	"github.com/taffrail/taffrail/internal/storetest"
)

func openAt(t testing.TB, o sqlstore.Options) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestOneControllerPerFolder(t *testing.T) {
	t.Parallel()
	o := sqlstore.Options{Path: filepath.Join(t.TempDir(), "data", "taffrail.db"), Box: storetest.Box(t), Address: "127.0.0.1:8000"}
	first := openAt(t, o)
	_, err := sqlstore.Open(t.Context(), o)
	if core.CodeOf(err) != core.CodeConflict {
		t.Fatalf("a second controller opened the folder: %v", err)
	}
	for _, want := range []string{"pid " + strconv.Itoa(os.Getpid()), "127.0.0.1:8000", filepath.Dir(o.Path)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the refusal %q does not name %q", err, want)
		}
	}

	o.Shared = true
	beside := openAt(t, o)
	team, _, err := beside.EnsureRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.GetTeam(t.Context(), team.RowID); err != nil {
		t.Errorf("the controller does not see what a short job wrote: %v", err)
	}
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	o.Shared = false
	if err := openAt(t, o).Close(); err != nil {
		t.Errorf("after the first controller has gone: %v", err)
	}
}

func TestFilesAreForTheirOwner(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := openAt(t, sqlstore.Options{Path: filepath.Join(dir, "taffrail.db"), Box: storetest.Box(t)})
	defer func() { _ = db.Close() }()
	if _, _, err := db.EnsureRoot(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	box := storetest.Box(t)
	for what, o := range map[string]sqlstore.Options{
		"neither path nor URL": {Box: box},
		"both":                 {Box: box, Path: "x", DSN: "y"},
		"no box":               {Path: filepath.Join(t.TempDir(), "x.db")},
	} {
		if _, err := sqlstore.Open(t.Context(), o); err == nil {
			t.Errorf("%s: opened", what)
		}
	}
	dir := t.TempDir()
	for what, o := range map[string]sqlstore.Options{
		"a folder for a file": {Box: box, Path: dir},
		"a file for a folder": {Box: box, Path: filepath.Join(writeFile(t, dir, "file", "x"), "x.db")},
		"no database":         {Box: box, Path: writeFile(t, dir, "text.db", strings.Repeat("this is no database ", 500))},
		"nobody there":        {Box: box, DSN: "postgres://nobody@127.0.0.1:1/x?sslmode=disable&connect_timeout=2"},
	} {
		_, err := sqlstore.Open(t.Context(), o)
		if core.CodeOf(err) != core.CodeUnavailable {
			t.Errorf("%s: %v, want an error fit for a person", what, err)
		}
	}
}

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnotherKey(t *testing.T) {
	t.Parallel()
	o := sqlstore.Options{Path: filepath.Join(t.TempDir(), "taffrail.db"), Box: storetest.Box(t)}
	if err := openAt(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	o.Box = storetest.Box(t)
	_, err := sqlstore.Open(t.Context(), o)
	if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "key file") {
		t.Errorf("opened with another key: %v", err)
	}
}

// plantSecrets stores one secret in each place that takes one.
func plantSecrets(t testing.TB, db *sqlstore.DB, needle string) {
	t.Helper()
	secret, ctx := core.NewSecret(needle), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	team, _, err := db.EnsureRoot(ctx)
	must(err)
	on, err := db.EnsureLocalhost(ctx, team.RowID)
	must(err)
	to, err := db.ListDestinations(ctx, team.RowID, on.UUID)
	must(err)
	projects, err := db.ListProjects(ctx, team.RowID)
	must(err)
	_, err = db.CreateKey(ctx, core.PrivateKey{TeamID: team.RowID, Name: "k", Fingerprint: "f", PrivateKey: secret})
	must(err)
	v, err := db.CreateService(ctx, core.Service{TeamID: team.RowID, Name: "s", EnvironmentID: projects[0].Environments[0].RowID, ServerID: on.RowID,
		DestinationID: to[0].RowID, ComposeRaw: secret, Compose: secret}, []core.EnvVar{{Key: "A", Value: secret}})
	must(err)
	must(db.UpdateService(ctx, v, []core.EnvVar{{Key: "B", Value: secret}}))
	must(db.SetServiceStatus(ctx, team.RowID, v.RowID, "", "", needle, nil))
	_, err = db.UpsertEnvs(ctx, team.RowID, core.Owner{Kind: core.KindService, RowID: v.RowID}, []core.EnvVar{{Key: "A", Value: secret}, {Key: "C", Value: secret}})
	must(err)
	_, _, err = db.EnqueueDeployment(ctx, core.Deployment{Kind: core.KindService, TeamID: team.RowID, Resource: core.Resource{RowID: v.RowID}, Server: on.Ref(), Verb: core.VerbDeploy})
	must(err)
	d, _, err := db.ClaimDeployment(ctx, "a", 0)
	must(err)
	d.Config.Snapshot = secret
	must(db.SetConfig(ctx, d))
	plantInDatabase(t, db, v, secret)
	plantInApplication(t, db, v, secret)
}

// plantInApplication stores a secret in each place of applications, at the place of a
// service.
func plantInApplication(t testing.TB, db *sqlstore.DB, at core.Service, secret core.Secret) {
	t.Helper()
	needle, ctx, team := secret.Reveal(), t.Context(), at.TeamID
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := db.CreateApplication(ctx, core.Application{TeamID: team, Name: "a", EnvironmentID: at.EnvironmentID, ServerID: at.ServerID,
		DestinationID: at.DestinationID, Source: core.Source{Repository: "https://u:" + needle + "@git.example/a/b", Key: "git.example/a/b"},
		Build: core.Build{Pack: core.PackDockerfile, Dockerfile: "ENV A=" + needle}, Serve: core.Serve{Password: secret, Labels: needle},
		Hooks: core.Hooks{Pre: needle, GitHub: secret, GitLab: secret, Bitbucket: secret, Gitea: secret, Generic: secret},
	}, []core.EnvVar{{Key: "A", Value: secret}})
	must(err)
	must(db.UpdateApplication(ctx, a))
	_, err = db.PutShared(ctx, team, "team", team, []core.EnvVar{{Key: "A", Value: secret}})
	must(err)
	_, err = db.PutShared(ctx, team, "team", team, []core.EnvVar{{Key: "A", Value: secret}})
	must(err)
	g, err := db.CreateGitHubApp(ctx, core.GitHubApp{TeamID: team, Name: "g", ClientSecret: secret, WebhookSecret: secret})
	must(err)
	must(db.UpdateGitHubApp(ctx, g))
}

// plantInDatabase stores a secret in each place of databases, at the place of a service.
func plantInDatabase(t testing.TB, db *sqlstore.DB, at core.Service, secret core.Secret) {
	t.Helper()
	needle, ctx, team := secret.Reveal(), t.Context(), at.TeamID
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := db.CreateDatabase(ctx, core.Database{TeamID: team, Name: "d", Type: "postgresql", EnvironmentID: at.EnvironmentID, ServerID: at.ServerID,
		DestinationID: at.DestinationID, Fields: map[string]core.Secret{"password": secret}, Ran: core.DatabaseRan{Deployed: secret},
		Settings: core.DatabaseSettings{DockerOptions: "--env A=" + needle, InitScripts: []core.InitScript{{Filename: "a.sql", Content: needle}}}},
		[]core.EnvVar{{Key: "A", Value: secret}})
	must(err)
	must(db.UpdateDatabase(ctx, d))
	must(db.SetDatabaseStatus(ctx, team, d.RowID, "", "", &core.DatabaseRan{Deployed: secret}))
	_, err = db.CreateStorage(ctx, team, core.Storage{Owner: core.Owner{Kind: core.KindDatabase, RowID: d.RowID}, MountPath: "/x", Content: secret})
	must(err)
	must(db.PutCertificate(ctx, team, d.RowID, core.Certificate{Cert: "c", Key: secret}))
	_, err = db.CreateAuthority(ctx, team, at.ServerID, core.Certificate{Cert: "c", Key: secret})
	must(err)
	bucket, err := db.CreateS3Storage(ctx, core.S3Storage{TeamID: team, Name: "b", AccessKey: secret, SecretKey: secret})
	must(err)
	must(db.UpdateS3Storage(ctx, bucket))
}

func TestNoSecretOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openAt(t, sqlstore.Options{Path: filepath.Join(dir, "taffrail.db"), Box: storetest.Box(t)})
	const needle = "planted-secret-4711"
	plantSecrets(t, db, needle)
	look := func(when string) {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			for form, text := range map[string]string{"plain": needle, "base64": base64.StdEncoding.EncodeToString([]byte(needle))} {
				if bytes.Contains(content, []byte(text)) {
					t.Errorf("%s, %s holds the planted secret (%s)", when, filepath.Base(path), form)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	look("while open")
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	look("when closed")
}
