package engine

import "github.com/taffrail/taffrail/internal/core"

// Dump says how these databases, or all, are dumped, and read back into db. Without names
// it is the one of db's own. An engine that has no databases by name dumps everything.
func (s *Spec) Dump(db core.Database, databases []string, all bool) (Dump, error) {
	const field = "databases_to_backup"
	sc := s.scope(db)
	if sc.Name = sc.Database; len(databases) == 1 {
		sc.Name = databases[0]
	}
	for _, name := range databases {
		if !databaseForm.MatchString(name) {
			return Dump{}, core.Invalid(field, "%q cannot be dumped by name: a name has letters, digits and . _ - $ @, at most 63. "+
				"Dump all databases instead.", name)
		}
	}
	d := s.all
	var names []string
	switch {
	case all:
	case s.one == nil && s.many == nil && len(databases) > 0:
		return Dump{}, core.Invalid(field, "%s has no databases by name: leave the field empty.", s.Title)
	case s.one == nil && len(databases) == 0:
	case s.one != nil && len(databases) <= 1:
		d = s.one
	case s.many == nil:
		return Dump{}, core.Invalid(field, "%s dumps one database or all at a time: make a schedule for each.", s.Title)
	default:
		d, names = s.many, databases
	}
	return Dump{Write: append(sc.words(d.write), names...), Read: sc.words(d.read), Extension: d.extension, Gzip: d.gzip}, nil
}
