package git

import (
	"strings"
	"unicode"

	"github.com/taffrail/taffrail/internal/core"
)

// Auth is how a repository is reached: at most one of Key and Token is set. With a key the
// address becomes one of SSH, with a token one of HTTPS.
type Auth struct {
	Key core.Secret // a deploy key, in any format that ssh reads
	// HostKeys are lines of a known_hosts file, the only ones that are trusted. Empty:
	// the key that a host shows first is remembered on the server, and no other is
	// accepted from then on.
	HostKeys string
	User     string      // with Token; empty: x-access-token, which GitHub wants
	Token    core.Secret // told to the repository's own host only
}

const tokenUser = "x-access-token"

// Remote is a repository with what it takes to read it.
type Remote struct {
	Repository Repository
	auth       Auth
}

// NewRemote puts the two together. Errors are *core.Error with CodeInvalid on
// FieldRepository or with CodeBadRequest.
func NewRemote(r Repository, a Auth) (Remote, error) {
	switch {
	case !a.Key.Empty() && !a.Token.Empty():
		return Remote{}, core.Errorf(core.CodeBadRequest, "A repository is reached with a deploy key or with a token, not with both.")
	case !a.Key.Empty():
		r = r.overSSH()
		a.Key = core.NewSecret(strings.TrimSpace(strings.ReplaceAll(a.Key.Reveal(), "\r\n", "\n")) + "\n")
	case !a.Token.Empty():
		r = r.overHTTPS()
	case r.Scheme == SSH:
		return Remote{}, invalid("%s is reached over ssh, which needs a private key (deploy key): choose one, or give the https address if the repository is public.", r.Host)
	}
	if !a.Token.Empty() && a.User == "" {
		a.User = tokenUser
	}
	if strings.ContainsFunc(a.User+a.Token.Reveal(), unicode.IsControl) {
		return Remote{}, core.Errorf(core.CodeBadRequest, "The name or the token for the repository holds a line break or another control character.")
	}
	return Remote{Repository: r, auth: a}, nil
}

// Secrets are the values that must not be shown anywhere.
func (r Remote) Secrets() []core.Secret {
	var all []core.Secret
	for _, s := range []core.Secret{r.auth.Key, r.auth.Token} {
		if !s.Empty() {
			all = append(all, s)
		}
	}
	return all
}

// environ is what the script reads. Only values of Secrets are secret in it.
func (r Remote) environ() map[string]string {
	protocols := HTTPS + ":" + SSH
	if s := r.Repository.Scheme; s == HTTP || s == Git {
		protocols += ":" + s
	}
	env := map[string]string{"GIT_ALLOW_PROTOCOL": protocols}
	if r.Repository.Scheme != SSH && r.Repository.Scheme != Git {
		env["TAFFRAIL_GIT_ORIGIN"] = r.Repository.Scheme + "://" + r.Repository.authority()
	}
	if !r.auth.Token.Empty() {
		env["TAFFRAIL_GIT_USER"], env["TAFFRAIL_GIT_TOKEN"] = r.auth.User, r.auth.Token.Reveal()
	}
	if !r.auth.Key.Empty() {
		env["TAFFRAIL_GIT_KEY"] = "1"
	}
	if r.auth.HostKeys != "" {
		env["TAFFRAIL_GIT_HOSTS"] = strings.ReplaceAll(strings.TrimSpace(r.auth.HostKeys), "\r", "")
	}
	return env
}
