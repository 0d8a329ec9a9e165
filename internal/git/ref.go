package git

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/core"
)

// Ref is what of a repository is meant. The zero value is the default branch. Commit goes
// first; what is named besides is where to look for it on servers that hand out no single
// commits.
type Ref struct {
	Commit string // 40 or 64 hexadecimal digits
	Name   string // a branch, or a tag if there is no branch of that name
	Full   string // "refs/…": exactly that
}

const (
	maxRef = 255
	head   = "HEAD"
)

var commitForm = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// IsCommit says whether text is the full id of a commit.
func IsCommit(text string) bool { return commitForm.MatchString(text) }

// ParseRef reads the two fields of an application: a branch or tag (empty or HEAD: the
// default branch; or a full name that begins with refs/) and a commit (empty or HEAD: the
// newest). Errors are of CodeInvalid on FieldBranch or FieldCommit.
func ParseRef(branch, commit string) (Ref, error) {
	var r Ref
	switch {
	case branch == "", branch == head:
	case strings.HasPrefix(branch, "refs/"):
		r.Full = branch
	case IsCommit(branch):
		r.Commit = branch
	default:
		r.Name = branch
	}
	if name := r.Name + r.Full; name != "" {
		if err := CheckName(name); err != nil {
			return Ref{}, core.Invalid(FieldBranch, "%s.", err)
		}
	}
	switch {
	case commit == "", strings.EqualFold(commit, head):
	case IsCommit(strings.ToLower(commit)):
		r.Commit = strings.ToLower(commit)
	default:
		return Ref{}, core.Invalid(FieldCommit, "A commit is given by all 40 of its hexadecimal digits, or as HEAD for the newest.")
	}
	return r, nil
}

// CheckName holds a name of a branch or tag against git's own rules (check-ref-format),
// and against characters that mean something to a shell, which names have no need of. The
// error is for a person.
func CheckName(name string) error {
	switch {
	case name == "" || name == "@":
		return fmt.Errorf("%q cannot be the name of a branch or tag", name)
	case len(name) > maxRef:
		return fmt.Errorf("the name of a branch or tag has at most %d characters", maxRef)
	case !utf8.ValidString(name):
		return fmt.Errorf("%q is not valid text", name)
	case strings.HasPrefix(name, "-"), strings.HasSuffix(name, "."), strings.Contains(name, ".."), strings.Contains(name, "@{"):
		return fmt.Errorf("%q cannot be the name of a branch or tag: it must not begin with \"-\", end with \".\" or hold \"..\" or \"@{\"", name)
	}
	if i := strings.IndexFunc(name, notInName); i >= 0 {
		r, _ := utf8.DecodeRuneInString(name[i:])
		return fmt.Errorf("%q cannot be the name of a branch or tag: %q is not allowed in it", name, r)
	}
	for _, part := range strings.Split(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return fmt.Errorf("%q cannot be the name of a branch or tag: no part between slashes may be empty, begin with \".\" or end with \".lock\"", name)
		}
	}
	return nil
}

func notInName(r rune) bool {
	return r <= ' ' || unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || strings.ContainsRune("~^:?*[\\$`;|&<>(){}'\"", r)
}

// PullRequest is the ref under which a kind of server ("github", "gitlab", "gitea") keeps
// the head of a pull request. Others, "bitbucket" among them, have none: there the commit
// is fetched by itself, or by the branch that it came from.
func PullRequest(server string, number int) (Ref, bool) {
	pattern, ok := map[string]string{
		"github": "refs/pull/%d/head", "gitea": "refs/pull/%d/head", "gitlab": "refs/merge-requests/%d/head",
	}[server]
	if !ok || number <= 0 {
		return Ref{}, false
	}
	return Ref{Full: fmt.Sprintf(pattern, number)}, true
}

// patterns are what ls-remote is asked for.
func (r Ref) patterns() []string {
	switch {
	case r.Full != "":
		return []string{r.Full, r.Full + "^{}"}
	case r.Name != "":
		return []string{"refs/heads/" + r.Name, "refs/tags/" + r.Name, "refs/tags/" + r.Name + "^{}"}
	}
	return []string{head}
}

// String names the ref as a person would.
func (r Ref) String() string {
	switch {
	case r.Commit != "":
		return "commit " + r.Commit
	case r.Full != "":
		return r.Full
	case r.Name != "":
		return "branch or tag " + strconv.Quote(r.Name)
	}
	return "the default branch"
}
