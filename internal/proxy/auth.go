package proxy

import (
	"regexp"

	"golang.org/x/crypto/bcrypt"

	"github.com/taffrail/taffrail/internal/core"
)

// maxPassword is all that bcrypt looks at, in bytes.
const maxPassword = 72

var (
	authUser = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_@+-]{0,63}$`)
	authHash = regexp.MustCompile(`^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$`)
)

// Auth is the user that a proxy asks for. The zero Auth asks for nobody.
type Auth struct {
	User string
	Hash string // bcrypt, of HashPassword
}

// HashPassword makes the hash of an Auth. It has a new salt each time, so it is made
// once, when the password is set. The *core.Error names field.
func HashPassword(field string, password core.Secret) (string, error) {
	text := password.Reveal()
	switch {
	case text == "":
		return "", core.Invalid(field, "The password is required.")
	case len(text) > maxPassword:
		return "", core.Invalid(field, "The password may have at most %d bytes.", maxPassword)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.DefaultCost)
	if err != nil {
		return "", core.Invalid(field, "The password cannot be used.")
	}
	return string(hash), nil
}

func (f faults) auth(a Auth) {
	if a == (Auth{}) {
		return
	}
	if !authUser.MatchString(a.User) {
		f.add("http_basic_auth_username", "The user name may have letters, digits and _ @ + -, 64 at most.")
	}
	if !authHash.MatchString(a.Hash) {
		f.add("http_basic_auth_password", "The password is not hashed.")
	}
}
