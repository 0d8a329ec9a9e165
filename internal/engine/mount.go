package engine

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

var (
	mountForm  = regexp.MustCompile(`^/[A-Za-z0-9._@+=%#/-]+$`)
	volumeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$`)
)

// storages mounts the data volumes, and what the user adds to them.
func (r *rendering) storages(f faults) {
	data := r.spec.DataVolumes(r.in.Database)
	for _, v := range data {
		r.volume(v.Name, v.MountPath)
	}
	taken := map[string]bool{}
	options, _ := parseOptions(r.in.Database.Settings.DockerOptions, r.in.AllowHost)
	tmpfs, _ := options["tmpfs"].([]any)
	for _, one := range tmpfs {
		at, _, _ := strings.Cut(one.(string), ":")
		f.hides("custom_docker_run_options", at, data)
	}
	for _, st := range r.in.Storages {
		if st.IsReadOnly {
			continue // one of the data volumes
		}
		f.hides("mount_path", st.MountPath, data)
		if taken[st.MountPath] {
			f.add("mount_path", "has %s twice.", st.MountPath)
		}
		taken[st.MountPath] = true
		r.storage(f, st)
	}
}

// hides refuses a mount that is at, above or below the data, or what we put there.
func (f faults) hides(field, at string, data []core.Storage) {
	if !mountForm.MatchString(at) || path.Clean(at) != at {
		f.add(field, "has %q: a mount path begins with / and has letters, digits and . _ @ + = %% # -.", at)
		return
	}
	for _, own := range append(data, core.Storage{Name: "what Taffrail puts there", MountPath: inside}) {
		if within(at, own.MountPath) || within(own.MountPath, at) {
			f.add(field, "has %s, which would hide %s of %s.", at, own.MountPath, own.Name)
		}
	}
}

func within(p, of string) bool { return p == of || strings.HasPrefix(p, of+"/") }

func (r *rendering) storage(f faults, st core.Storage) {
	switch {
	case st.IsFile:
		r.mountFile(f, st)
	case st.HostPath != "" && !r.in.AllowHost:
		f.add("host_path", "has %s of the server: the team setting \"allow host access\" permits it.", st.HostPath)
	case st.HostPath != "" && (!mountForm.MatchString(st.HostPath) || path.Clean(st.HostPath) != st.HostPath):
		f.add("host_path", "has %q: a path begins with / and has letters, digits and . _ @ + = %% # -.", st.HostPath)
	case st.HostPath != "":
		r.bind(st.HostPath, st.MountPath, false)
	case !volumeForm.MatchString(st.Name):
		f.add("name", "has %q: the name of a volume has letters, digits and . _ -.", st.Name)
	default:
		// Volumes of a server have one space of names: no other database's may be meant.
		name := st.Name
		if uuid := string(r.in.Database.UUID); !strings.Contains(name, uuid) {
			name = uuid + "-" + name
		}
		r.volume(name, st.MountPath)
	}
}

func (r *rendering) volume(name, target string) {
	r.volumes[name] = map[string]any{"name": name}
	r.mounts = append(r.mounts, map[string]any{"type": "volume", "source": name, "target": target})
}

// mountFile takes a file with content of the user's. It lies in the database's folder,
// where nothing of ours is.
func (r *rendering) mountFile(f faults, st core.Storage) {
	at := strings.TrimPrefix(strings.TrimPrefix(st.FsPath, r.in.Dir), "/")
	top, _, _ := strings.Cut(at, "/")
	if !mountForm.MatchString("/"+at) || path.Clean("/"+at) != "/"+at || top == "run" || top == "proxy" || top == "initdb.d" || strings.HasPrefix(top, "docker-compose") {
		f.add("fs_path", "has %q, which is no place for a file of yours in the folder of the database.", st.FsPath)
		return
	}
	mode := uint64(0o644)
	if st.IsDirectory {
		mode = 0o755
	}
	if st.Chmod != "" {
		given, err := strconv.ParseUint(st.Chmod, 8, 32)
		if err != nil || given > 0o777 {
			f.add("chmod", "has %q: write three octal digits, like 644.", st.Chmod)
			return
		}
		mode = given
	}
	r.out.Files = append(r.out.Files, run.File{Path: at, Mode: uint32(mode), Content: st.Content.Reveal(), IsDir: st.IsDirectory})
	r.bind(at, st.MountPath, false)
}
