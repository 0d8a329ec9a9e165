package git

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/host"
)

// script does all that is done with git on a server.
//
//go:embed git.sh
var script string

// Resolved is what a Ref stands for.
type Resolved struct {
	Commit string
	// Ref is the full name that led to the commit. It is empty for a commit that was
	// given as such, and HEAD for a default branch whose name the server does not tell.
	Ref string
}

// Branch is the name of the branch, empty if it is none.
func (r Resolved) Branch() string {
	name, ok := strings.CutPrefix(r.Ref, "refs/heads/")
	if !ok {
		return ""
	}
	return name
}

// Resolve is the command that asks the remote what a ref stands for; Read understands its
// answer. For a ref with a commit nobody has to be asked: see Ref.Known. It is run on the
// server that will build, with a limit of the caller's. folder is the absolute folder of
// the resource there: known host keys are looked up and remembered in it once it exists.
func (r Remote) Resolve(ref Ref, folder string) host.Command {
	env := r.environ()
	if r.auth.HostKeys == "" && folder != "" {
		env["TAFFRAIL_GIT_KNOWN"] = path.Join(folder, cacheDir, knownFile)
	}
	argv := append([]string{"sh", "-c", script, scriptFile, "list", r.Repository.URL()}, ref.patterns()...)
	return host.Command{Argv: argv, Env: env, Stdin: strings.NewReader(r.auth.Key.Reveal())}
}

// Known is the answer for a ref that holds a commit.
func (r Ref) Known() (Resolved, bool) {
	return Resolved{Commit: r.Commit, Ref: r.at()}, r.Commit != ""
}

// at is where a ref's commit is to be looked for, as far as that is known without asking.
func (r Ref) at() string {
	if r.Name != "" {
		return "refs/heads/" + r.Name
	}
	return r.Full
}

// Read finds the commit of a ref in what the command of Resolve gave. Its errors are for
// a person: CodeBadRequest for a repository or a ref that is not there or may not be read,
// CodeUnavailable for a server that cannot be reached or has no git.
func (r Remote) Read(ref Ref, res host.Result) (Resolved, error) {
	if res.ExitCode != 0 {
		return Resolved{}, r.fault(res)
	}
	refs, symbolic := parseRefs(string(res.Stdout))
	patterns := ref.patterns()
	if ref.Name == "" && ref.Full == "" {
		if at := symbolic[head]; refs[head] != "" && at != "" {
			return Resolved{Commit: refs[head], Ref: at}, nil
		}
	}
	// What an annotated tag points to comes behind the tag, and goes before it.
	for _, name := range patterns {
		commit := refs[name]
		if peeled := refs[name+"^{}"]; peeled != "" {
			commit = peeled
		}
		if commit != "" {
			return Resolved{Commit: commit, Ref: name}, nil
		}
	}
	if len(refs) == 0 && ref == (Ref{}) {
		return Resolved{}, core.Errorf(core.CodeBadRequest, "The repository %s has no commits on its default branch. Push one, or name a branch.", r.Repository)
	}
	return Resolved{}, core.Errorf(core.CodeBadRequest, "There is no %s in the repository %s. Check the name, capital letters included.", ref, r.Repository)
}

// parseRefs reads the lines of ls-remote: "<commit>\t<name>", "ref: <name>\t<name>".
func parseRefs(text string) (refs, symbolic map[string]string) {
	refs, symbolic = map[string]string{}, map[string]string{}
	for line := range strings.Lines(text) {
		value, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		target, isSymbolic := strings.CutPrefix(value, "ref: ")
		switch {
		case !ok:
		case isSymbolic && CheckName(target) == nil:
			symbolic[name] = target
		case IsCommit(value):
			refs[name] = value
		}
	}
	return refs, symbolic
}

// cause is a kind of failure that git tells in words only; the script sets its language.
type cause struct {
	words *regexp.Regexp
	code  core.Code
	text  string // of %[1]s the repository, %[2]s its host
}

func causes() []cause {
	return []cause{
		{regexp.MustCompile(`is not on .* of the repository any more`), core.CodeBadRequest,
			"The commit is not in the repository %[1]s any more: it was deleted or replaced by a forced push. Deploy the newest one."},
		{regexp.MustCompile(`(?i)host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|no .* host key is known`), core.CodeBadRequest,
			"%[2]s shows another SSH host key than the one that is known. If its owner has changed it, remove the old one and deploy again."},
		{regexp.MustCompile(`(?i)permission denied \(|error in libcrypto|invalid format`), core.CodeBadRequest,
			"%[2]s refuses the deploy key for %[1]s. Add the public half of the key to the repository as a deploy key; read access is enough."},
		{regexp.MustCompile(`(?i)could not read username|authentication failed|access denied|HTTP Basic|returned error: 403`), core.CodeBadRequest,
			"The repository %[1]s does not exist, or it is private and may not be read this way. Check the address, or choose a deploy key or a GitHub App as its source."},
		{regexp.MustCompile(`(?i)not found|does not exist|does not appear to be a git repository|no such file|not accessible|access rights`), core.CodeBadRequest,
			"There is no repository %[1]s, or the credentials of its source may not read it."},
		{regexp.MustCompile(`(?i)transport '.*' not allowed`), core.CodeBadRequest,
			"The repository %[1]s sends elsewhere by a way that is not allowed."},
		{regexp.MustCompile(`(?i)could not resolve|connection|timed out|network is unreachable|no route|certificate|SSL|unable to access|hung up|requested URL returned error: 5`), core.CodeUnavailable,
			"%[2]s cannot be reached from the server that builds. Try again later, and check name resolution and firewall there."},
	}
}

func (r Remote) fault(res host.Result) error {
	text := strings.TrimSpace(string(res.Stderr))
	err := fmt.Errorf("exit code %d: %.2000s", res.ExitCode, text)
	fail := func(code core.Code, msg string) error {
		return &core.Error{Op: "ask the repository", Code: code, Msg: msg, Err: err}
	}
	if res.ExitCode == exitNoProgram {
		return fail(core.CodeUnavailable, "git is not installed on the server that builds. Install the package git there.")
	}
	for _, c := range causes() {
		if c.words.MatchString(text) {
			return fail(c.code, fmt.Sprintf(c.text, r.Repository, r.Repository.Host))
		}
	}
	return fail(core.CodeUnavailable, fmt.Sprintf("git cannot read the repository %s.", r.Repository))
}

// exitNoProgram is a shell's code for a program that is not there.
const exitNoProgram = 127

// Commit is what git knows of a commit.
type Commit struct {
	Author  string
	Email   string
	Time    time.Time
	Message string
}

// Title is the first line of the message.
func (c Commit) Title() string {
	title, _, _ := strings.Cut(c.Message, "\n")
	return title
}

// Describe is the command that tells about a commit that was checked out in a resource's
// absolute folder; ParseCommit reads what it prints.
func Describe(folder, commit string) host.Command {
	return host.Command{Argv: []string{"sh", path.Join(folder, cacheDir, scriptFile), "message", commit}}
}

// ParseCommit reads the answer of Describe.
func ParseCommit(text string) Commit {
	lines := strings.SplitN(strings.ToValidUTF8(text, "\ufffd"), "\n", 4)
	for len(lines) < 4 {
		lines = append(lines, "")
	}
	at, _ := time.Parse(time.RFC3339, lines[2])
	return Commit{Author: lines[0], Email: lines[1], Time: at.UTC(), Message: strings.TrimSpace(lines[3])}
}
