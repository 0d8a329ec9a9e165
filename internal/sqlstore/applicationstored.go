package sqlstore

import (
	"encoding/json"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// storedApplication is the sealed text of what people may change of an application. Its
// names are here and not in core, so that a noun may be called something else there
// without a word being lost that is stored already. The parts are those of core field by
// field, which the compiler holds: a field that is added there has to be given a name
// here. What has a column is not in the text, where it could say something else; "-"
// marks that, and what is under Texts, Secrets, Parts or Limits.
type storedApplication struct {
	Source     storedSource      `json:"source"`
	Build      storedBuild       `json:"build"`
	Parts      []storedPart      `json:"compose_domains,omitempty"`
	Serve      storedServe       `json:"serve"`
	Runtime    storedRuntime     `json:"runtime"`
	Limits     storedLimits      `json:"limits"`
	Health     storedHealth      `json:"health"`
	Hooks      storedHooks       `json:"hooks"`
	AutoDeploy storedAutoDeploy  `json:"auto_deploy"`
	Texts      map[string][]byte `json:"texts,omitempty"`   // come back byte for byte, UTF-8 or not
	Secrets    map[string][]byte `json:"secrets,omitempty"` // as do these
}

type storedSource struct {
	Repository string `json:"repository,omitempty"`
	Key        string `json:"-"`
	Branch     string `json:"-"`
	Commit     string `json:"commit,omitempty"`
	KeyID      int64  `json:"-"`
	GitHubApp  int64  `json:"-"`
	Submodules bool   `json:"submodules,omitempty"`
	LFS        bool   `json:"lfs,omitempty"`
	Shallow    bool   `json:"shallow,omitempty"`
	WatchPaths string `json:"watch_paths,omitempty"`
}

type storedBuild struct {
	Pack           core.BuildPack    `json:"-"`
	BaseDirectory  string            `json:"base_directory,omitempty"`
	Dockerfile     string            `json:"-"`
	DockerfilePath string            `json:"dockerfile_location,omitempty"`
	TargetStage    string            `json:"target_stage,omitempty"`
	PublishDir     string            `json:"publish_directory,omitempty"`
	StaticImage    string            `json:"static_image,omitempty"`
	IsStatic       bool              `json:"is_static,omitempty"`
	IsSPA          bool              `json:"is_spa,omitempty"`
	NginxConf      string            `json:"-"`
	InstallCommand string            `json:"install_command,omitempty"`
	BuildCommand   string            `json:"build_command,omitempty"`
	ImageName      string            `json:"image_name,omitempty"`
	ImageTag       string            `json:"image_tag,omitempty"`
	ComposePath    string            `json:"compose_location,omitempty"`
	ComposeDomains []core.PartDomain `json:"-"`
	NoCache        bool              `json:"no_cache,omitempty"`
	UseSecrets     bool              `json:"use_secrets,omitempty"`
	InjectArgs     bool              `json:"inject_args,omitempty"`
	IncludeCommit  bool              `json:"include_commit,omitempty"`
	BuildServer    bool              `json:"build_server,omitempty"`
	KeepImages     int               `json:"keep_images,omitempty"`
}

type storedPart struct {
	Name     string `json:"name"`
	Domain   string `json:"domain,omitempty"`
	Redirect string `json:"redirect,omitempty"`
}

type storedServe struct {
	Domains     string      `json:"domains,omitempty"`
	Redirect    string      `json:"redirect,omitempty"`
	Ports       string      `json:"ports,omitempty"`
	Mappings    string      `json:"mappings,omitempty"`
	ForceHTTPS  bool        `json:"force_https,omitempty"`
	Gzip        bool        `json:"gzip,omitempty"`
	StripPrefix bool        `json:"strip_prefix,omitempty"`
	NoIndex     []string    `json:"no_index,omitempty"`
	BasicAuth   bool        `json:"basic_auth,omitempty"`
	User        string      `json:"user,omitempty"`
	Password    core.Secret `json:"-"`
	Labels      string      `json:"-"`
	LabelEscape bool        `json:"label_escape,omitempty"`
	PreviewURL  string      `json:"preview_url,omitempty"`
	Aliases     string      `json:"aliases,omitempty"`
}

type storedRuntime struct {
	StartCommand  string      `json:"start_command,omitempty"`
	DockerOptions string      `json:"docker_options,omitempty"`
	Limits        core.Limits `json:"-"`
	StopGrace     int         `json:"stop_grace,omitempty"`
	FixedName     bool        `json:"fixed_name,omitempty"`
	CustomName    string      `json:"custom_name,omitempty"`
	RawCompose    bool        `json:"raw_compose,omitempty"`
	StartCompose  string      `json:"compose_start_command,omitempty"`
	BuildCompose  string      `json:"compose_build_command,omitempty"`
	MaxRestarts   int         `json:"max_restarts,omitempty"`
	ConnectToNet  bool        `json:"connect_to_network,omitempty"`
}

type storedLimits struct {
	Memory            string `json:"memory,omitempty"`
	MemorySwap        string `json:"memory_swap,omitempty"`
	MemoryReservation string `json:"memory_reservation,omitempty"`
	MemorySwappiness  int    `json:"memory_swappiness,omitempty"`
	CPUs              string `json:"cpus,omitempty"`
	CPUSet            string `json:"cpuset,omitempty"`
	CPUShares         int    `json:"cpu_shares,omitempty"`
}

type storedHealth struct {
	Enabled  bool   `json:"enabled,omitempty"`
	Type     string `json:"type,omitempty"`
	Command  string `json:"command,omitempty"`
	Method   string `json:"method,omitempty"`
	Scheme   string `json:"scheme,omitempty"`
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	Path     string `json:"path,omitempty"`
	Code     int    `json:"code,omitempty"`
	Text     string `json:"text,omitempty"`
	Interval int    `json:"interval,omitempty"`
	Timeout  int    `json:"timeout,omitempty"`
	Retries  int    `json:"retries,omitempty"`
	Start    int    `json:"start,omitempty"`
}

type storedHooks struct {
	Pre           string      `json:"pre,omitempty"`
	PreContainer  string      `json:"pre_container,omitempty"`
	Post          string      `json:"post,omitempty"`
	PostContainer string      `json:"post_container,omitempty"`
	GitHub        core.Secret `json:"-"`
	GitLab        core.Secret `json:"-"`
	Bitbucket     core.Secret `json:"-"`
	Gitea         core.Secret `json:"-"`
	Generic       core.Secret `json:"-"`
}

type storedAutoDeploy struct {
	Enabled        bool      `json:"enabled,omitempty"`
	Previews       bool      `json:"previews,omitempty"`
	PublicPreviews bool      `json:"public_previews,omitempty"`
	PausedAt       time.Time `json:"paused_at,omitzero"`
	PausedBy       string    `json:"paused_by,omitempty"`
	PausedFor      core.ID   `json:"paused_for,omitempty"`
}

// textsOf are the texts of an application that may be anything, by their stored names.
func textsOf(a *core.Application) map[string]*string {
	return map[string]*string{"dockerfile": &a.Build.Dockerfile, "nginx_conf": &a.Build.NginxConf, "labels": &a.Serve.Labels}
}

// secretsOf are the secrets of an application, by their stored names.
func secretsOf(a *core.Application) map[string]*core.Secret {
	return map[string]*core.Secret{"password": &a.Serve.Password, "github": &a.Hooks.GitHub, "gitlab": &a.Hooks.GitLab,
		"bitbucket": &a.Hooks.Bitbucket, "gitea": &a.Hooks.Gitea, "generic": &a.Hooks.Generic}
}

func closeApplication(a core.Application) (core.Secret, error) {
	stored := storedApplication{
		Source: storedSource(a.Source), Build: storedBuild(a.Build), Serve: storedServe(a.Serve), Runtime: storedRuntime(a.Runtime),
		Limits: storedLimits(a.Runtime.Limits), Health: storedHealth(a.Health), Hooks: storedHooks(a.Hooks),
		AutoDeploy: storedAutoDeploy(a.AutoDeploy), Texts: map[string][]byte{}, Secrets: map[string][]byte{},
	}
	for _, p := range a.Build.ComposeDomains {
		stored.Parts = append(stored.Parts, storedPart(p))
	}
	for name, text := range textsOf(&a) {
		if *text != "" {
			stored.Texts[name] = []byte(*text)
		}
	}
	for name, secret := range secretsOf(&a) {
		if !secret.Empty() {
			stored.Secrets[name] = []byte(secret.Reveal())
		}
	}
	text, err := json.Marshal(stored)
	return core.NewSecret(string(text)), err
}

// openApplication is the way back from closeApplication.
func openApplication(a *core.Application, text core.Secret) error {
	if text.Empty() {
		return nil
	}
	var stored storedApplication
	if err := json.Unmarshal([]byte(text.Reveal()), &stored); err != nil {
		return err
	}
	a.Source, a.Build, a.Serve = core.Source(stored.Source), core.Build(stored.Build), core.Serve(stored.Serve)
	a.Runtime, a.Runtime.Limits = core.Runtime(stored.Runtime), core.Limits(stored.Limits)
	a.Health, a.Hooks, a.AutoDeploy = core.AppHealth(stored.Health), core.Hooks(stored.Hooks), core.AutoDeploy(stored.AutoDeploy)
	for _, p := range stored.Parts {
		a.Build.ComposeDomains = append(a.Build.ComposeDomains, core.PartDomain(p))
	}
	for name, at := range textsOf(a) {
		*at = string(stored.Texts[name])
	}
	for name, at := range secretsOf(a) {
		*at = core.NewSecret(string(stored.Secrets[name]))
	}
	return nil
}

// storedComposed is the sealed text of what a compose file was deployed as.
type storedComposed struct {
	Name  string               `json:"name"`
	Raw   []byte               `json:"raw"`
	Text  []byte               `json:"text"`
	Parts []storedComposedPart `json:"parts,omitempty"`
}

type storedComposedPart struct {
	Name     string `json:"name"`
	Image    string `json:"image,omitempty"`
	Built    bool   `json:"built,omitempty"`
	Fqdn     string `json:"fqdn,omitempty"`
	Excluded bool   `json:"excluded,omitempty"`
	Empty    bool   `json:"empty,omitempty"`
	Stays    bool   `json:"stays,omitempty"`
}

func closeComposed(c core.Composed) (core.Secret, error) {
	if c.Raw.Empty() && c.Text.Empty() {
		return core.Secret{}, nil
	}
	stored := storedComposed{Name: c.Name, Raw: []byte(c.Raw.Reveal()), Text: []byte(c.Text.Reveal())}
	for _, p := range c.Parts {
		stored.Parts = append(stored.Parts, storedComposedPart(p))
	}
	text, err := json.Marshal(stored)
	return core.NewSecret(string(text)), err
}

// openComposed is the way back from closeComposed.
func openComposed(text core.Secret) (core.Composed, error) {
	if text.Empty() {
		return core.Composed{}, nil
	}
	var stored storedComposed
	if err := json.Unmarshal([]byte(text.Reveal()), &stored); err != nil {
		return core.Composed{}, err
	}
	c := core.Composed{Name: stored.Name, Raw: core.NewSecret(string(stored.Raw)), Text: core.NewSecret(string(stored.Text))}
	for _, p := range stored.Parts {
		c.Parts = append(c.Parts, core.ComposedPart(p))
	}
	return c, nil
}
