package application

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/build"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

var (
	mountForm  = regexp.MustCompile(`^/[A-Za-z0-9._@+=%#/-]+$`)
	volumeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$`)
)

// storages mounts what people add to a container.
func (s *setup) storages(f faults, t *target) {
	taken := map[string]bool{}
	var mounts []any
	for _, st := range t.Storages {
		mount, err := s.storage(t, st)
		switch {
		case !mountForm.MatchString(st.MountPath) || path.Clean(st.MountPath) != st.MountPath:
			err = fmt.Errorf("has %q: a mount path begins with / and has letters, digits and . _ @ + = %% # -", st.MountPath)
		case taken[st.MountPath]:
			err = fmt.Errorf("has %s twice", st.MountPath)
		}
		taken[st.MountPath] = true
		f.add("mount_path", err)
		mounts = append(mounts, mount)
	}
	if len(mounts) > 0 {
		s.Service["volumes"] = mounts
	}
}

func (s *setup) storage(t *target, st core.Storage) (map[string]any, error) {
	bind := func(source string) map[string]any {
		return map[string]any{"type": "bind", "source": source, "target": st.MountPath}
	}
	switch {
	case st.IsFile:
		at, err := s.file(t, st)
		return bind(path.Join(t.dir, at)), err
	case st.HostPath != "" && !t.AllowHost:
		return nil, fmt.Errorf("has %s of the server: the team setting \"allow host access\" permits it", st.HostPath)
	case st.HostPath != "" && (!mountForm.MatchString(st.HostPath) || path.Clean(st.HostPath) != st.HostPath):
		return nil, fmt.Errorf("has %q of the server: a path begins with / and has letters, digits and . _ @ + = %% # -", st.HostPath)
	case st.HostPath != "":
		return bind(st.HostPath), nil
	case !volumeForm.MatchString(st.Name):
		return nil, fmt.Errorf("has %q: the name of a volume has letters, digits and . _ -", st.Name)
	}
	name := t.volume(st.Name)
	if !slices.Contains(s.Volumes, name) {
		s.Volumes = append(s.Volumes, name)
	}
	return map[string]any{"type": "volume", "source": name, "target": st.MountPath}, nil
}

// volume is the name of a volume on its server, where all of them have one space of
// names: nobody else's may be meant, and a preview has its own.
func (t *target) volume(name string) string {
	if !strings.Contains(name, string(t.Application.UUID)) {
		name = string(t.Application.UUID) + "-" + name
	}
	return name + t.suffix()
}

// file takes a file with content of the user's. It lies in the application's folder, where
// nothing of ours is; what a container did there is checked before it is mounted again.
func (s *setup) file(t *target, st core.Storage) (string, error) {
	at := strings.TrimPrefix(strings.TrimPrefix(st.FsPath, t.dir), "/")
	top, _, _ := strings.Cut(at, "/")
	if !mountForm.MatchString("/"+at) || path.Clean("/"+at) != "/"+at || slices.Contains([]string{build.Folder, "git", composeFile, stopFile}, top) {
		return "", fmt.Errorf("has %q, which is no place for a file of yours in the folder of the application", st.FsPath)
	}
	mode := uint64(0o644)
	if st.IsDirectory {
		mode = 0o755
	}
	if st.Chmod != "" {
		given, err := strconv.ParseUint(st.Chmod, 8, 32)
		if err != nil || given > 0o777 {
			return "", fmt.Errorf("has the mode %q: write three octal digits, like 644", st.Chmod)
		}
		mode = given
	}
	s.Files = append(s.Files, run.File{Path: at, Mode: uint32(mode), Content: st.Content.Reveal(), IsDir: st.IsDirectory}, run.File{Path: at, Check: true})
	return at, nil
}
