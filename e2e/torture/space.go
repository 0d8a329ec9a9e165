package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// insideWord is the first argument of this program in its own namespaces.
const insideWord = "inside"

// arenaOptions is what an arena is told.
type arenaOptions struct {
	options
	Store string
	Dir   string
}

// enter runs this program anew in namespaces of its own and returns what it found. With
// the first process of the process namespace everything in it ends, and with that the
// mounts, rules and addresses are gone, however this ends.
func enter(ctx context.Context, o arenaOptions, out io.Writer) (report, error) {
	var r report
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return r, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", insideWord, string(text))
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	defer o.prune()
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("arena %s: %w", o.Store, err)
	}
	data, err := os.ReadFile(filepath.Join(o.Dir, reportFile))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}

// settle makes the namespaces a machine to live on: processes to be seen, a network with
// nothing but itself, and disks that can be filled up.
func (a *arena) settle(ctx context.Context) error {
	err := errors.Join(
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("proc", "/proc", "proc", 0, ""),
		unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"),
		os.MkdirAll("/run/sshd", 0o755),
		setClocks(0),
		// An MTU as on a cable: the rate limit counts in packets.
		command(ctx, "ip", "link", "set", "lo", "up", "mtu", "1500"),
	)
	for _, d := range []*disk{a.data, a.target} {
		err = errors.Join(err, d.mount())
	}
	return err
}

// command runs a program that says nothing when all is well.
func command(ctx context.Context, argv ...string) error {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %w: %s", argv, err, out)
	}
	return nil
}

// disk is a small disk in memory.
type disk struct {
	path string
	size int64
}

func (d *disk) mount() error {
	if err := os.MkdirAll(d.path, 0o755); err != nil {
		return err
	}
	return unix.Mount("tmpfs", d.path, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", d.size))
}

// fill leaves no space on the disk: it is made as small as what is on it.
func (d *disk) fill() error {
	var s unix.Statfs_t
	var err error
	for range 20 { // what is on it may grow meanwhile
		if err = unix.Statfs(d.path, &s); err != nil {
			return err
		}
		used := int64(s.Blocks-s.Bfree) * s.Bsize
		if err = d.resize(used); err == nil {
			return nil
		}
	}
	return err
}

// free gives it its space back.
func (d *disk) free() error { return d.resize(d.size) }

func (d *disk) resize(size int64) error {
	return unix.Mount("tmpfs", d.path, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("size=%d", size))
}

// runAs runs a program that says nothing as another user.
func runAs(ctx context.Context, as *syscall.Credential, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", argv, err, out)
	}
	return nil
}
