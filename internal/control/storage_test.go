package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// database gives the owner a PostgreSQL database, and the call that mounts something.
func (w *world) database(t testing.TB) (core.ID, func(control.StorageInput) (core.Storage, error)) {
	t.Helper()
	return w.another(t, w.furnish(t, w.owner))
}

func (w *world) another(t testing.TB, x ids) (core.ID, func(control.StorageInput) (core.Storage, error)) {
	t.Helper()
	id := must(w.c.CreateDatabase(t.Context(), w.owner, "postgresql", x.databaseInput()))(t).Database.UUID
	return id, func(in control.StorageInput) (core.Storage, error) {
		return w.c.CreateStorage(t.Context(), w.owner, core.KindDatabase, id, in)
	}
}

func TestStorages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, mount := w.database(t)
	ctx := t.Context()
	v := must(mount(control.StorageInput{MountPath: " /var/Extra "}))(t)
	if v.Name != string(id)+"-var-extra" || v.MountPath != "/var/Extra" || v.IsFile || v.IsReadOnly || v.FsPath != "" {
		t.Errorf("volume %+v", v)
	}
	named := must(mount(control.StorageInput{Name: " wal ", MountPath: " /wal "}))(t)
	if named.Name != string(id)+"-wal" || named.MountPath != "/wal" {
		t.Errorf("volume %+v", named)
	}
	file := must(mount(control.StorageInput{IsFile: true, MountPath: "/etc/a/b.conf", Content: core.NewSecret("x = 1\r\n"), Chmod: "0640"}))(t)
	if file.FsPath != "storages/etc/a/b.conf" || file.Content.Reveal() != "x = 1\r\n" || file.Chmod != "0640" || file.Name != "" || !file.IsFile {
		t.Errorf("file %+v", file)
	}
	folder := must(mount(control.StorageInput{IsFile: true, IsDirectory: true, MountPath: "/srv/data", FsPath: "mine/data"}))(t)
	if folder.FsPath != "storages/mine/data" || !folder.IsDirectory {
		t.Errorf("folder %+v", folder)
	}
	list := must(w.c.ListStorages(ctx, w.owner, core.KindDatabase, id))(t)
	again := must(w.c.ListStorages(ctx, w.owner, core.KindDatabase, id))(t)
	if len(list) != 5 || !list[0].IsReadOnly || !list[0].UUID.Valid() || list[0].UUID != again[0].UUID || list[0].MountPath == "" ||
		list[0].Owner != file.Owner || list[4].UUID != folder.UUID {
		t.Fatalf("listed %+v", list)
	}
	changed := must(w.c.UpdateStorage(ctx, w.owner, core.KindDatabase, id, named.UUID, control.StoragePatch{MountPath: ptr("/wal2"), Name: ptr("log")}))(t)
	if changed.UUID != named.UUID || changed.MountPath != "/wal2" || changed.Name != string(id)+"-log" {
		t.Errorf("changed %+v", changed)
	}
	changed = must(w.c.UpdateStorage(ctx, w.owner, core.KindDatabase, id, file.UUID, control.StoragePatch{Content: secret("y")}))(t)
	if changed.Content.Reveal() != "y" || changed.MountPath != file.MountPath || changed.FsPath != file.FsPath || changed.Chmod != "0640" {
		t.Errorf("changed %+v", changed)
	}
	if err := w.c.DeleteStorage(ctx, w.owner, core.KindDatabase, id, named.UUID); err != nil {
		t.Error(err)
	}
	wantCode(t, w.c.DeleteStorage(ctx, w.owner, core.KindDatabase, id, named.UUID), core.CodeNotFound, "Storage not found.")
	data := list[0].UUID
	wantFields(t, w.c.DeleteStorage(ctx, w.owner, core.KindDatabase, id, data), "uuid")
	_, err := w.c.UpdateStorage(ctx, w.owner, core.KindDatabase, id, data, control.StoragePatch{MountPath: ptr("/x")})
	wantFields(t, err, "uuid")
	x := w.furnish(t, w.otherTeam(t))
	_, err = w.c.ListStorages(ctx, w.owner, core.KindService, x.service)
	wantCode(t, err, core.CodeNotFound, "Service not found.")
}

func TestServicesHaveTheirStoragesInTheirText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	_, err := w.c.CreateStorage(t.Context(), w.owner, core.KindService, x.service, control.StorageInput{MountPath: "/x"})
	wantCode(t, err, core.CodeInvalid, "")
}

func TestStoragesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, mount := w.database(t)
	data := must(w.c.ListStorages(t.Context(), w.owner, core.KindDatabase, id))(t)[0].MountPath
	must(mount(control.StorageInput{MountPath: "/taken"}))(t)
	must(mount(control.StorageInput{IsFile: true, MountPath: "/taken-too", FsPath: "a/b"}))(t)
	before := w.dump(t)
	paths := append(payloads(), "", "/", "relative", "./x", "../x", "/a/../b", "/a//b", "/a/", "/a/.", "/a/./b", "~/x", "/a b", "/a:ro", "/a,b", "/ä", "C:\\x",
		data, data+"/pgdata", data[:strings.LastIndex(data, "/")], "/var", "/var/lib", "/proc", "/proc/self", "/sys/fs", "/dev", "/dev/shm", "/run", "/run/taffrail", "/run/taffrail/x",
		"/taken", "/taken-too", "/"+strings.Repeat("x", 255))
	for _, at := range paths {
		for _, isFile := range []bool{false, true} {
			in := control.StorageInput{IsFile: isFile, MountPath: at, Name: "n", FsPath: "f"}
			if isFile {
				in.Name = ""
			} else {
				in.FsPath = ""
			}
			_, err := mount(in)
			wantFields(t, err, "mount_path")
		}
	}
	for name, c := range map[string]struct {
		in     control.StorageInput
		fields []string
	}{
		"path of the server":      {control.StorageInput{MountPath: "/x", HostPath: "/srv/x"}, []string{"host_path"}},
		"bad path of the server":  {control.StorageInput{MountPath: "/x", HostPath: "/srv/../etc"}, []string{"host_path"}},
		"volume with content":     {control.StorageInput{MountPath: "/x", Content: core.NewSecret("x")}, []string{"type"}},
		"volume with a mode":      {control.StorageInput{MountPath: "/x", Chmod: "644"}, []string{"type"}},
		"file on the server":      {control.StorageInput{IsFile: true, MountPath: "/x", HostPath: "/etc/passwd"}, []string{"host_path"}},
		"too much":                {control.StorageInput{IsFile: true, MountPath: "/x", Content: core.NewSecret(strings.Repeat("x", 1<<20+1))}, []string{"content"}},
		"NUL":                     {control.StorageInput{IsFile: true, MountPath: "/x", Content: core.NewSecret("a\x00b")}, []string{"content"}},
		"no text":                 {control.StorageInput{IsFile: true, MountPath: "/x", Content: core.NewSecret("\xff")}, []string{"content"}},
		"folder with content":     {control.StorageInput{IsFile: true, IsDirectory: true, MountPath: "/x", Content: core.NewSecret("a")}, []string{"content"}},
		"decimal mode":            {control.StorageInput{IsFile: true, MountPath: "/x", Chmod: "689"}, []string{"chmod"}},
		"set-user-id":             {control.StorageInput{IsFile: true, MountPath: "/x", Chmod: "4755"}, []string{"chmod"}},
		"symbolic mode":           {control.StorageInput{IsFile: true, MountPath: "/x", Chmod: "u+x"}, []string{"chmod"}},
		"place of another file":   {control.StorageInput{IsFile: true, MountPath: "/x", FsPath: "storages/a/b"}, []string{"fs_path"}},
		"above another file":      {control.StorageInput{IsFile: true, MountPath: "/x", FsPath: "a"}, []string{"fs_path"}},
		"below another file":      {control.StorageInput{IsFile: true, MountPath: "/x", FsPath: "a/b/c"}, []string{"fs_path"}},
		"several faults":          {control.StorageInput{IsFile: true, MountPath: "x", Chmod: "9", FsPath: ".."}, []string{"mount_path", "chmod", "fs_path"}},
		"name of another's":       {control.StorageInput{MountPath: "/x", Name: "a/../b"}, []string{"name"}},
		"name with options":       {control.StorageInput{MountPath: "/x", Name: "a:/etc"}, []string{"name"}},
		"name that is an option":  {control.StorageInput{MountPath: "/x", Name: "x --opt"}, []string{"name"}},
		"name that is a command":  {control.StorageInput{MountPath: "/x", Name: "$(id)"}, []string{"name"}},
		"name that is too long":   {control.StorageInput{MountPath: "/x", Name: strings.Repeat("x", 256)}, []string{"name"}},
		"folder of the files":     {control.StorageInput{IsFile: true, IsDirectory: true, MountPath: "/x", FsPath: "storages/."}, []string{"fs_path"}},
		"folder of the files too": {control.StorageInput{IsFile: true, IsDirectory: true, MountPath: "/x", FsPath: "."}, []string{"fs_path"}},
	} {
		_, err := mount(c.in)
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
		wantFields(t, err, c.fields...)
	}
	for _, at := range append(payloads(), "/etc/cron.d/x", "../x", "a/../../b", "a//b", "a/", "./a", "/data/taffrail/databases/x") {
		if strings.HasPrefix(at, "-") || at == "%0aid" { // these do no harm: the path begins with our own folder, and nobody decodes it
			continue
		}
		_, err := mount(control.StorageInput{IsFile: true, MountPath: "/x", FsPath: at})
		wantFields(t, err, "fs_path")
	}
	if w.dump(t) != before {
		t.Error("a refused storage was stored")
	}
}

func TestPathsOfTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	id, mount := w.another(t, x)
	ctx := t.Context()
	must(w.c.UpdateTeam(ctx, w.owner, control.TeamPatch{AllowHostAccess: ptr(true)}))(t)
	for _, at := range []string{"/var/run/docker.sock", "/run/docker.sock", "/x/docker.sock", "/proc", "/proc/1/root", "/sys", "/dev/sda", "/", "/srv/../etc", "srv"} {
		_, err := mount(control.StorageInput{MountPath: "/x", HostPath: at})
		wantFields(t, err, "host_path")
	}
	s := must(mount(control.StorageInput{MountPath: "/x", HostPath: "/srv/x"}))(t)
	// The right is gone, and with it the right to change what it brought about.
	must(w.c.UpdateTeam(ctx, w.owner, control.TeamPatch{AllowHostAccess: ptr(false)}))(t)
	_, err := w.c.UpdateStorage(ctx, w.owner, core.KindDatabase, id, s.UUID, control.StoragePatch{MountPath: ptr("/y")})
	wantFields(t, err, "host_path")
	s = must(w.c.UpdateStorage(ctx, w.owner, core.KindDatabase, id, s.UUID, control.StoragePatch{MountPath: ptr("/y"), HostPath: ptr("")}))(t)
	if s.HostPath != "" || !strings.HasPrefix(s.Name, string(id)+"-") {
		t.Errorf("volume %+v", s)
	}
	// Other databases have their own volumes, even when they are called the same.
	_, other := w.another(t, x)
	if o := must(other(control.StorageInput{MountPath: "/x", Name: strings.TrimPrefix(s.Name, string(id)+"-")}))(t); o.Name == s.Name {
		t.Errorf("two databases share the volume %s", s.Name)
	}
	if o := must(other(control.StorageInput{MountPath: "/z", Name: s.Name}))(t); o.Name == s.Name {
		t.Errorf("a database takes the volume %s of another", s.Name)
	}
	if got := must(w.c.ListStorages(ctx, w.owner, core.KindDatabase, id))(t); !slices.ContainsFunc(got, func(o core.Storage) bool { return o.UUID == s.UUID }) {
		t.Errorf("listed %+v", got)
	}
}
