// Package secretbox encrypts what must not lie readable in the database: private keys,
// values of variables, compose texts, snapshots, passwords.
//
// Each value is sealed with AES-256-GCM under a key derived for its team, and bound to
// the place it is stored at: a sealed value moved to another team, row or column does
// not open.
package secretbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	keySize = 32
	idSize  = 4
	// format is the first byte of everything sealed, so that another scheme can follow.
	format = 1
)

// Box seals and opens values. It holds the keys of the instance and may be used from
// several goroutines.
type Box struct {
	current key
	keys    map[[idSize]byte]key
	ciphers sync.Map // cipherOf → cipher.AEAD: deriving one costs more than using it
}

// cipherOf names a derived key.
type cipherOf struct {
	key  [idSize]byte
	team int64
}

type key struct {
	id     [idSize]byte
	secret []byte
}

// New makes a box that seals with the first key and opens with any of them. Each key
// has 32 bytes.
func New(first []byte, older ...[]byte) (*Box, error) {
	b := &Box{keys: map[[idSize]byte]key{}}
	for _, secret := range append([][]byte{first}, older...) {
		k, err := newKey(secret)
		if err != nil {
			return nil, err
		}
		b.keys[k.id] = k
	}
	b.current, _ = newKey(first)
	return b, nil
}

func newKey(secret []byte) (key, error) {
	if len(secret) != keySize {
		return key{}, fmt.Errorf("a secret key has %d bytes, this one %d", keySize, len(secret))
	}
	sum, err := hkdf.Key(sha256.New, secret, nil, "taffrail key id", idSize)
	if err != nil {
		return key{}, fmt.Errorf("derive key id: %w", err)
	}
	return key{id: [idSize]byte(sum), secret: secret}, nil
}

// KeyID names the key that Seal uses; it says nothing about the key itself.
func (b *Box) KeyID() string { return hex.EncodeToString(b.current.id[:]) }

// Seal encrypts plain for a team. place says where the result will be stored
// ("table/row/column") and must be given again to open it.
func (b *Box) Seal(team int64, place string, plain []byte) ([]byte, error) {
	aead, err := b.cipher(b.current, team)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 1+idSize+len(plain)+aead.Overhead())
	out = append(out, format)
	out = append(out, b.current.id[:]...)
	return aead.Seal(out, nil, plain, []byte(place)), nil
}

// Open decrypts what Seal made for the same team and place. Its errors are fit for a
// person: they tell a key that is missing from a value that was changed or moved.
func (b *Box) Open(team int64, place string, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+idSize || sealed[0] != format {
		return nil, core.Errorf(core.CodeInternal, "The stored secret %s is damaged: it is in no known format. Restore it from a backup or set it again.", place)
	}
	id := [idSize]byte(sealed[1 : 1+idSize])
	k, ok := b.keys[id]
	if !ok {
		return nil, core.Errorf(core.CodeInternal,
			"The stored secret %s was sealed with another secret key (%x) than the one in use (%s). Start Taffrail with the key file that belongs to this database.",
			place, id, b.KeyID())
	}
	aead, err := b.cipher(k, team)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, sealed[1+idSize:], []byte(place))
	if err != nil {
		return nil, &core.Error{Op: "open secret", Code: core.CodeInternal, Err: err,
			Msg: fmt.Sprintf("The stored secret %s was changed or moved and cannot be read. Restore it from a backup or set it again.", place)}
	}
	return plain, nil
}

func (b *Box) cipher(k key, team int64) (cipher.AEAD, error) {
	of := cipherOf{k.id, team}
	if known, ok := b.ciphers.Load(of); ok {
		return known.(cipher.AEAD), nil
	}
	aead, err := k.derive(team)
	if err == nil {
		b.ciphers.Store(of, aead)
	}
	return aead, err
}

func (k key) derive(team int64) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, k.secret, nil, "taffrail team "+strconv.FormatInt(team, 10), keySize)
	if err != nil {
		return nil, fmt.Errorf("derive team key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("set up cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("set up cipher: %w", err)
	}
	return aead, nil
}
