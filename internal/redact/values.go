package redact

// Values collects values that are secret, each once and none that is empty. The zero one
// is ready for use.
type Values struct {
	list []Value
	seen map[Value]bool
}

// Add adds a value under a name.
func (s *Values) Add(name, value string) {
	v := Value{Name: name, Value: value}
	if value == "" || s.seen[v] {
		return
	}
	if s.seen == nil {
		s.seen = map[Value]bool{}
	}
	s.seen[v] = true
	s.list = append(s.list, v)
}

// List returns the values in the order in which they were added.
func (s *Values) List() []Value { return s.list }
