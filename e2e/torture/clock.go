package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// clockFile holds the seconds by which clocks are wrong, 8 bytes. It is in the arena's own
// mounts.
const clockFile = "/run/taffrail-torture-clock"

// wrongClock is added to Go's package time: the machine's clock is everybody's, and a
// static program takes no library that stands before it. Like a real step, it moves the
// time of day and no timer.
const wrongClock = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var wrongMemory = func() []byte {
	fd, err := syscall.Open("` + clockFile + `", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	memory, _ := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	return memory
}()

func wrongBy() int64 {
	if len(wrongMemory) < 8 {
		return 0
	}
	return atomic.LoadInt64((*int64)(unsafe.Pointer(&wrongMemory[0])))
}
`

// clockOverlay is what makes a controller whose clock can be set.
func clockOverlay(ctx context.Context) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(strings.TrimSpace(string(out)), "src", "time")
	text, err := os.ReadFile(filepath.Join(folder, "time.go"))
	if err != nil {
		return nil, err
	}
	const asked = "	sec, nsec, mono := runtimeNow()\n"
	if n := strings.Count(string(text), "func Now() Time {\n"+asked); n != 1 {
		return nil, fmt.Errorf("time.Now of this Go is another one: look at %s", folder)
	}
	changed := strings.Replace(string(text), "func Now() Time {\n"+asked, "func Now() Time {\n"+asked+"	sec += wrongBy()\n", 1)
	return map[string]string{filepath.Join(folder, "time.go"): changed, filepath.Join(folder, "wrong.go"): wrongClock}, nil
}

// setClocks makes the clocks of an arena wrong by so many seconds. The file keeps its
// size: programs have it in their memory.
func setClocks(seconds int64) error {
	f, err := os.OpenFile(clockFile, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(seconds)), 0)
	return err
}
