package secretbox

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

const keyFileHead = `# Secret key of a Taffrail instance. Without it nothing that is sealed in the database
# can be read: keep a copy apart from the database's backups. The first key seals; the
# keys below it, one a line, still open what they sealed.
`

// OpenKeyFile reads the key file at path, and makes one with a fresh key when there is
// none. The file must be readable by its owner only.
func OpenKeyFile(path string) (*Box, error) {
	text, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKeyFile(path); err == nil || errors.Is(err, fs.ErrExist) {
			text, err = readKeyFile(path)
		}
	}
	if err != nil {
		return nil, keyFileError(path, err)
	}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, keyFileError(path, err)
	}
	return New(keys[0], keys[1:]...)
}

func keyFileError(path string, err error) error {
	var known *core.Error
	if errors.As(err, &known) {
		return err
	}
	return &core.Error{Op: "open secret key file", Code: core.CodeUnavailable, Err: err,
		Msg: fmt.Sprintf("The secret key file %s cannot be used: %v.", path, err)}
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, core.Errorf(core.CodeForbidden,
			"The secret key file %s can be read by others (mode %04o). Run: chmod 600 %s", path, mode, path)
	}
	return io.ReadAll(io.LimitReader(f, 1<<16))
}

// createKeyFile writes the whole key before the file gets its name, so that no reader
// and no crash ever sees half a key.
func createKeyFile(path string) error {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	temp := fmt.Sprintf("%s.%s", path, core.NewID())
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	_, err = f.WriteString(keyFileHead + base64.StdEncoding.EncodeToString(secret) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, fails when another process was first.
	if err := os.Link(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func parseKeys(text []byte) ([][]byte, error) {
	var keys [][]byte
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		secret, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(secret) != keySize {
			return nil, fmt.Errorf("a line of it is not a key (%d bytes in base64)", keySize)
		}
		keys = append(keys, secret)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return keys, lines.Err()
}
