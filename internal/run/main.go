package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/taffrail/taffrail/internal/core"
)

// The exit codes of the run command.
const (
	ExitOK       = 0
	ExitFailed   = 1
	ExitUsage    = 2
	ExitDead     = 3   // follow: the run is dead
	ExitMissing  = 4   // follow: there is no such run
	ExitFull     = 5   // there is no space on the disk
	ExitNotFound = 127 // command: there is no such program, as shells say it
)

const usage = "usage: taffrail run launch|exec|follow|status|kill|remove --root DIR --id ID [--from N]\n" +
	"       taffrail run command < {\"argv\": […], \"env\": {…}}\n"

// Command is what "run command" reads as the first line of its standard input. The
// command gets the rest of it. This way neither is seen in a list of processes.
type Command struct {
	Argv []string          `json:"argv"`
	Env  map[string]string `json:"env"`
}

// invocation is one call of the run command.
type invocation struct {
	root   string
	id     core.ID
	from   int64
	stdin  io.Reader
	stdout io.Writer
}

func (i invocation) dir() string { return filepath.Join(i.root, string(i.id)) }

// Main is the command "taffrail run", the target's side of package host. args are what
// follows "run". Answers are JSON on stdout, faults one line on stderr. It must be
// called before anything heavy is set up, since a deployment starts with it.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return ExitUsage
	}
	if args[0] == "command" {
		return becomeCommand(stdin, stderr)
	}
	i := invocation{stdin: stdin, stdout: stdout}
	flags := flag.NewFlagSet("run "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&i.root, "root", "", "folder of the runs")
	flags.StringVar((*string)(&i.id), "id", "", "id of the run")
	flags.Int64Var(&i.from, "from", 0, "offset to follow from")
	if err := flags.Parse(args[1:]); err != nil {
		return ExitUsage
	}
	act, known := map[string]func(context.Context) error{
		"launch": i.launch, "exec": i.exec, "follow": i.follow, "status": i.status, "kill": i.kill, "remove": i.remove,
	}[args[0]]
	if !known || !i.id.Valid() || !filepath.IsAbs(i.root) || flags.NArg() > 0 {
		_, _ = io.WriteString(stderr, usage)
		return ExitUsage
	}
	err := act(ctx)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "taffrail run %s: %v\n", args[0], err)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, ErrDead):
		return ExitDead
	case errors.Is(err, ErrMissing):
		return ExitMissing
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ExitFull
	}
	return ExitFailed
}

func (i invocation) launch(ctx context.Context) error {
	var script Script
	if err := json.NewDecoder(i.stdin).Decode(&script); err != nil {
		return fmt.Errorf("read script: %w", err)
	}
	if script.ID != i.id {
		return fmt.Errorf("the script is that of run %q", script.ID)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s, err := Launch(ctx, i.root, script, self)
	if err != nil {
		return err
	}
	return json.NewEncoder(i.stdout).Encode(s)
}

func (i invocation) exec(ctx context.Context) error {
	// A closed terminal or connection is none of the run's business. To ignore the
	// signal would be handed down to the commands, to take it is not.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return Exec(ctx, i.dir())
}

// follow ends when its input does: then the one who asked is gone, and with a silent
// run nobody would notice for a long time.
func (i invocation) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return Follow(ctx, i.dir(), i.from, i.stdout, &hangUp{i.stdin, cancel})
}

type hangUp struct {
	io.Reader
	cancelFunc context.CancelFunc
}

func (h *hangUp) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if err != nil {
		h.cancelFunc()
	}
	return n, err
}

func (i invocation) status(context.Context) error {
	s, err := Inspect(i.dir())
	if err != nil {
		return err
	}
	return json.NewEncoder(i.stdout).Encode(s)
}

func (i invocation) kill(ctx context.Context) error { return Kill(ctx, i.dir()) }

func (i invocation) remove(ctx context.Context) error { return Remove(ctx, i.dir()) }

// becomeCommand replaces this process by the command, so that its exit code, its
// signals and its streams need no go-between. It returns only when that fails.
func becomeCommand(stdin io.Reader, stderr io.Writer) int {
	line, err := readLine(stdin)
	var c Command
	if err == nil {
		err = json.Unmarshal(line, &c)
	}
	if err != nil || len(c.Argv) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return ExitUsage
	}
	env := slices.DeleteFunc(runnerEnv(os.Environ()), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, replaced := c.Env[name]
		return replaced
	})
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	path, err := exec.LookPath(c.Argv[0])
	if err == nil {
		err = syscall.Exec(path, c.Argv, env)
	}
	_, _ = fmt.Fprintf(stderr, "%s: %v\n", c.Argv[0], err)
	return ExitNotFound
}

// readLine reads byte by byte, since what follows is the command's.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	one := make([]byte, 1)
	for !bytes.Equal(one, []byte("\n")) {
		if _, err := io.ReadFull(r, one); err != nil {
			return nil, err
		}
		line = append(line, one[0])
	}
	return line, nil
}
