package control

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/webhook"
)

const (
	maxDockerfile = 256 << 10 // bytes
	maxNginx      = 64 << 10
	maxCommand    = 2000 // characters
	maxHook       = 16_000
	maxLabels     = 64 << 10
	maxSecret     = 255
	maxBasicAuth  = 72 // bytes: all that the hash looks at
	maxImages     = 100
	maxGrace      = 3600 // seconds
	maxRestarts   = 1000
	maxHealth     = 24 * 3600
	maxParts      = 100
)

var (
	containerPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	stagePattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	tagPattern       = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|(sha256:)?[a-f0-9]{64})$`)
	basicUserPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_@+-]{0,63}$`)
	healthHost       = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	healthPath       = regexp.MustCompile(`^/[A-Za-z0-9/_.~%,;:@?&=+-]*$`)
)

// applicationFaults are all faults of an application. base is what "owner/name" is below.
func (f faults) application(a core.Application, base string, allowHost bool) {
	f.name("name", a.Name)
	f.description(a.Description)
	f.source(a, base)
	f.build(a.Build)
	f.serve(a)
	f.runtime(a.Runtime, allowHost)
	f.appHealth(a)
	f.hooks(a.Hooks)
}

// fromGit says whether an application is built of what is in a repository.
func fromGit(a core.Application) bool {
	return a.Build.Pack != core.PackImage && a.Source.Repository != ""
}

// source checks where an application comes from.
func (f faults) source(a core.Application, base string) {
	packs := []core.BuildPack{
		core.PackNixpacks, core.PackRailpack, core.PackStatic, core.PackDockerfile, core.PackCompose, core.PackBuildpacks, core.PackImage,
	}
	oneOf(f, "build_pack", a.Build.Pack, packs)
	switch {
	case a.Build.Pack == core.PackImage:
		f.image("docker_registry_image_name", a.Build.ImageName, a.Build.ImageTag, true)
		return
	case fromGit(a):
		f.repository(a.Source, base)
	case a.Build.Pack == core.PackDockerfile && a.Build.Dockerfile != "":
	case a.Build.Pack == core.PackDockerfile:
		f.add("dockerfile", "The dockerfile field is required when git_repository is empty.")
	default:
		f.required("git_repository", "")
	}
	f.image("docker_registry_image_name", a.Build.ImageName, a.Build.ImageTag, false)
}

func (f faults) repository(s core.Source, base string) {
	repository, err := git.Parse(s.Repository, git.Options{Base: base})
	f.say(err)
	if err == nil && s.KeyID == 0 && s.GitHubApp == 0 {
		_, err = git.NewRemote(repository, git.Auth{})
		f.say(err)
	}
	if f.required(git.FieldBranch, s.Branch) {
		_, err = git.ParseRef(s.Branch, s.Commit)
		f.say(err)
	}
	_, err = webhook.ParseWatch("watch_paths", s.WatchPaths)
	f.say(err)
	f.text("watch_paths", s.WatchPaths, maxHook)
}

// say adds what an error says that is about fields. There is no other error where this is
// used: what is checked is in memory.
func (f faults) say(err error) {
	if err := f.take(err); err != nil {
		f.add("general", "%s", err)
	}
}

// image checks a reference to an image, in its two parts.
func (f faults) image(field, name, tag string, needed bool) {
	const tagField = "docker_registry_image_tag"
	switch {
	case name == "" && needed:
		f.required(field, "")
	case name == "" && tag != "":
		f.add(tagField, "A tag is of an image: the %s field is required with it.", words(field))
	case name == "":
	case tag != "" && !tagPattern.MatchString(tag):
		f.add(tagField, "The %s field must be a tag, or a digest like sha256:….", words(tagField))
	default:
		if _, err := build.Reference(name, digestOr(tag)); err != nil || len(name) > maxText {
			f.add(field, "The %s field must be the name of an image, like ghcr.io/owner/name.", words(field))
		}
	}
}

// digestOr gives a bare digest its prefix, which some clients leave out.
func digestOr(tag string) string {
	if len(tag) == 64 && !strings.Contains(tag, ":") && strings.Trim(tag, "0123456789abcdef") == "" {
		return "sha256:" + tag
	}
	return tag
}

func (f faults) build(b core.Build) {
	for field, text := range map[string]string{
		"base_directory": b.BaseDirectory, "dockerfile_location": b.DockerfilePath, "docker_compose_location": b.ComposePath, "publish_directory": b.PublishDir,
	} {
		_, err := git.CleanPath(field, text)
		f.say(err)
	}
	for field, text := range map[string]string{"install_command": b.InstallCommand, "build_command": b.BuildCommand} {
		f.text(field, text, maxCommand)
	}
	f.large("dockerfile", b.Dockerfile, maxDockerfile)
	f.large("custom_nginx_configuration", b.NginxConf, maxNginx)
	if b.TargetStage != "" && (!stagePattern.MatchString(b.TargetStage) || len(b.TargetStage) > maxText) {
		f.add("dockerfile_target_build", "The dockerfile target build field must be the name of a stage.")
	}
	f.image("static_image", b.StaticImage, "", false)
	f.between("docker_images_to_keep", b.KeepImages, 0, maxImages)
	f.composeDomains(b.ComposeDomains)
}

// large checks a text of many lines.
func (f faults) large(field, text string, limit int) {
	switch {
	case len(text) > limit:
		f.add(field, "The %s field must not be greater than %d KiB.", words(field), limit>>10)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		f.add(field, "The %s field must be UTF-8 text without NUL.", words(field))
	}
}

func (f faults) composeDomains(list []core.PartDomain) {
	const field = "docker_compose_domains"
	if len(list) > maxParts {
		f.add(field, "There may be at most %d entries.", maxParts)
		return
	}
	seen := map[string]bool{}
	for _, one := range list {
		if !containerPattern.MatchString(one.Name) || len(one.Name) > maxText || seen[one.Name] {
			f.add(field, "%.80q is no name of a service of the compose file, or it is there twice.", one.Name)
		}
		seen[one.Name] = true
		_, err := proxy.ParseDomains(field, one.Domain)
		f.say(err)
		f.redirect(field, one.Redirect)
	}
}

func (f faults) redirect(field, value string) {
	if !slices.Contains([]string{"", string(proxy.RedirectBoth), string(proxy.RedirectWWW), string(proxy.RedirectNonWWW)}, value) {
		f.add(field, "The redirect must be one of www, non-www, both.")
	}
}

func (f faults) serve(a core.Application) {
	s := a.Serve
	domains, err := proxy.ParseDomains("domains", s.Domains)
	f.say(err)
	if len(domains) > 0 && a.Build.Pack == core.PackCompose {
		f.add("domains", "An application with several services has its domains by service: use docker_compose_domains.")
	}
	f.redirect("redirect", s.Redirect)
	ports, err := compose.ParsePorts(s.Ports)
	f.follow("ports_exposes", err)
	needs := len(domains) > 0 || a.Health.Enabled && a.Health.Type == "http" && a.Health.Port == 0
	if err == nil && len(ports) == 0 && needs && a.Build.Pack != core.PackCompose {
		f.add("ports_exposes", "The ports exposes field is required: requests and health checks go to its first port.")
	}
	_, err = compose.ParseMappings(s.Mappings)
	f.follow("ports_mappings", err)
	for _, one := range s.NoIndex {
		_, err := proxy.ParseDomain("noindex_domains", schemed(one))
		f.say(err)
	}
	f.basicAuth(s)
	f.large("custom_labels", s.Labels, maxLabels)
	_, err = proxy.ParseLabels("custom_labels", s.Labels)
	f.say(err)
	if _, ok := proxy.Preview(s.PreviewURL, proxy.Domain{Scheme: proxy.HTTPS, Host: "app.example.com"}, a.UUID, 1); !ok {
		f.add("preview_url_template", "The preview url template field must make a host name of its own for each pull request, like {{pr_id}}.{{domain}}.")
	}
	for _, alias := range split(s.Aliases) {
		if !containerPattern.MatchString(alias) || len(alias) > maxText {
			f.add("custom_network_aliases", "%.80q is no name in a network.", alias)
		}
	}
}

// schemed gives an address that is only a host a scheme.
func schemed(text string) string {
	if strings.Contains(text, "://") {
		return text
	}
	return "https://" + text
}

// follow adds a fault whose text follows on the name of the field.
func (f faults) follow(field string, err error) {
	if err != nil {
		f.add(field, "The %s field %s.", words(field), err)
	}
}

func (f faults) basicAuth(s core.Serve) {
	const user, password = "http_basic_auth_username", "http_basic_auth_password"
	if s.BasicAuth {
		f.required(user, s.User)
		f.required(password, s.Password.Reveal())
	}
	if s.User != "" && !basicUserPattern.MatchString(s.User) {
		f.add(user, "The http basic auth username field may have letters, digits and _ @ + -, 64 at most.")
	}
	if text := s.Password.Reveal(); len(text) > maxBasicAuth || !validText(text) {
		f.add(password, "The http basic auth password field must be text of at most %d bytes.", maxBasicAuth)
	}
}

func (f faults) runtime(r core.Runtime, allowHost bool) {
	f.text("start_command", r.StartCommand, maxCommand)
	_, err := compose.SplitWords(r.StartCommand)
	f.follow("start_command", err)
	for _, c := range []struct{ field, text, verb string }{
		{"docker_compose_custom_start_command", r.StartCompose, "up"}, {"docker_compose_custom_build_command", r.BuildCompose, "build"},
	} {
		f.text(c.field, c.text, maxCommand)
		_, err := compose.ParseCommand(c.text, c.verb)
		f.follow(c.field, err)
	}
	if len(r.DockerOptions) > maxCommand {
		f.atMost("custom_docker_run_options", r.DockerOptions, maxCommand)
	} else {
		_, err := compose.ParseOptions(r.DockerOptions, allowHost)
		f.follow("custom_docker_run_options", err)
	}
	for field, text := range compose.CheckLimits(r.Limits) {
		f.add(field, "The %s field %s", words(field), text)
	}
	f.between("stop_grace_period", r.StopGrace, 0, maxGrace)
	f.between("max_restart_count", r.MaxRestarts, 0, maxRestarts)
	if r.CustomName != "" && (!containerPattern.MatchString(r.CustomName) || len(r.CustomName) > maxText) {
		f.add("custom_internal_name", "The custom internal name field must begin with a letter or digit and have only letters, digits and _ . -.")
	}
}

func (f faults) appHealth(a core.Application) {
	h := a.Health
	oneOf(f, "health_check_type", h.Type, []string{"http", "cmd"})
	oneOf(f, "health_check_method", h.Method, []string{"GET", "HEAD", "POST", "OPTIONS"})
	oneOf(f, "health_check_scheme", h.Scheme, []string{"http", "https"})
	if h.Host != "" && (!healthHost.MatchString(h.Host) || len(h.Host) > maxHost) {
		f.add("health_check_host", "The health check host field must be a host name.")
	}
	if !healthPath.MatchString(h.Path) || len(h.Path) > maxCommand {
		f.add("health_check_path", "The health check path field must begin with / and have only characters of URLs.")
	} else if _, err := url.Parse(h.Path); err != nil {
		f.add("health_check_path", "The health check path field must be the path of a URL.")
	}
	f.between("health_check_port", h.Port, 0, maxPort)
	f.between("health_check_return_code", h.Code, 100, 599)
	f.between("health_check_interval", h.Interval, 1, maxHealth)
	f.between("health_check_timeout", h.Timeout, 1, maxHealth)
	f.between("health_check_retries", h.Retries, 1, maxHealth)
	f.between("health_check_start_period", h.Start, 0, maxHealth)
	f.text("health_check_response_text", h.Text, maxText)
	f.text("health_check_command", h.Command, maxCommand)
	if h.Enabled && h.Type == "cmd" {
		f.required("health_check_command", h.Command)
	}
}

func (f faults) hooks(h core.Hooks) {
	for field, text := range map[string]string{"pre_deployment_command": h.Pre, "post_deployment_command": h.Post} {
		f.text(field, text, maxHook)
	}
	for field, name := range map[string]string{
		"pre_deployment_command_container": h.PreContainer, "post_deployment_command_container": h.PostContainer,
	} {
		if name != "" && (!containerPattern.MatchString(name) || len(name) > maxText) {
			f.add(field, "The %s field must be the name of a container.", words(field))
		}
	}
	for field, secret := range map[string]core.Secret{
		"manual_webhook_secret_github": h.GitHub, "manual_webhook_secret_gitlab": h.GitLab, "manual_webhook_secret_gitea": h.Gitea,
		"manual_webhook_secret_bitbucket": h.Bitbucket, "manual_webhook_secret_generic": h.Generic,
	} {
		f.hookSecret(field, secret)
	}
}

// hookSecret checks what webhooks are signed with. None at all means that none are taken;
// blanks would look like one.
func (f faults) hookSecret(field string, secret core.Secret) {
	text := secret.Reveal()
	switch {
	case text == "":
	case strings.TrimSpace(text) == "":
		f.add(field, "The %s field must not be blank: everybody could sign with that.", words(field))
	case len(text) > maxSecret || !validText(text):
		f.add(field, "The %s field must be text of at most %d bytes.", words(field), maxSecret)
	}
}
