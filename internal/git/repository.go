// Package git turns what people say about a repository into commands of the git program:
// which commit a branch stands for, and a checkout of exactly that commit in a folder of
// the resource. git itself runs on the server that builds, never in the controller.
//
// What comes from people is checked when it is parsed, and reaches git only as arguments
// of a script that never changes. Credentials travel in the environment and in standard
// input: they are in no argument list, no URL, no configuration and, but for a key while
// one command needs it, in no file.
//
// The package also speaks, from the controller, to the API of a GitHub App.
package git

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// The names of the fields of the API that faults are reported on.
const (
	FieldRepository = "git_repository"
	FieldBranch     = "git_branch"
	FieldCommit     = "git_commit_sha"
)

// The schemes of repositories. The last two travel in the clear.
const (
	HTTPS = "https"
	SSH   = "ssh"
	HTTP  = "http"
	Git   = "git"
)

// Repository is where a repository is. Only Parse makes one that is fit for a command.
type Repository struct {
	Scheme string
	User   string // with SSH: who logs in
	Host   string // lower case; an IPv6 address has its brackets
	Port   int    // 0: that of the scheme
	Path   string // "owner/name", as given but without slashes at its ends
	// Home says that the path begins in the login's folder, as in user@host:path.
	Home bool
}

// Options decide what Parse lets through.
type Options struct {
	// Base is what "owner/name" alone is below. Empty: https://github.com.
	Base string
	// Plain allows http:// and git://, which nothing protects on their way.
	Plain bool
}

const (
	defaultBase = "https://github.com"
	defaultUser = "git"
	maxURL      = 1024
	maxHost     = 253
)

var (
	// helperForm makes git start a program: ext::command.
	helperForm = regexp.MustCompile(`^[^/\[]*::`)
	shortForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._][A-Za-z0-9._-]*$`)
	hostForm   = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	userForm   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)
	// A segment may begin with "~", as the home folders of some servers do, never with "-".
	segmentForm = regexp.MustCompile(`^(?:[A-Za-z0-9._~+@]|%[0-9A-Fa-f]{2})(?:[A-Za-z0-9._~+@-]|%[0-9A-Fa-f]{2})*$`)
)

const forms = "give https://host/owner/name, git@host:owner/name or ssh://git@host:port/owner/name"

func invalid(format string, args ...any) error { return core.Invalid(FieldRepository, format, args...) }

// Parse reads a repository as people write it: a URL, git@host:path, or owner/name below
// the base. Errors are of CodeInvalid on FieldRepository; they never repeat credentials.
func Parse(text string, o Options) (Repository, error) {
	text = strings.Trim(text, " ")
	if err := checkText(text); err != nil {
		return Repository{}, err
	}
	if shortForm.MatchString(text) {
		base := o.Base
		if base == "" {
			base = defaultBase
		}
		text = strings.TrimRight(base, "/") + "/" + text
	}
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		return parseURL(strings.ToLower(scheme), rest, o)
	}
	return parseLogin(text)
}

func checkText(text string) error {
	for _, r := range text {
		if r <= ' ' || r == 0x7f || r >= 0x80 {
			return invalid("The repository's address must be plain characters without blanks: %s.", forms)
		}
	}
	switch {
	case text == "":
		return invalid("The repository is missing: %s.", forms)
	case len(text) > maxURL:
		return invalid("The repository's address is longer than %d characters.", maxURL)
	case strings.HasPrefix(text, "-"), helperForm.MatchString(text), strings.Contains(text, `\`):
		return invalid("This is no address of a repository: %s.", forms)
	case strings.ContainsAny(text, "?#"):
		return invalid("The repository's address must not have a \"?\" or \"#\": %s.", forms)
	}
	return nil
}

// parseURL reads what follows "scheme://".
func parseURL(scheme, rest string, o Options) (Repository, error) {
	switch {
	case scheme == HTTPS, scheme == SSH:
	case o.Plain && (scheme == HTTP || scheme == Git):
	case scheme == HTTP, scheme == Git:
		return Repository{}, invalid("%s:// is not protected on its way: use https:// or ssh://.", scheme)
	default:
		return Repository{}, invalid("Repositories are reached by https and ssh only: %s.", forms)
	}
	authority, path, _ := strings.Cut(rest, "/")
	r := Repository{Scheme: scheme}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user := authority[:at]
		if scheme != SSH || strings.Contains(user, ":") {
			return r, invalid("The address must not hold a name, password or token. Choose a private key (deploy key) or a GitHub App as the source of the application instead, where the secret is kept sealed.")
		}
		r.User, authority = user, authority[at+1:]
	}
	host, port, err := splitPort(authority)
	if err != nil {
		return r, err
	}
	r.Host, r.Port = host, port
	return r.finish(path)
}

// parseLogin reads user@host:path, the form of scp.
func parseLogin(text string) (Repository, error) {
	login, path, ok := strings.Cut(text, ":")
	user, host, named := strings.Cut(login, "@")
	if !ok || !named || user == "" {
		return Repository{}, invalid("This is no address of a repository: %s.", forms)
	}
	r := Repository{Scheme: SSH, User: user, Host: host, Home: !strings.HasPrefix(path, "/")}
	return r.finish(path)
}

func splitPort(authority string) (string, int, error) {
	host, port := authority, ""
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		host, port = authority[:colon], authority[colon+1:]
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port[0] == '+' {
			return "", 0, invalid("The port %q of the repository is not a number from 1 to 65535.", port)
		}
		return host, int(n), nil
	}
	return host, 0, nil
}

// finish checks what all forms have in common.
func (r Repository) finish(path string) (Repository, error) {
	r.Host = strings.ToLower(r.Host)
	if !validHost(r.Host) {
		return Repository{}, invalid("%q is no host name or address: %s.", r.Host, forms)
	}
	if r.Scheme == SSH && r.User == "" {
		r.User = defaultUser
	}
	if r.User != "" && !userForm.MatchString(r.User) {
		return Repository{}, invalid("%q is no name to log in with: %s.", r.User, forms)
	}
	r.Path = strings.Trim(path, "/")
	if page := pageOf(r.Path); page != "" {
		return Repository{}, invalid("This is the address of a page: give that of the repository, %s://%s/%s, and the branch by itself.", r.Scheme, r.Host, page)
	}
	for _, segment := range strings.Split(r.Path, "/") {
		if !segmentForm.MatchString(segment) || dots(segment) {
			return Repository{}, invalid("The path %q of the repository is not valid: %s.", r.Path, forms)
		}
	}
	return r, nil
}

// dots says whether a segment means another folder, also when it is escaped.
func dots(segment string) bool {
	plain, err := url.PathUnescape(segment)
	return err != nil || plain == "." || plain == ".." || plain == ".git" || strings.ContainsAny(plain, "/\\\x00\n\r")
}

// pageOf is the repository that the address of a page in a browser belongs to.
func pageOf(path string) string {
	for _, mark := range []string{"/-/", "/tree/", "/blob/", "/pull/", "/src/branch/"} {
		if repo, _, ok := strings.Cut(path, mark); ok && strings.Contains(repo, "/") {
			return repo
		}
	}
	return ""
}

func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && strings.HasSuffix(inner, "]")
	}
	return len(host) <= maxHost && hostForm.MatchString(host)
}

// URL is the address that git is given.
func (r Repository) URL() string {
	if r.Home && r.Port == 0 {
		return r.User + "@" + r.Host + ":" + r.Path
	}
	user := ""
	if r.Scheme == SSH {
		user = r.User + "@"
	}
	return r.Scheme + "://" + user + r.authority() + "/" + r.Path
}

// String is the URL: it holds no credentials.
func (r Repository) String() string { return r.URL() }

func (r Repository) authority() string {
	if r.Port == 0 {
		return r.Host
	}
	return r.Host + ":" + strconv.Itoa(r.Port)
}

// FullName is the path without ".git": "owner/name".
func (r Repository) FullName() string { return strings.TrimSuffix(r.Path, ".git") }

// Key is the same for all addresses of one repository: host and path in lower case,
// whatever the scheme, the port, the login and ".git" are.
func (r Repository) Key() string { return r.Host + "/" + strings.ToLower(r.FullName()) }

// Same says whether one of the addresses that a webhook names is this repository.
func (r Repository) Same(addresses ...string) bool {
	return slices.ContainsFunc(addresses, func(address string) bool {
		other, err := Parse(address, Options{Plain: true})
		return err == nil && other.Key() == r.Key()
	})
}

// overSSH is the address for a deploy key, which works with SSH only.
func (r Repository) overSSH() Repository {
	if r.Scheme == SSH {
		return r
	}
	return Repository{Scheme: SSH, User: defaultUser, Host: r.Host, Path: r.FullName() + ".git", Home: true}
}

// overHTTPS is the address for a token, which works with HTTPS only.
func (r Repository) overHTTPS() Repository {
	if r.Scheme != SSH {
		return r
	}
	return Repository{Scheme: HTTPS, Host: r.Host, Path: r.FullName() + ".git"}
}
