package run

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// How often a long output says how far it is: after so long, then each time after twice
// as long as before, up to so long.
const (
	progressFirst = 10 * time.Second
	progressLast  = 5 * time.Minute
)

// tempPrefix begins the names of files that are not whole yet.
const tempPrefix = ".taffrail-"

// dataError is a fault of what a command reads or writes rather than of the command. To
// run it again would be of no use.
type dataError struct{ err error }

func (e *dataError) Error() string { return e.err.Error() }
func (e *dataError) Unwrap() error { return e.err }

// sink takes data into a file that is in its place only when it is whole. It may be
// abandoned while another goroutine writes.
type sink struct {
	what     string // it takes, for a person
	path     string // absolute
	root     *os.Root
	rest     string // path below root
	temp     string // where the data are until they are whole, below root
	note     string // file that names temp, for those who clean up behind a kill
	failFunc func(error)

	mu   sync.Mutex
	file *os.File     // nil: closed
	zip  *gzip.Writer // nil: as it comes
	to   io.Writer    // zip, or the file with sum
	sum  hash.Hash
	size int64 // of the file
	err  error // of the first write that failed
}

// openSink begins a file. failFunc is called once, when it can take no more.
func (e *executor) openSink(what, path string, compressed bool, failFunc func(error)) (*sink, error) {
	root, rest, err := e.openPlace(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be stored in %s: %w", what, path, err)
	}
	s := &sink{what: what, path: path, root: root, rest: rest, note: e.folder.part(), failFunc: failFunc, sum: sha256.New()}
	if err := s.open(); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("%s cannot be stored in %s: %w", what, path, err)
	}
	s.to = (*sinkFile)(s)
	if compressed {
		s.zip = gzip.NewWriter(s.to)
		s.to = s.zip
	}
	return s, nil
}

func (s *sink) open() error {
	dir := filepath.Dir(s.rest)
	if err := s.root.MkdirAll(dir, defaultDir); err != nil {
		return err
	}
	if info, err := s.root.Lstat(s.rest); err == nil && !info.Mode().IsRegular() {
		return errors.New("there is something else of that name")
	}
	s.temp = filepath.Join(dir, tempPrefix+core.RandomText(12, "abcdefghijklmnopqrstuvwxyz"))
	if err := replace(s.note, []byte(s.temp)); err != nil {
		return err
	}
	file, err := s.root.OpenFile(s.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, defaultFile)
	s.file = file
	return err
}

// sinkFile is the end of a sink at which the bytes of the file come out.
type sinkFile sink

func (s *sinkFile) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	_, _ = s.sum.Write(b[:n]) // never fails
	s.size += int64(n)
	return n, err
}

// Write implements io.Writer. After a failure, of which failFunc was told, what comes is
// thrown away, so that nobody is held up who is about to be ended.
func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return len(b), nil
	}
	if _, err := s.to.Write(b); err != nil {
		s.broken(err)
	}
	return len(b), nil
}

// broken gives up. What was written is removed at once: it may be what fills the disk
// that the spool waits for.
func (s *sink) broken(err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	s.err = &dataError{fmt.Errorf("%s cannot be stored in %s: %w (%s were written)", s.what, s.path, err, bytesText(s.size))}
	s.discard()
	s.failFunc(s.err)
}

// discard removes what is not whole.
func (s *sink) discard() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
		_ = s.root.Remove(s.temp)
	}
	_ = os.Remove(s.note)
}

// abandon removes what there is unless it was kept. It may be called again.
func (s *sink) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = errors.New("abandoned")
	}
	s.discard()
	_ = s.root.Close()
}

// keep puts the file into its place and says what it is. Nothing is left when it fails.
func (s *sink) keep(name string) (*core.Artifact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	if err := s.settle(); err != nil {
		s.broken(err)
		return nil, s.err
	}
	s.file = nil
	_ = os.Remove(s.note)
	return &core.Artifact{Name: name, Path: s.path, Size: s.size, SHA256: hex.EncodeToString(s.sum.Sum(nil))}, nil
}

func (s *sink) settle() error {
	if s.zip != nil {
		if err := s.zip.Close(); err != nil {
			return err
		}
	}
	if err := s.file.Chmod(defaultFile); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return err
	}
	if err := s.root.Rename(s.temp, s.rest); err != nil {
		return err
	}
	return syncDir(s.root, filepath.Dir(s.rest))
}

func (s *sink) written() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// progress says now and then how far something long is, until ctx ends.
func progress(ctx context.Context, written func() int64, say func(string)) {
	for wait := progressFirst; pause(ctx, wait) == nil; wait = min(2*wait, progressLast) {
		say(bytesText(written()))
	}
}

// openPlace opens the folder below which an absolute path lies that a run may use, and
// returns what is left of the path. No part of it is a link: os.Root keeps to its folder,
// but within the remote folder there is more than one resource.
func (e *executor) openPlace(path string) (*os.Root, string, error) {
	if !filepath.IsAbs(path) {
		return nil, "", errors.New("the path is not absolute")
	}
	base, rest, err := e.place(path)
	if err != nil {
		return nil, "", err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, "", err
	}
	part := ""
	for name := range strings.SplitSeq(rest, "/") {
		part = filepath.Join(part, name)
		info, err := root.Lstat(part)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			err = fmt.Errorf("%s is a link", filepath.Join(base, part))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = root.Close()
			return nil, "", err
		}
	}
	return root, rest, nil
}

// dropPart removes what a run that was ended by force had not written to its end.
func (f folder) dropPart() {
	data, err := os.ReadFile(f.part())
	if err != nil {
		return
	}
	if root, err := os.OpenRoot(f.remote()); err == nil {
		if strings.HasPrefix(filepath.Base(string(data)), tempPrefix) {
			_ = root.Remove(string(data))
		}
		_ = root.Close()
	}
	_ = os.Remove(f.part())
}

// bytesText is a number of bytes as people write it.
func bytesText(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	size, unit := float64(n)/1000, "kB"
	for _, next := range []string{"MB", "GB", "TB"} {
		if size < 999.95 {
			break
		}
		size, unit = size/1000, next
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}
