package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fault is one way to break something. strike breaks it, mends it after a while, and
// returns when it is whole again, also when ctx has ended.
type fault struct {
	name   string
	text   string // what happens, for a person
	group  string // two faults of one group are never made at a time
	weight int
	least  time.Duration
	most   time.Duration
	needs  func(a *arena) bool // nil: nothing
	strike func(ctx context.Context, a *arena, length time.Duration) error
}

const (
	ms  = time.Millisecond
	sec = time.Second
)

// faults is all that can be done.
func faults() []fault {
	hasDatabase := func(a *arena) bool { return a.database != nil }
	hasClock := func(a *arena) bool { return a.Clock }
	return []fault{
		{"controller-kill", "the controller is killed (SIGKILL) and started again", "controller", 10, 0, 300 * ms, nil, controllerKill},
		{"controller-kill-write", "the controller is killed in the middle of a write, or right behind it, and started again", "controller", 10, 0, 3 * ms,
			func(a *arena) bool { return a.database == nil }, controllerKillWrite},
		{"controller-pause", "the controller is stopped (SIGSTOP), longer than its lease or not", "controller", 3, 100 * ms, 6 * sec, nil, controllerPause},
		{"controller-restart", "the controller is ended in order (SIGTERM) and started again", "controller", 2, 0, 200 * ms, nil, controllerRestart},
		{"ssh-session-kill", "all sessions of sshd are killed", "ssh", 6, 0, 0, nil, sessionKill},
		{"sshd-restart", "sshd is killed with its sessions and started again", "ssh", 2, 50 * ms, 3 * sec, nil, sshdRestart},
		{"ssh-cut", "a proxy on the way to sshd resets all connections", "ssh", 6, 0, 0, nil, sshCut},
		{"ssh-delay", "a proxy on the way to sshd hands on small pieces, late", "ssh", 2, sec, 5 * sec, nil, sshDelay},
		{"net-drop", "packets from and to the server vanish (iptables DROP)", "net", 3, sec, 9 * sec, nil, netDrop},
		{"net-reset", "connections to the server are refused (iptables REJECT with tcp-reset)", "net", 3, 300 * ms, 5 * sec, nil, netReset},
		{"net-slow", "the way to the server has 400 kbit/s (tc)", "net", 2, sec, 6 * sec, nil, netSlow},
		{"browser-cut", "a proxy resets the connections of all observers", "browser", 6, 0, 0, nil, browserCut},
		{"browser-slow", "a proxy hands on small pieces to the observers, late", "browser", 2, sec, 4 * sec, nil, browserSlow},
		{"data-full", "the disk of the controller is full", "data", 3, 500 * ms, 5 * sec, func(a *arena) bool { return a.database == nil }, dataFull},
		{"target-full", "the disk of the server is full", "target", 3, 500 * ms, 5 * sec, nil, targetFull},
		{"database-kill", "PostgreSQL is killed and started again", "data", 4, 0, sec, hasDatabase, databaseKill},
		{"database-pause", "PostgreSQL is stopped (SIGSTOP)", "data", 3, 500 * ms, 6 * sec, hasDatabase, databasePause},
		{"dockerd-restart", "dockerd is killed with its containerd and started again", "docker", 3, 0, 2 * sec, func(a *arena) bool { return a.docker != nil }, dockerdRestart},
		{"clock-step", "the clock of the controller and of the server jumps by up to an hour, and back", "clock", 3, 500 * ms, 5 * sec, hasClock, clockStep},
	}
}

func listFaults(out io.Writer) {
	for _, f := range faults() {
		fmt.Fprintf(out, "%-20s %s\n", f.name, f.text)
	}
}

func controllerKill(ctx context.Context, a *arena, length time.Duration) error {
	err := a.controller.kill()
	_ = pause(ctx, length)
	return errors.Join(err, a.revive(ctx))
}

// controllerKillWrite waits for a write to the log of the database. With those that belong
// together in one transaction, it does not matter which one it is.
func controllerKillWrite(ctx context.Context, a *arena, length time.Duration) error {
	err := awaitWrite(ctx, filepath.Join(a.data.path, "taffrail.db-wal"), 2*sec)
	_ = pause(ctx, length)
	return errors.Join(err, controllerKill(ctx, a, 0))
}

// awaitWrite returns when a file is written to, or after a while.
func awaitWrite(ctx context.Context, path string, limit time.Duration) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return err
	}
	events := os.NewFile(uintptr(fd), "inotify")
	defer events.Close()
	defer context.AfterFunc(ctx, func() { _ = events.SetReadDeadline(time.Now()) })()
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_MODIFY); err != nil {
		return err
	}
	if err := events.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	_, _ = events.Read(make([]byte, 4096))
	return nil
}

// revive starts the controller, whatever keeps it from starting at first.
func (a *arena) revive(ctx context.Context) error {
	return insist(context.WithoutCancel(ctx), a.controller.start)
}

func controllerPause(ctx context.Context, a *arena, length time.Duration) error {
	err := a.controller.signal(syscall.SIGSTOP)
	_ = pause(ctx, length)
	return errors.Join(err, a.controller.signal(syscall.SIGCONT))
}

func controllerRestart(ctx context.Context, a *arena, length time.Duration) error {
	err := a.controller.end(syscall.SIGTERM)
	_ = pause(ctx, length)
	return errors.Join(err, a.revive(ctx))
}

func sessionKill(_ context.Context, a *arena, _ time.Duration) error {
	pids := a.sshd.children()
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	a.report.cut(len(pids))
	return nil
}

func sshdRestart(ctx context.Context, a *arena, length time.Duration) error {
	pids := a.sshd.children()
	err := a.sshd.kill()
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	a.report.cut(len(pids))
	_ = pause(ctx, length)
	return errors.Join(err, a.sshd.start(context.WithoutCancel(ctx)))
}

func sshCut(_ context.Context, a *arena, _ time.Duration) error {
	a.report.cut(a.ssh.cut())
	return nil
}

func sshDelay(ctx context.Context, a *arena, length time.Duration) error {
	a.ssh.slow(60*ms, 4<<10)
	defer a.ssh.slow(0, 0)
	_ = pause(ctx, length)
	return nil
}

func browserCut(_ context.Context, a *arena, _ time.Duration) error {
	a.report.cut(a.browser.cut())
	return nil
}

func browserSlow(ctx context.Context, a *arena, length time.Duration) error {
	a.browser.slow(20*ms, 700)
	defer a.browser.slow(0, 0)
	_ = pause(ctx, length)
	return nil
}

// rules are what iptables does with packets of the connections to the server.
func rules(ctx context.Context, do string, target ...string) error {
	var err error
	for _, end := range []string{"--dport", "--sport"} {
		rule := []string{"iptables", "-w", do, "INPUT", "-p", "tcp", end, strconv.Itoa(sshPort), "-j"}
		err = errors.Join(err, command(ctx, append(rule, target...)...))
	}
	return err
}

func netDrop(ctx context.Context, a *arena, length time.Duration) error {
	return filtered(ctx, a, length, "DROP")
}

func netReset(ctx context.Context, a *arena, length time.Duration) error {
	return filtered(ctx, a, length, "REJECT", "--reject-with", "tcp-reset")
}

func filtered(ctx context.Context, _ *arena, length time.Duration, target ...string) error {
	whole := context.WithoutCancel(ctx)
	err := rules(whole, "-A", target...)
	_ = pause(ctx, length)
	return errors.Join(err, rules(whole, "-D", target...))
}

func netSlow(ctx context.Context, _ *arena, length time.Duration) error {
	whole := context.WithoutCancel(ctx)
	port := strconv.Itoa(sshPort)
	err := errors.Join(
		command(whole, "tc", "qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb"),
		command(whole, "tc", "class", "add", "dev", "lo", "parent", "1:", "classid", "1:4", "htb", "rate", "400kbit", "burst", "8k"),
		command(whole, "tc", "qdisc", "add", "dev", "lo", "parent", "1:4", "handle", "4:", "tbf", "rate", "400kbit", "burst", "8k", "latency", "1s"),
		command(whole, "tc", "filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "prio", "1", "u32", "match", "ip", "sport", port, "0xffff", "flowid", "1:4"),
	)
	_ = pause(ctx, length)
	return errors.Join(err, command(whole, "tc", "qdisc", "del", "dev", "lo", "root"))
}

func dataFull(ctx context.Context, a *arena, length time.Duration) error {
	return filled(ctx, a.data, length)
}

func targetFull(ctx context.Context, a *arena, length time.Duration) error {
	return filled(ctx, a.target, length)
}

func filled(ctx context.Context, d *disk, length time.Duration) error {
	if err := d.fill(); err != nil {
		return err
	}
	_ = pause(ctx, length)
	return d.free()
}

// family are the processes of PostgreSQL, which have groups of their own each.
func family(p *process) []int { return append(p.children(), p.pid()) }

func databaseKill(ctx context.Context, a *arena, length time.Duration) error {
	for _, pid := range family(a.database) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	err := a.database.kill()
	_ = pause(ctx, length)
	return errors.Join(err, a.database.start(context.WithoutCancel(ctx)))
}

func databasePause(ctx context.Context, a *arena, length time.Duration) error {
	stopped := family(a.database)
	for _, pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	_ = pause(ctx, length)
	for _, pid := range stopped {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	return nil
}

// clockStep makes the clocks wrong by up to an hour, either way.
func clockStep(ctx context.Context, _ *arena, length time.Duration) error {
	err := setClocks(int64(length/ms*7919%7200) - 3600)
	_ = pause(ctx, length)
	return errors.Join(err, setClocks(0))
}
