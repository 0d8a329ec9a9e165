package run

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ports says which of the ports are another's, all in one error. A port may be taken
// between this and the start of the container that is to have it; Docker says so then,
// only not by whom.
func (e *executor) ports(ctx context.Context, p Ports) error {
	var busy []string
	list := slices.Clone(p.Ports)
	slices.Sort(list)
	for _, port := range slices.Compact(list) {
		if port < 1 || port > 65535 {
			return fmt.Errorf("%d is no port", port)
		}
		if e.free(ctx, port) {
			continue
		}
		holders, own, err := e.holders(ctx, p.Project, port)
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if own {
			continue
		}
		busy = append(busy, fmt.Sprintf("port %d is in use by %s", port, holders))
	}
	if len(busy) > 0 {
		return errors.New(strings.Join(busy, "; "))
	}
	return nil
}

// free tries a port on all addresses, of both families where there are both. That this
// user may not have the port says nothing: Docker may.
func (e *executor) free(ctx context.Context, port int) bool {
	for _, network := range []string{"tcp", "tcp4"} {
		var config net.ListenConfig
		l, err := config.Listen(ctx, network, ":"+strconv.Itoa(port))
		switch {
		case err == nil:
			_ = l.Close()
		case errors.Is(err, unix.EADDRINUSE):
			return false
		case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
			return len(listeners(port)) == 0
		}
	}
	return true
}

// holders names who has a port, or says that it is a container of the project itself.
// err says that Docker could not be asked.
func (e *executor) holders(ctx context.Context, project string, port int) (text string, own bool, err error) {
	t := &watcher{executor: e}
	// The first word of a line is the name, which holds no space, the rest the project.
	out, err := t.docker(ctx, []string{"docker", "ps", "--filter", "publish=" + strconv.Itoa(port),
		"--format", `{{.Names}} {{.Label "` + LabelProject + `"}}`})
	var names []string
	for line := range strings.Lines(string(out)) {
		name, of, _ := strings.Cut(strings.TrimSpace(line), " ")
		if of == project && project != "" {
			return "", true, nil
		}
		if name != "" {
			names = append(names, "the container "+name)
		}
	}
	if len(names) == 0 {
		names = programs(listeners(port))
	}
	if len(names) == 0 {
		names = []string{"another program"}
	}
	return strings.Join(names, " and "), false, err
}

// listeners are the inodes of the sockets that listen on a TCP port.
func listeners(port int) []string {
	var inodes []string
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		inodes = append(inodes, listenersIn(data, port)...)
	}
	return inodes
}

// listenersIn reads a table of the kernel: "sl local_address rem_address st …", where the
// tenth field is the inode, and state 0A listens.
func listenersIn(table []byte, port int) []string {
	var inodes []string
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != "0A" {
			continue
		}
		_, text, _ := strings.Cut(fields[1], ":")
		if local, err := strconv.ParseUint(text, 16, 16); err == nil && int(local) == port {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}

// programs names the processes that hold sockets, as far as this user may see them.
func programs(inodes []string) []string {
	if len(inodes) == 0 {
		return nil
	}
	var names []string
	for _, s := range processes(func(s stat) bool { return holdsSocket(s.pid, inodes) }) {
		names = append(names, fmt.Sprintf("%s (process %d)", s.name, s.pid))
		if len(names) == 3 {
			break // a server with many workers
		}
	}
	return names
}

func holdsSocket(pid int, inodes []string) bool {
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	names, err := readNames(dir)
	if err != nil {
		return false
	}
	for _, name := range names {
		link, err := os.Readlink(dir + name)
		inode, isSocket := strings.CutPrefix(link, "socket:[")
		if err == nil && isSocket && slices.Contains(inodes, strings.TrimSuffix(inode, "]")) {
			return true
		}
	}
	return false
}
