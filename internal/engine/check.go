package engine

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/taffrail/taffrail/internal/compose"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	maxConf     = 256 << 10 // of a configuration or an init script; what is mounted may be larger
	maxPassword = 255
	maxName     = 63
	maxSeconds  = 3600 * 24
)

var (
	// Names go into SQL, XML, shell texts and URLs: there is nothing to escape in them.
	userForm     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	databaseForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.$@-]{0,62}$`)
	ownForm      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`)
	scriptForm   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	imageForm    = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?/)?` +
		`[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[a-f0-9]{64})?$`)
)

// faults are what is wrong, by the names of fields.
type faults map[string][]string

func (f faults) add(field, format string, args ...any) {
	f[field] = append(f[field], "The "+strings.ReplaceAll(field, "_", " ")+" field "+fmt.Sprintf(format, args...))
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return &core.Error{Code: core.CodeInvalid, Msg: "Validation failed.", Fields: f}
}

// Check returns what is wrong with a database, by the names of fields as clients know
// them; nil when nothing is. allowHost is the team's leave to use the host.
func (s *Spec) Check(db core.Database, allowHost bool) map[string][]string {
	f := faults{}
	for name := range db.Fields {
		if _, known := s.Field(name); !known {
			f.add(name, "is not one of %s's.", s.Title)
		}
	}
	for _, field := range s.Fields {
		f.value(field, field.Name, db.Fields[field.Name].Reveal())
	}
	f.image(s, db.Image)
	set := db.Settings
	s.checkSSL(f, set)
	f.scripts(s, set.InitScripts)
	f.limits(set.Limits)
	f.health(set.Health)
	f.public(set.Public)
	if _, err := parseMappings(set.PortsMappings, set.Public); err != nil {
		f.add("ports_mappings", "%s", err)
	}
	if _, err := parseOptions(set.DockerOptions, allowHost); err != nil {
		f.add("custom_docker_run_options", "%s", err)
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// value checks the value of a field, which is called by another name where it comes from
// another place.
func (f faults) value(field Field, name, value string) {
	switch field.Role {
	case RolePassword, RoleRootPassword:
		f.password(name, value)
	case RoleConf:
		f.text(name, value)
	case RoleUser, RoleDatabase:
		form := ownForm
		if field.Role == RoleUser {
			form = userForm
		}
		limit := maxName
		if field.max > 0 {
			limit = field.max
		}
		switch {
		case value == "":
			f.add(name, "is required.")
		case len(value) > limit || !form.MatchString(value):
			f.add(name, "must have letters, digits, _ and -, begin with neither - nor, for a user, a digit, and have at most %d characters.", limit)
		case field.not != "" && strings.EqualFold(value, field.not):
			f.add(name, "must not be %q, which is there already.", field.not)
		}
	default:
		if len(value) > 1000 || !regexp.MustCompile(`^(?:`+field.form+`)$`).MatchString(value) {
			f.add(name, "must be as this says: %s.", field.Doc)
		}
	}
}

func (f faults) password(name, value string) {
	switch {
	case value == "":
		f.add(name, "is required.")
	case len(value) > maxPassword:
		f.add(name, "must not have more than %d bytes.", maxPassword)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		f.add(name, "must be UTF-8 text without control characters, like the end of a line.")
	}
}

func (f faults) text(name, value string) {
	if len(value) > maxConf {
		f.add(name, "must not be larger than %d KiB.", maxConf>>10)
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		f.add(name, "must be UTF-8 text without NUL.")
	}
}

func (f faults) image(s *Spec, image string) {
	const field = "image"
	other, known := OfImage(image)
	switch {
	case image == "":
		f.add(field, "is required.")
	case len(image) > maxPassword || !imageForm.MatchString(image):
		f.add(field, "must be the reference of an image, like %s.", s.Image)
	case known && other.Name != s.Name:
		f.add(field, "must be an image of %s: %s is one of %s.", s.Title, image, other.Title)
	case !known && IsDatabaseImage(image):
		f.add(field, "must be an image of %s: %s is one of another database.", s.Title, image)
	}
}

func (s *Spec) checkSSL(f faults, set core.DatabaseSettings) {
	if set.SSLMode != "" && !slices.Contains(s.SSLModes, set.SSLMode) {
		if len(s.SSLModes) == 0 {
			f.add("ssl_mode", "must be empty: %s knows no modes.", s.Title)
		} else {
			f.add("ssl_mode", "must be one of %s.", strings.Join(s.SSLModes, ", "))
		}
	}
}

func (f faults) scripts(s *Spec, list []core.InitScript) {
	const field = "init_scripts"
	if len(list) > 0 && len(s.scripts) == 0 {
		f.add(field, "must be empty: the image of %s runs no init scripts.", s.Title)
		return
	}
	seen := map[string]bool{}
	for _, one := range list {
		name := one.Filename
		ends := func(ending string) bool { return strings.HasSuffix(name, ending) && len(name) > len(ending) }
		switch {
		case !scriptForm.MatchString(name) || !slices.ContainsFunc(s.scripts, ends):
			f.add(field, "has %q: a name has letters, digits and . _ -, and ends in %s.", name, strings.Join(s.scripts, ", "))
		case seen[name]:
			f.add(field, "has %s twice.", name)
		case len(one.Content) > maxConf || strings.ContainsRune(one.Content, 0) || !utf8.ValidString(one.Content):
			f.add(field, "has %s, which must be UTF-8 text without NUL, not larger than %d KiB.", name, maxConf>>10)
		}
		seen[name] = true
	}
}

func (f faults) limits(l core.Limits) {
	for field, text := range compose.CheckLimits(l) {
		f.add(field, "%s", text)
	}
}

func (f faults) health(h core.HealthCheck) {
	for field, value := range map[string]int{
		"health_check_interval": h.Interval, "health_check_timeout": h.Timeout, "health_check_retries": h.Retries,
		"health_check_start_period": h.StartPeriod + 1,
	} {
		if value < 1 || value > maxSeconds {
			f.add(field, "must be between 1 and %d; a start period may be 0.", maxSeconds)
		}
	}
}

func (f faults) public(p core.Public) {
	switch {
	case p.Enabled && p.Port == 0:
		f.add("public_port", "is required when the database is public.")
	case p.Port != 0 && (p.Port < 1024 || p.Port > 65535):
		f.add("public_port", "must be between 1024 and 65535.")
	}
	if p.Timeout < 0 || p.Timeout > maxSeconds*365 || p.Enabled && p.Timeout == 0 {
		f.add("public_port_timeout", "must be a number of seconds, at least 1.")
	}
	for _, one := range p.Allow {
		if _, err := network(one); err != nil {
			f.add("public_allow_list", "has %q, which is neither an address nor a network like 10.0.0.0/8.", one)
		}
	}
}

// network reads an address or a network.
func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return addr.Prefix(addr.BitLen())
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}

// parseMappings reads the port mappings of a database, which leave its public port alone.
func parseMappings(text string, public core.Public) ([]compose.Mapping, error) {
	list, err := compose.ParseMappings(text)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if public.Enabled && m.Port == public.Port {
			return nil, fmt.Errorf("must not have port %d, which is the public port", m.Port)
		}
	}
	return list, nil
}
