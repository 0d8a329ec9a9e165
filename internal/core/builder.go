package core

// PickBuilder picks which of its team's servers builds an application that wants a build
// server: the one that it is deployed to, if that is one; otherwise always the same for as
// long as the usable build servers stay the same, since the build cache is there. False
// when there is none.
func PickBuilder(servers []Server, a Application) (Server, bool) {
	var usable []Server
	for _, s := range servers {
		if !s.Settings.IsBuildServer || !s.Facts.Usable {
			continue
		}
		if s.RowID == a.ServerID {
			return s, true
		}
		usable = append(usable, s)
	}
	if len(usable) == 0 {
		return Server{}, false
	}
	return usable[int(a.RowID%int64(len(usable)))], true
}
