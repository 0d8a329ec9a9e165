package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	wire "github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/testenv"
)

// commands are what scripts may use besides the commands of testscript:
//
//	controller start NAME [FLAG…]   run a controller, wait until it answers, make a root token;
//	                                sets TAFFRAIL_URL, TAFFRAIL_TOKEN, and NAME_PID; again after
//	                                a stop it uses the same address and folder
//	controller kill NAME            SIGKILL
//	controller stop NAME            SIGTERM, and wait for exit code 0
//	engine NAME ENGINE [FLAG…]      make a standalone database; sets NAME to its uuid
//	freeport VAR                    set VAR to a port that nobody listens on
//	service NAME FILE [FLAG…]       make a service of a compose file; sets NAME to its uuid;
//	                                it is taken down when the script has ended
//	template NAME TYPE [FLAG…]      make a one-click service, likewise
//	sshserver NAME N [FLAG…]        add lab host N as a server
//	database VAR                    set VAR to the URL of a fresh database of the lab's PostgreSQL
//	exits CODE COMMAND…             run a command that must exit with this code
//	keep VAR                        put the output of the last command, trimmed, into a variable
//	awaitline UUID REGEXP           wait until the deployment's log has such a line
//	awaitstatus UUID STATUS         wait until the deployment has this status
//	dense UUID [STATUS]             the log is numbered 1..n without hole, and the deployment is so
//	counted UUID N                  the log has lines that end in "count 1" to "count N", each once
//	                                and in order
//	absent FOLDER TEXT…             no file below the folder has a text, plain or in base64
//	fault WORD…                     break something of the lab
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"controller":  controllerCommand,
		"service":     serviceCommand,
		"template":    templateCommand,
		"engine":      engineCommand,
		"freeport":    freePortCommand,
		"sshserver":   sshServerCommand,
		"database":    databaseCommand,
		"exits":       exitsCommand,
		"keep":        keepCommand,
		"awaitline":   awaitLineCommand,
		"awaitstatus": awaitStatusCommand,
		"dense":       denseCommand,
		"counted":     countedCommand,
		"absent":      absentCommand,
		"fault":       faultCommand,
	}
}

// want checks the number of arguments; most commands cannot be negated.
func want(ts *testscript.TestScript, neg bool, args []string, least int, usage string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

func controllerCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "controller start|kill|stop NAME [FLAG…]")
	w, name := of(ts), args[1]
	if args[0] == "start" {
		c, err := w.start(ts, name, args[2:])
		ts.Check(err)
		ts.Setenv("TAFFRAIL_URL", c.url())
		ts.Setenv(name+"_PID", strconv.Itoa(c.process.Process.Pid))
		ts.Check(ts.Exec("taffrail", append([]string{"token", "create", "--data", c.data, "--name", "e2e", "--abilities", "root"}, databaseFlags(args[2:])...)...))
		ts.Setenv("TAFFRAIL_TOKEN", strings.TrimSpace(ts.ReadFile("stdout")))
		return
	}
	w.mu.Lock()
	c := w.controllers[name]
	w.mu.Unlock()
	if c == nil {
		ts.Fatalf("there is no controller %s", name)
	}
	signal := syscall.SIGTERM
	if args[0] == "kill" {
		signal = syscall.SIGKILL
	}
	ts.Check(c.process.Process.Signal(signal))
	<-c.done
	if args[0] == "stop" && c.err != nil {
		ts.Fatalf("the controller did not stop in order: %v", c.err)
	}
}

// databaseFlags picks what a token for the same database needs.
func databaseFlags(flags []string) []string {
	var picked []string
	for i, f := range flags {
		if (f == "--database-url" || f == "--secret-key-file") && i+1 < len(flags) {
			picked = append(picked, flags[i:i+2]...)
		}
	}
	return picked
}

func serviceCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "service NAME FILE [FLAG…]")
	createService(ts, args[0], append([]string{"--file", args[1]}, args[2:]...)...)
}

// templateCommand makes a service of a template.
func templateCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "template NAME TYPE [FLAG…]")
	createService(ts, args[0], append([]string{"--type", args[1]}, args[2:]...)...)
}

func createService(ts *testscript.TestScript, name string, flags ...string) {
	ts.Check(ts.Exec("taffrail", append([]string{"services", "create", "--name", name}, flags...)...))
	uuid := strings.TrimSpace(ts.ReadFile("stdout"))
	ts.Setenv(name, uuid)
	w := of(ts)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.services = append(w.services, uuid)
}

// engineCommand makes a standalone database; "database" makes one in the lab's PostgreSQL.
func engineCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "engine NAME ENGINE [FLAG…]")
	ts.Check(ts.Exec("taffrail", append([]string{"databases", "create", args[1], "--name", args[0]}, args[2:]...)...))
	uuid, _, _ := strings.Cut(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	ts.Setenv(args[0], uuid)
	w := of(ts)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.engines = append(w.engines, uuid)
}

func freePortCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "freeport VAR")
	address, err := freeAddress()
	ts.Check(err)
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func sshServerCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "sshserver NAME N [FLAG…]")
	h, ok := testenv.FindSSH("TAFFRAIL_LAB_HOST" + args[1])
	if !ok {
		ts.Fatalf("there is no lab host %s", args[1])
	}
	ts.Check(ts.Exec("taffrail", append([]string{"servers", "add", h.Host, "--port", strconv.Itoa(h.Port), "--name", args[0]}, args[2:]...)...))
}

func databaseCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "database VAR")
	dsn, err := testenv.CreateDatabase(context.Background(), ts.Getenv("TAFFRAIL_LAB_POSTGRES"))
	ts.Check(err)
	ts.Setenv(args[0], dsn)
	w := of(ts)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.databases = append(w.databases, dsn)
}

func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "exits CODE COMMAND…")
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func keepCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "keep VAR")
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// errSeen ends a following that has found what it looked for.
var errSeen = errors.New("seen")

func awaitLineCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "awaitline UUID REGEXP")
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := api(ts).Follow(ctx, args[0], 0, func(l wire.LogLine) error {
		if pattern.MatchString(l.Output) {
			return errSeen
		}
		return nil
	})
	if err == nil {
		ts.Fatalf("the deployment ended as %s without a line like %q", d.Status, args[1])
	}
	if !errors.Is(err, errSeen) {
		ts.Check(err)
	}
}

func awaitStatusCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "awaitstatus UUID STATUS")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := api(ts).Follow(ctx, args[0], 0, func(wire.LogLine) error { return nil })
	ts.Check(err)
	if string(d.Status) != args[1] {
		ts.Fatalf("it ended as %s, want %s: %+v", d.Status, args[1], d.Outcome)
	}
}

func denseCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "dense UUID [STATUS]")
	c, ctx := api(ts), context.Background()
	d, err := c.GetDeployment(ctx, args[0])
	ts.Check(err)
	if len(args) > 1 && string(d.Status) != args[1] {
		ts.Fatalf("the deployment is %s, want %s: %+v", d.Status, args[1], d.Outcome)
	}
	last := int64(0)
	for more := true; more; {
		page, err := c.GetLog(ctx, args[0], last, 1000, true)
		ts.Check(err)
		for _, l := range page.Lines {
			if l.Order != last+1 {
				ts.Fatalf("line %d follows line %d", l.Order, last)
			}
			last = l.Order
		}
		more = page.More
	}
	if last == 0 {
		ts.Fatalf("the log is empty")
	}
	ts.Logf("%d lines without hole", last)
}

func countedCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "counted UUID N")
	most, err := strconv.Atoi(args[1])
	ts.Check(err)
	pattern := regexp.MustCompile(`\bcount (\d+)$`)
	next := 1
	_, err = api(ts).Follow(context.Background(), args[0], 0, func(l wire.LogLine) error {
		found := pattern.FindStringSubmatch(l.Output)
		if found == nil {
			return nil
		}
		if found[1] != strconv.Itoa(next) {
			return fmt.Errorf("line %d of the log has count %s, want %d", l.Order, found[1], next)
		}
		next++
		return nil
	})
	ts.Check(err)
	if next != most+1 {
		ts.Fatalf("the log counts to %d, want %d", next-1, most)
	}
}

func absentCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "absent FOLDER TEXT…")
	files := 0
	err := filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		files++
		for _, text := range args[1:] {
			for _, form := range []string{text, base64.StdEncoding.EncodeToString([]byte(text))[:len(text)]} {
				if bytes.Contains(content, []byte(form)) {
					ts.Fatalf("%s holds %q", path, form)
				}
			}
		}
		return err
	})
	ts.Check(err)
	ts.Logf("looked through %d files", files)
}

func faultCommand(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "fault WORD…")
	ts.Check(ts.Exec(ts.Getenv("TAFFRAIL_LAB_FAULT"), args...))
}
