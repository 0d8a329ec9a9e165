package git

import (
	"path"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// Names below the folder of a resource on its server.
const (
	// cacheDir holds the script, the known host keys and the repository, which later
	// deployments fetch into. No container may see it.
	cacheDir   = "git"
	scriptFile = "git.sh"
	knownFile  = "known_hosts"
)

// fetchRetries is how often what needs the network is tried again.
const fetchRetries = 2

// Checkout is one commit as a folder of files.
type Checkout struct {
	Remote Remote
	// Commit is the whole id, as Resolve gave it. Ref is where to find it on servers that
	// do not hand out single commits; empty: on any branch.
	Commit string
	Ref    string
	// Tree is the folder for the files, below the folder of the resource, which is the
	// script's. It is emptied first: choose another one than what containers have mounted.
	Tree       string
	Full       bool // all of the history instead of the commit alone
	Submodules bool
	LFS        bool
	// KeepGit leaves a .git in the folder, for builds that ask git about themselves.
	// Otherwise there is none, not even in submodules.
	KeepGit bool
	Inside  []Path
}

// Path is something that the commit must have, in its own tree once all links are
// followed: a base directory or a Dockerfile, clean as CleanPath returns it.
type Path struct {
	Name  string
	IsDir bool
}

// Steps are the steps that make the checkout, of a run whose folder is that of the
// resource. Only one run at a time may work in a folder. Nothing secret is on the server's
// disk after any of them, however it ends: a key is there for as long as one command runs.
// Tree and Inside must have gone through CleanPath; an error is *core.Error.
func (c Checkout) Steps() ([]run.Step, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	depth := "1"
	if c.Full {
		depth = "0"
	}
	url := c.Remote.Repository.URL()
	steps := []run.Step{
		{Name: "git", Title: "Preparing git.", Hidden: true, Files: []run.File{
			{Path: path.Join(cacheDir, scriptFile), Mode: 0o700, Content: script},
		}},
		c.remote("fetch", "Fetching "+url+".", "fetch", url, c.Commit, c.Ref, depth),
		c.local("checkout", "Checking out commit "+c.Commit+".", "checkout", c.Tree, c.Commit, flag(c.LFS)),
	}
	add := func(on bool, s run.Step) {
		if on {
			steps = append(steps, s)
		}
	}
	add(c.Submodules, c.remote("submodules", "Fetching submodules.", "submodules", c.Tree, depth))
	add(c.LFS, c.remote("lfs", "Fetching files from Git LFS.", "lfs", c.Tree))
	if c.Submodules || c.KeepGit {
		tidy := c.local("tidy", "Tidying the checkout.", "tidy", c.Tree, flag(c.KeepGit))
		tidy.Hidden = true
		steps = append(steps, tidy)
	}
	for _, p := range c.Inside {
		kind := "file"
		if p.IsDir {
			kind = "dir"
		}
		s := c.local("path", "Looking for "+p.Name+".", "within", c.Tree, kind, p.Name)
		s.Hidden = true
		steps = append(steps, s)
	}
	return steps, nil
}

func (c Checkout) check() error {
	switch {
	case !IsCommit(c.Commit):
		return core.Errorf(core.CodeBadRequest, "%.80q is no commit.", c.Commit)
	case c.Ref != "" && c.Ref != head && CheckName(c.Ref) != nil:
		return core.Errorf(core.CodeBadRequest, "%.80q is no branch or tag.", c.Ref)
	case c.Remote.Repository.Path == "":
		return core.Errorf(core.CodeBadRequest, "There is no repository to check out.")
	}
	for _, name := range append([]string{c.Tree}, names(c.Inside)...) {
		clean, err := CleanPath("path", name)
		if err != nil || clean != name {
			return core.Errorf(core.CodeBadRequest, "%.80q is no clean path.", name)
		}
	}
	if c.Tree == "." || strings.HasPrefix(c.Tree+"/", cacheDir+"/") {
		return core.Errorf(core.CodeBadRequest, "A repository cannot be checked out into %q.", c.Tree)
	}
	return nil
}

func names(paths []Path) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		out = append(out, p.Name)
	}
	return out
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// local is a step of the script that needs no network.
func (c Checkout) local(name, title string, args ...string) run.Step {
	argv := append([]string{"sh", path.Join(cacheDir, scriptFile)}, args...)
	return run.Step{Name: name, Title: title, Argv: argv}
}

// remote is a step that talks to the repository.
func (c Checkout) remote(name, title string, args ...string) run.Step {
	s := c.local(name, title, args...)
	s.Env, s.Stdin, s.Retries = c.Remote.environ(), c.Remote.auth.Key.Reveal(), fetchRetries
	s.Env["TAFFRAIL_GIT_KNOWN"] = path.Join(cacheDir, knownFile)
	return s
}
