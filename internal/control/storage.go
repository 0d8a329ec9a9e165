package control

import (
	"context"
	"crypto/sha256"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	maxFile = 1 << 20 // bytes of a file that is mounted

	// storageFolder is where mounted files are, below the folder of their resource: out of
	// the way of what the resource itself has there.
	storageFolder = "storages"
)

var (
	volumePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	mountPattern  = regexp.MustCompile(`^(/[A-Za-z0-9._@+=%#-]+)+$`)
	modePattern   = regexp.MustCompile(`^0?[0-7]{3}$`)
	notSlug       = regexp.MustCompile(`[^a-z0-9]+`)
)

// StorageInput is a volume or a file that is to be mounted.
type StorageInput struct {
	IsFile      bool
	Name        string // of a volume; empty: made of the mount path
	MountPath   string
	HostPath    string // of a volume: mount this path of the server instead
	Content     core.Secret
	IsDirectory bool
	FsPath      string // of a file, below the folder of the resource; empty: made of the mount path
	Chmod       string // of a file; empty: 0644
}

// StoragePatch changes a storage; what is nil stays. A volume stays a volume, and a file a file.
type StoragePatch struct {
	Name      *string
	MountPath *string
	HostPath  *string
	Content   *core.Secret
	FsPath    *string
	Chmod     *string
}

// ListStorages returns what is mounted into a resource: first, read-only, what its kind
// brings along. Contents are empty unless p may see secrets.
func (c *Control) ListStorages(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) ([]core.Storage, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	h, err := c.hold(ctx, p, kind, id)
	if err != nil {
		return nil, err
	}
	out := slices.Concat([]core.Storage{}, h.brought, h.stored)
	for i := range out {
		out[i] = shownStorage(p, out[i])
	}
	return out, nil
}

// CreateStorage mounts something more. It is there from the next start on.
func (c *Control) CreateStorage(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID, in StorageInput) (core.Storage, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Storage{}, err
	}
	h, err := c.hold(ctx, p, kind, id)
	if err != nil {
		return core.Storage{}, err
	}
	s := h.storage(in)
	if err := c.checkStorage(ctx, p, h, s); err != nil {
		return core.Storage{}, err
	}
	s, err = c.deps.Databases.Storages.CreateStorage(ctx, p.TeamID, s)
	if err != nil {
		return core.Storage{}, named(instead(err, core.CodeConflict, mountTaken()), kind.Title())
	}
	c.did(ctx, p, "storage created", s.UUID)
	return shownStorage(p, s), nil
}

// UpdateStorage changes what is mounted, from the next start on.
func (c *Control) UpdateStorage(ctx context.Context, p auth.Principal, kind core.Kind, id, storage core.ID, in StoragePatch) (core.Storage, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Storage{}, err
	}
	h, err := c.hold(ctx, p, kind, id)
	if err != nil {
		return core.Storage{}, err
	}
	s, err := h.find(storage)
	if err != nil {
		return core.Storage{}, err
	}
	s = h.patch(s, in)
	if err := c.checkStorage(ctx, p, h, s); err != nil {
		return core.Storage{}, err
	}
	s, err = c.deps.Databases.Storages.UpdateStorage(ctx, p.TeamID, s)
	if err != nil {
		return core.Storage{}, named(instead(err, core.CodeConflict, mountTaken()), "Storage")
	}
	c.did(ctx, p, "storage updated", s.UUID)
	return shownStorage(p, s), nil
}

// DeleteStorage takes something away, from the next start on. The data of a volume stays
// on the server.
func (c *Control) DeleteStorage(ctx context.Context, p auth.Principal, kind core.Kind, id, storage core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	h, err := c.hold(ctx, p, kind, id)
	if err != nil {
		return err
	}
	if _, err := h.find(storage); err != nil {
		return err
	}
	if err := c.deps.Databases.Storages.DeleteStorage(ctx, p.TeamID, h.owner, storage); err != nil {
		return named(err, "Storage")
	}
	c.did(ctx, p, "storage deleted", storage)
	return nil
}

// hold is what a resource has mounted.
type hold struct {
	owner   core.Owner
	id      core.ID
	brought []core.Storage // by its kind
	stored  []core.Storage
}

func (c *Control) hold(ctx context.Context, p auth.Principal, kind core.Kind, id core.ID) (hold, error) {
	r, err := c.resource(ctx, p, kind, id)
	if err != nil {
		return hold{}, err
	}
	a, err := c.access(kind)
	if err != nil {
		return hold{}, err
	}
	if a.brings == nil {
		return hold{}, core.Invalid("uuid", "What a %s mounts is written in its own text: change it there.", kind)
	}
	h := hold{owner: core.Owner{Kind: kind, RowID: r.RowID}, id: id}
	if h.brought, err = a.brings(ctx, p.TeamID, id); err != nil {
		return hold{}, named(err, kind.Title())
	}
	for i := range h.brought {
		s := &h.brought[i]
		s.UUID, s.Owner, s.IsReadOnly = fixedID(string(id)+"/"+s.Name+s.MountPath), h.owner, true
	}
	h.stored, err = c.deps.Databases.Storages.ListStorages(ctx, p.TeamID, h.owner)
	return h, named(err, kind.Title())
}

// find finds a storage that may be changed.
func (h hold) find(id core.ID) (core.Storage, error) {
	if i := slices.IndexFunc(h.stored, func(s core.Storage) bool { return s.UUID == id }); i >= 0 {
		return h.stored[i], nil
	}
	if slices.ContainsFunc(h.brought, func(s core.Storage) bool { return s.UUID == id }) {
		return core.Storage{}, core.Invalid("uuid", "This volume holds the data of the %s and comes with it: it is read-only.", h.owner.Kind)
	}
	return core.Storage{}, core.NotFound("Storage")
}

func (h hold) storage(in StorageInput) core.Storage {
	s := core.Storage{
		UUID: core.NewID(), Owner: h.owner, IsFile: in.IsFile, Name: strings.TrimSpace(in.Name), MountPath: strings.TrimSpace(in.MountPath),
		HostPath: strings.TrimSpace(in.HostPath), Content: in.Content, IsDirectory: in.IsDirectory,
		FsPath: strings.TrimSpace(in.FsPath), Chmod: strings.TrimSpace(in.Chmod),
	}
	return h.filled(s)
}

func (h hold) patch(s core.Storage, in StoragePatch) core.Storage {
	trim(&s.Name, in.Name)
	trim(&s.MountPath, in.MountPath)
	trim(&s.HostPath, in.HostPath)
	set(&s.Content, in.Content)
	trim(&s.FsPath, in.FsPath)
	trim(&s.Chmod, in.Chmod)
	return h.filled(s)
}

// filled gives names that were left out, and puts names that were given where they
// cannot be anybody else's: volumes of a server have one space of names for all.
func (h hold) filled(s core.Storage) core.Storage {
	if s.IsFile {
		s.Name = ""
		if s.FsPath == "" {
			s.FsPath = strings.TrimPrefix(s.MountPath, "/")
		}
		if below := storageFolder + "/"; !strings.HasPrefix(s.FsPath, below) && !path.IsAbs(s.FsPath) {
			s.FsPath = below + s.FsPath
		}
		return s
	}
	if s.Name == "" {
		s.Name = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(s.MountPath), "-"), "-")
	}
	if prefix := string(h.id) + "-"; !strings.HasPrefix(s.Name, prefix) {
		s.Name = prefix + s.Name
	}
	return s
}

func (c *Control) checkStorage(ctx context.Context, p auth.Principal, h hold, s core.Storage) error {
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return err
	}
	f := faults{}
	f.mountPath(h, s)
	if s.IsFile {
		f.mountedFile(h, s)
	} else {
		f.volume(s, team.AllowHostAccess)
	}
	return f.err()
}

// mountPath checks where something is mounted in the container: nothing may hide the
// data, or what Taffrail itself puts there.
func (f faults) mountPath(h hold, s core.Storage) {
	const field = "mount_path"
	at := s.MountPath
	if !f.required(field, at) {
		return
	}
	if !validMount(at) {
		f.add(field, "The mount path field must be an absolute path of letters, digits and . _ @ + = %% # -, without dot folders.")
		return
	}
	for _, own := range []string{"/proc", "/sys", "/dev", "/run/taffrail"} {
		if within(at, own) || within(own, at) {
			f.add(field, "The mount path field must not be in or above %s.", own)
		}
	}
	for _, data := range h.brought {
		if within(at, data.MountPath) || within(data.MountPath, at) {
			f.add(field, "The mount path field must not be in or above %s, where the data is.", data.MountPath)
		}
	}
	for _, o := range h.stored {
		if o.UUID != s.UUID && o.MountPath == at {
			f.add(field, "Something is mounted at %s already.", at)
		}
	}
}

func (f faults) volume(s core.Storage, allowHost bool) {
	if !volumePattern.MatchString(s.Name) || len(s.Name) > maxText {
		f.add("name", "The name field may only contain letters, digits and _ . -.")
	}
	const field = "host_path"
	switch at := s.HostPath; {
	case at == "":
	case !validMount(at):
		f.add(field, "The host path field must be an absolute path of letters, digits and . _ @ + = %% # -, without dot folders.")
	case !allowHost:
		f.add(field, "Paths of the server are for teams that are allowed to use the host: leave the field out to have a volume.")
	case path.Base(at) == "docker.sock" || within(at, "/proc") || within(at, "/sys") || within(at, "/dev"):
		f.add(field, "%s of the server is nothing that a container may have.", at)
	}
	if !s.Content.Empty() || s.IsDirectory || s.FsPath != "" || s.Chmod != "" {
		f.add("type", "Content, fs_path, chmod and is_directory are for files.")
	}
}

func (f faults) mountedFile(h hold, s core.Storage) {
	content := s.Content.Reveal()
	switch {
	case len(content) > maxFile:
		f.add("content", "The content field must not be greater than 1 MiB.")
	case !utf8.ValidString(content) || strings.ContainsRune(content, 0):
		f.add("content", "The content field must be UTF-8 text without NUL.")
	case s.IsDirectory && content != "":
		f.add("content", "The content field is not for folders.")
	}
	if s.HostPath != "" {
		f.add("host_path", "The host path field is for volumes.")
	}
	if s.Chmod != "" && !modePattern.MatchString(s.Chmod) {
		f.add("chmod", "The chmod field must be three octal digits, like 644.")
	}
	f.fsPath(h, s)
}

// fsPath checks where a file is on the server, below the folder of its resource.
func (f faults) fsPath(h hold, s core.Storage) {
	if !validMount("/"+s.FsPath) || s.FsPath == storageFolder {
		f.add("fs_path", "The fs path field must be a relative path of letters, digits and . _ @ + = %% # -, without dot folders.")
	}
	for _, o := range h.stored {
		if o.UUID != s.UUID && o.IsFile && (within(o.FsPath, s.FsPath) || within(s.FsPath, o.FsPath)) {
			f.add("fs_path", "%s is the place of another file already.", o.FsPath)
		}
	}
}

// validMount says whether s is a clean absolute path below the root.
func validMount(s string) bool {
	return len(s) <= maxText && mountPattern.MatchString(s) && path.Clean(s) == s
}

// within says whether a path is, or is below, another.
func within(p, of string) bool { return p == of || strings.HasPrefix(p, of+"/") }

func mountTaken() error {
	return core.Invalid("mount_path", "Something is mounted there already.")
}

func shownStorage(p auth.Principal, s core.Storage) core.Storage {
	if !p.SeesSecrets() {
		s.Content = core.Secret{}
	}
	return s
}

// fixedID is an id that is the same for the same text whenever it is made.
func fixedID(text string) core.ID {
	const letters, symbols = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789"
	sum := sha256.Sum256([]byte(text))
	out := []byte{letters[int(sum[0])%len(letters)]}
	for _, b := range sum[1:24] {
		out = append(out, symbols[int(b)%len(symbols)])
	}
	return core.ID(out)
}
