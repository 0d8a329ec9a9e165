package engine

import (
	"path"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// changeFolder holds the files of a change, below a database's folder.
const changeFolder = "run/change"

// Change is how the users of a database get passwords other than those in its volume.
type Change struct {
	Files  []run.File // below the database's folder, for as long as it takes
	Ready  []string   // instead of that of Output: changes what is not changed yet, and then asks
	Folder string     // of the files, to be deleted afterwards
}

// Passwords are the values of the fields that are passwords, by the names of the fields.
func (s *Spec) Passwords(db core.Database) map[string]string {
	out := map[string]string{}
	for _, f := range s.Fields {
		if f.Role == RolePassword || f.Role == RoleRootPassword {
			out[f.Name] = db.Fields[f.Name].Reveal()
		}
	}
	return out
}

// Keeps says whether a value lies in the data volume from the first start on, so that
// another one in the settings does not change it.
func (s *Spec) Keeps(f Field) bool {
	return s.change != nil && (f.Role == RoleUser || f.Role == RoleDatabase)
}

// Change says how the passwords of db get into a volume that was made with others, by
// the names of their fields. There is none when nothing has changed, when nobody knows
// the old ones, and for engines that read their passwords at every start.
func (s *Spec) Change(db core.Database, had map[string]string) (Change, bool) {
	if s.change == nil || len(had) == 0 {
		return Change{}, false
	}
	sc, changed := s.scope(db), false
	for _, f := range s.Fields {
		old, known := had[f.Name]
		if !known {
			continue
		}
		switch f.Role {
		case RolePassword:
			sc.OldPassword, changed = old, changed || old != sc.Password
		case RoleRootPassword:
			sc.OldRootPassword, changed = old, changed || old != sc.RootPassword
		}
	}
	if !changed {
		return Change{}, false
	}
	out := Change{Folder: changeFolder, Files: []run.File{{Path: changeFolder, Mode: 0o755, IsDir: true}}}
	for _, f := range s.change.files {
		out.Files = append(out.Files, run.File{Path: path.Join("run", f.path), Mode: 0o644, Content: sc.content(f)})
	}
	out.Ready = append(sc.words(s.change.command), sc.words(s.ready)...)
	return out, true
}
