package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// ownerLock says that one process serves from a folder. It is a lock of the kernel on
// an open file, so it ends with the process however that ends.
type ownerLock struct{ file *os.File }

func lockFolder(dir, address string) (*ownerLock, error) {
	path := filepath.Join(dir, "taffrail.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unusable(path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, unusable(path, err)
		}
		return nil, core.Errorf(core.CodeConflict,
			"The data folder %s is in use by another Taffrail controller (%s). Stop that one first, or give this one another --data folder.", dir, lockHolder(path))
	}
	owner := fmt.Sprintf("pid %d", os.Getpid())
	if address != "" {
		owner += ", listening on " + address
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, owner+"\n")); err != nil {
		return nil, errors.Join(unusable(path, err), f.Close())
	}
	return &ownerLock{file: f}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func lockHolder(path string) string {
	text, err := os.ReadFile(path)
	if holder := strings.TrimSpace(string(text)); err == nil && holder != "" {
		return holder
	}
	return "it has not said which yet"
}

func (l *ownerLock) release() error {
	if l == nil {
		return nil
	}
	return l.file.Close() // the lock goes with the file; the file itself stays, or two could hold "it"
}

// waitForLock takes an exclusive lock on the file at path, and returns how to give it back.
func waitForLock(ctx context.Context, path string) (func() error, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-retry.C:
		}
	}
}
