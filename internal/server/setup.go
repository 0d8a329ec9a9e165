package server

import (
	"crypto/subtle"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	setupFile    = "setup-code"
	setupLetters = "23456789abcdefghjkmnpqrstuvwxyz"
	setupLength  = 16
)

// setupCode is what whoever makes the first account has to know: it is shown where the
// controller starts and kept in a file that only its owner may read. Without it, the
// first stranger to find the address would own the instance.
type setupCode struct {
	path string

	mu   sync.Mutex // guards code
	code string     // empty: the set-up is done
}

// openSetup reads the code of the data folder, or makes one. With done there is none.
func openSetup(data string, done bool) (*setupCode, error) {
	s := &setupCode{path: filepath.Join(data, setupFile)}
	if done {
		s.Done()
		return s, nil
	}
	text, err := os.ReadFile(s.path)
	if s.code = strings.TrimSpace(string(text)); err == nil && len(s.code) >= setupLength {
		return s, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &core.Error{Op: "read set-up code", Code: core.CodeUnavailable, Msg: "The file " + s.path + " cannot be read.", Err: err}
	}
	random := core.RandomText(setupLength, setupLetters)
	s.code = random[:4] + "-" + random[4:8] + "-" + random[8:12] + "-" + random[12:]
	if err := os.WriteFile(s.path, []byte(s.code+"\n"), 0o600); err != nil {
		return nil, &core.Error{Op: "write set-up code", Code: core.CodeUnavailable, Msg: "The file " + s.path + " cannot be written.", Err: err}
	}
	return s, nil
}

// Right says whether code is the one, however it is cased and spaced.
func (s *setupCode) Right(code string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	bare := strings.NewReplacer("-", "", " ", "")
	given, want := bare.Replace(strings.ToLower(code)), bare.Replace(s.code)
	return want != "" && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

// Done takes the code away for good.
func (s *setupCode) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = ""
	_ = os.Remove(s.path) // an old code that stays is good for nothing
}

// link is where the set-up goes on, below the address of the controller; "" when it is done.
func (s *setupCode) link() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.code == "" {
		return ""
	}
	return "/setup?code=" + url.QueryEscape(s.code)
}
