package run

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// source feeds a command from a file.
type source struct {
	file     *os.File
	zip      *gzip.Reader // nil: the command has the file itself
	pipe     *os.File     // what is unpacked goes into it
	failFunc func(error)
	done     chan struct{}
	err      error // after done
}

// openSource opens and checks what a command is to read, and makes it its standard
// input. failFunc is called once, when what comes cannot be unpacked.
func (e *executor) openSource(ctx context.Context, in Input, cmd *exec.Cmd, failFunc func(error)) (*source, error) {
	s := &source{failFunc: failFunc, done: make(chan struct{})}
	if err := s.open(ctx, e, in, cmd); err != nil {
		s.closeAll()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("its input %s cannot be read: %w", in.Path, err)
	}
	return s, nil
}

func (s *source) open(ctx context.Context, e *executor, in Input, cmd *exec.Cmd) error {
	var err error
	if s.file, err = e.openRegular(in.Path); err != nil {
		return err
	}
	if in.SHA256 != "" {
		if err := checkSHA256(ctx, s.file, in.SHA256); err != nil {
			return err
		}
	}
	if !in.Gunzip {
		cmd.Stdin = s.file
		return nil
	}
	if s.zip, err = gzip.NewReader(bufio.NewReaderSize(s.file, copySize)); err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdin, s.pipe = read, write
	return nil
}

// openRegular opens a file below the remote folder for reading.
func (e *executor) openRegular(path string) (*os.File, error) {
	root, rest, err := e.openPlace(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	// Nobody is to hold us up with a pipe in the file's place.
	file, err := root.OpenFile(rest, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, errors.Join(err, errors.New("it is no regular file"))
	}
	return file, nil
}

// checkSHA256 reads a file to its end and goes back to its beginning.
func checkSHA256(ctx context.Context, file *os.File, want string) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, &contextReader{ctx.Err, file}); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, want) {
		return fmt.Errorf("it is not what was written: its SHA-256 is %s, not %s", got, want)
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// contextReader stops reading when a context has ended.
type contextReader struct {
	endedFunc func() error
	io.Reader
}

func (r *contextReader) Read(b []byte) (int, error) {
	if err := r.endedFunc(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// feed begins to unpack, once the command has started.
func (s *source) feed() {
	if s.zip == nil {
		close(s.done)
		return
	}
	go func() {
		defer close(s.done)
		buf := make([]byte, copySize)
		for {
			n, err := s.zip.Read(buf)
			if n > 0 {
				if _, err := s.pipe.Write(buf[:n]); err != nil {
					return // it wants no more, and may be right
				}
			}
			if errors.Is(err, io.EOF) {
				_ = s.pipe.Close()
				return
			}
			if err != nil {
				// The pipe stays open: at its end the command would take what it has for all.
				s.err = &dataError{fmt.Errorf("its input %s cannot be unpacked: %w", s.file.Name(), err)}
				s.failFunc(s.err)
				return
			}
		}
	}()
}

// stop ends the feeding after the command has ended, and says whether it had failed.
func (s *source) stop() error {
	if s.pipe != nil {
		_ = s.pipe.Close()
	}
	<-s.done
	s.closeAll()
	return s.err
}

func (s *source) closeAll() {
	for _, f := range []*os.File{s.file, s.pipe} {
		_ = f.Close() // nil: an error, no panic
	}
}
