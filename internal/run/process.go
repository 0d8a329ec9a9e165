package run

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cookieName is the environment variable by which every process that a run started,
// however far removed, is known as the run's.
const cookieName = "TAFFRAIL_RUN"

// stat is what /proc/<pid>/stat says of a process.
type stat struct {
	pid     int
	name    string
	state   byte
	session int
	started string
}

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	// The name is in parentheses and may hold anything, parentheses included.
	text := string(data)
	from, to := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from {
		return stat{}, errors.New("unknown format of /proc/<pid>/stat")
	}
	fields := strings.Fields(text[to+1:])
	if len(fields) < 20 {
		return stat{}, errors.New("unknown format of /proc/<pid>/stat")
	}
	session, _ := strconv.Atoi(fields[3])
	return stat{pid, text[from+1 : to], fields[0][0], session, fields[19]}, nil
}

// gone says whether the process has ended; a zombie has, though nobody fetched it.
func (s stat) gone() bool { return s.state == 'Z' || s.state == 'X' }

// bootID changes with every start of the machine, or of the container that plays one.
func bootID() string {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	id := strings.TrimSpace(string(boot))
	if first, err := readStat(1); err == nil {
		id += "/" + first.started
	}
	return id
}

// alive says whether the very process of the identity is there.
func (i Identity) alive() bool {
	s, err := readStat(i.PID)
	return err == nil && s.started == i.Started && !s.gone() && i.BootID == bootID()
}

// processes returns those for which match is true, without this process itself.
func processes(match func(stat) bool) []stat {
	names, err := readNames("/proc")
	if err != nil {
		return nil
	}
	var found []stat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		if s, err := readStat(pid); err == nil && !s.gone() && match(s) {
			found = append(found, s)
		}
	}
	return found
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return f.Readdirnames(-1)
}

// hasCookie says whether the process was started, by whatever way, by the run id.
func hasCookie(pid int, id string) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	cookie := []byte(cookieName + "=" + id)
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if bytes.Equal(entry, cookie) {
			return true
		}
	}
	return false
}

// launches says whether the process is, or is about to become, a launcher of the run id:
// its cookie is for those that it starts.
func launches(pid int, id string) bool {
	argv, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	words := bytes.Split(bytes.TrimSuffix(argv, []byte{0}), []byte{0})
	has := func(word string) bool {
		return slices.ContainsFunc(words, func(w []byte) bool { return string(w) == word })
	}
	return has("run") && has("launch") && has(id)
}

// signal sends sig to the very process s, never to another that has got its number.
func (s stat) signal(sig unix.Signal) {
	fd, err := unix.PidfdOpen(s.pid, 0)
	if err != nil && !errors.Is(err, unix.ENOSYS) {
		return
	}
	now, statErr := readStat(s.pid)
	same := statErr == nil && now.started == s.started
	if err != nil {
		if same {
			_ = unix.Kill(s.pid, sig)
		}
		return
	}
	defer func() { _ = unix.Close(fd) }()
	if same {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}
