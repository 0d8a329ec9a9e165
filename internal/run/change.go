package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	defaultFile = 0o600
	defaultDir  = 0o700
	// parentDir is the mode of folders that only lead to a file. Containers that do
	// not run as root reach files through them; the resource's own folder is closed.
	parentDir = 0o755
)

// change writes and deletes files.
func (e *executor) change(ctx context.Context, number int, step Step) error {
	for _, f := range step.Files {
		if err := e.put(f); err != nil {
			if f.Check {
				return fmt.Errorf("%s cannot be used: %w", f.Path, err)
			}
			return fmt.Errorf("%s cannot be written: %w", f.Path, err)
		}
	}
	for _, path := range step.Delete {
		if err := e.remove(path); err != nil {
			return fmt.Errorf("%s cannot be deleted: %w", path, err)
		}
		e.info(ctx, number, "Deleted "+path)
	}
	return nil
}

// place splits a path into a folder that must not be left and the rest. That no link
// on the way leads out is os.Root's work.
func (e *executor) place(path string) (base, rest string, err error) {
	if !filepath.IsAbs(path) {
		if !filepath.IsLocal(path) || filepath.Clean(path) == "." {
			return "", "", errors.New("the path leaves the resource's folder")
		}
		return e.script.Dir, filepath.Clean(path), nil
	}
	rest, err = filepath.Rel(e.folder.remote(), path)
	if err != nil || !filepath.IsLocal(rest) {
		return "", "", fmt.Errorf("the path is not below %s", e.folder.remote())
	}
	first, _, deeper := strings.Cut(rest, "/")
	if !deeper || slices.Contains([]string{"runs", "bin"}, first) {
		return "", "", errors.New("the path is not a resource's")
	}
	return e.folder.remote(), rest, nil
}

func (e *executor) put(f File) error {
	base, path, err := e.place(f.Path)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if f.Check {
		return check(root, path)
	}
	if dir := filepath.Dir(path); dir != "." {
		if err := root.MkdirAll(dir, parentDir); err != nil {
			return err
		}
	}
	if f.IsDir {
		return putDir(root, path, f.Mode)
	}
	return putFile(root, path, f)
}

// check follows the links of a path.
func check(root *os.Root, path string) error {
	if _, err := root.Stat(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// putDir leaves a folder that is there as it is: its owner and mode may be what the
// program in a container made them.
func putDir(root *os.Root, path string, mode uint32) error {
	if mode == 0 {
		mode = defaultDir
	}
	err := root.Mkdir(path, fs.FileMode(mode).Perm())
	if errors.Is(err, fs.ErrExist) {
		info, err := root.Stat(path)
		if err == nil && !info.IsDir() {
			err = errors.New("there is a file of that name")
		}
		return err
	}
	if err == nil {
		err = root.Chmod(path, fs.FileMode(mode).Perm()) // whatever the umask is
	}
	return err
}

// putFile writes a file, unless it is there already just so: a file that is mounted
// into a running container keeps its inode then.
func putFile(root *os.Root, path string, f File) error {
	mode := fs.FileMode(f.Mode).Perm()
	if mode == 0 {
		mode = defaultFile
	}
	info, err := root.Lstat(path)
	if err == nil && info.IsDir() {
		return errors.New("there is a folder of that name")
	}
	if err == nil && info.Mode() == mode {
		if now, err := root.ReadFile(path); err == nil && bytes.Equal(now, []byte(f.Content)) {
			return nil
		}
	}
	name := ".taffrail-" + core.RandomText(12, "abcdefghijklmnopqrstuvwxyz")
	tmp := filepath.Join(filepath.Dir(path), name)
	if err := writeNew(root, tmp, mode, f.Content); err != nil {
		_ = root.Remove(tmp)
		return err
	}
	if err := root.Rename(tmp, path); err != nil {
		_ = root.Remove(tmp)
		return err
	}
	return syncDir(root, filepath.Dir(path))
}

func writeNew(root *os.Root, path string, mode fs.FileMode, content string) error {
	file, err := root.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, defaultFile)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncDir(root *os.Root, path string) error {
	dir, err := root.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (e *executor) remove(path string) error {
	if !filepath.IsAbs(path) {
		return errors.New("the path is not absolute")
	}
	base, rest, err := e.place(path)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return root.RemoveAll(rest)
}
