package sqlstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/sqlstore"
)

// storedApplication is how an application lies in databases that are in use. It may get
// more names, and none may change.
const storedApplication = `{"source":{"repository":"r","commit":"c","submodules":true,"lfs":true,"shallow":true,"watch_paths":"w"},
	"build":{"base_directory":"b","dockerfile_location":"d","target_stage":"t","publish_directory":"p","static_image":"s","is_static":true,"is_spa":true,
	"install_command":"i","build_command":"bc","image_name":"in","image_tag":"it","compose_location":"cl","no_cache":true,"use_secrets":true,
	"inject_args":true,"include_commit":true,"build_server":true,"keep_images":3},
	"compose_domains":[{"name":"web","domain":"https://a.example","redirect":"both"},{"name":"api"}],
	"serve":{"domains":"d","redirect":"r","ports":"1","mappings":"2:3","force_https":true,"gzip":true,"strip_prefix":true,"no_index":["n"],
	"basic_auth":true,"user":"u","label_escape":true,"preview_url":"pu","aliases":"a"},
	"runtime":{"start_command":"s","docker_options":"o","stop_grace":4,"fixed_name":true,"custom_name":"cn","raw_compose":true,
	"compose_start_command":"cs","compose_build_command":"cb","max_restarts":5,"connect_to_network":true},
	"limits":{"memory":"1g","memory_swap":"2g","memory_reservation":"3g","memory_swappiness":4,"cpus":"5","cpuset":"6","cpu_shares":7},
	"health":{"enabled":true,"type":"http","command":"c","method":"GET","scheme":"http","host":"h","port":8,"path":"/","code":9,"text":"t",
	"interval":10,"timeout":11,"retries":12,"start":13},
	"hooks":{"pre":"p","pre_container":"pc","post":"q","post_container":"qc"},
	"auto_deploy":{"enabled":true,"previews":true,"public_previews":true,"paused_at":"2026-01-02T03:04:05.000006Z","paused_by":"pb","paused_for":"pf"},
	"texts":{"dockerfile":"RlJPTSD/","labels":"YT1i","nginx_conf":"eA=="},
	"secrets":{"bitbucket":"Yg==","generic":"eA==","gitea":"ZQ==","github":"Zw==","gitlab":"bA==","password":"cP93"}}`

func wantApplication() core.Application {
	return core.Application{
		Source: core.Source{Repository: "r", Commit: "c", Submodules: true, LFS: true, Shallow: true, WatchPaths: "w"},
		Build: core.Build{BaseDirectory: "b", Dockerfile: "FROM \xff", DockerfilePath: "d", TargetStage: "t", PublishDir: "p", StaticImage: "s", IsStatic: true,
			IsSPA: true, NginxConf: "x", InstallCommand: "i", BuildCommand: "bc", ImageName: "in", ImageTag: "it", ComposePath: "cl",
			ComposeDomains: []core.PartDomain{{Name: "web", Domain: "https://a.example", Redirect: "both"}, {Name: "api"}},
			NoCache:        true, UseSecrets: true, InjectArgs: true, IncludeCommit: true, BuildServer: true, KeepImages: 3},
		Serve: core.Serve{Domains: "d", Redirect: "r", Ports: "1", Mappings: "2:3", ForceHTTPS: true, Gzip: true, StripPrefix: true, NoIndex: []string{"n"},
			BasicAuth: true, User: "u", Password: core.NewSecret("p\xffw"), Labels: "a=b", LabelEscape: true, PreviewURL: "pu", Aliases: "a"},
		Runtime: core.Runtime{StartCommand: "s", DockerOptions: "o", StopGrace: 4, FixedName: true, CustomName: "cn", RawCompose: true, StartCompose: "cs",
			BuildCompose: "cb", MaxRestarts: 5, ConnectToNet: true,
			Limits: core.Limits{Memory: "1g", MemorySwap: "2g", MemoryReservation: "3g", MemorySwappiness: 4, CPUs: "5", CPUSet: "6", CPUShares: 7}},
		Health: core.AppHealth{Enabled: true, Type: "http", Command: "c", Method: "GET", Scheme: "http", Host: "h", Port: 8, Path: "/", Code: 9, Text: "t",
			Interval: 10, Timeout: 11, Retries: 12, Start: 13},
		Hooks: core.Hooks{Pre: "p", PreContainer: "pc", Post: "q", PostContainer: "qc", GitHub: core.NewSecret("g"), GitLab: core.NewSecret("l"),
			Bitbucket: core.NewSecret("b"), Gitea: core.NewSecret("e"), Generic: core.NewSecret("x")},
		AutoDeploy: core.AutoDeploy{Enabled: true, Previews: true, PublicPreviews: true, PausedAt: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
			PausedBy: "pb", PausedFor: "pf"},
	}
}

func TestStoredApplication(t *testing.T) {
	t.Parallel()
	reveal := cmp.Comparer(func(a, b core.Secret) bool { return a.Reveal() == b.Reveal() })
	var got core.Application
	if err := sqlstore.OpenApplication(&got, core.NewSecret(storedApplication)); err != nil {
		t.Fatal(err)
	}
	want := wantApplication()
	if diff := cmp.Diff(want, got, reveal); diff != "" {
		t.Errorf("application as read (-want +got):\n%s", diff)
	}
	// What has columns of its own is not in the text, where it could say something else.
	want.Build.Pack = core.PackStatic
	want.Source.Key, want.Source.Branch, want.Source.KeyID, want.Source.GitHubApp = "key", "branch", 5, 6
	text, err := sqlstore.CloseApplication(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.NewReplacer("\n", "", "\t", "").Replace(storedApplication), text.Reveal()); diff != "" {
		t.Errorf("application as stored (-want +got):\n%s", diff)
	}
	if err := sqlstore.OpenApplication(&got, core.NewSecret("{")); err == nil {
		t.Error("half a text was read")
	}
}
