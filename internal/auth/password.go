package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/taffrail/taffrail/internal/core"
)

// Parameters of argon2id, as OWASP recommends them for little memory: about 50 ms.
const (
	argonTime    = 2
	argonMemory  = 19 << 10 // KiB
	argonThreads = 1
	saltLength   = 16
	keyLength    = 32
)

// Lengths of passwords, in characters. Long ones are phrases, and no attack on us.
const (
	MinPassword = 10
	MaxPassword = 1000
)

// Hasher makes and checks hashes of passwords, of which each takes memory and time: at
// most two at once, others wait. It is safe for concurrent use.
type Hasher struct {
	slots chan struct{}
	blank string // hash that nobody knows the password of
}

// NewHasher makes a Hasher.
func NewHasher() *Hasher {
	h := &Hasher{slots: make(chan struct{}, 2)}
	h.blank = phc(rand.Text(), salt())
	return h
}

// CheckPassword says what is wrong with a new password, by the rules of length alone; nil:
// nothing.
func CheckPassword(field, password string) *core.Error {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return core.Invalid(field, "Take at least %d characters. A few words in a row make a good password.", MinPassword)
	case n > MaxPassword:
		return core.Invalid(field, "Take at most %d characters.", MaxPassword)
	}
	return nil
}

// Hash returns the PHC string of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (core.Secret, error) {
	if err := h.enter(ctx); err != nil {
		return core.Secret{}, err
	}
	defer h.leave()
	return core.NewSecret(phc(password, salt())), nil
}

// Matches says whether a password is the one of a hash. With an empty hash it takes as
// long and says no, so that nobody learns who has a password.
func (h *Hasher) Matches(ctx context.Context, hash core.Secret, password string) (bool, error) {
	if len(password) > 4*MaxPassword {
		return false, nil
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	known := hash.Reveal()
	if known == "" {
		known = h.blank
	}
	var (
		memory, time uint32
		threads      uint8
		salt, key    []byte
	)
	if err := parsePHC(known, &memory, &time, &threads, &salt, &key); err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1 && !hash.Empty(), nil
}

func (h *Hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *Hasher) leave() { <-h.slots }

func salt() []byte {
	b := make([]byte, saltLength)
	_, _ = rand.Read(b) // it never fails
	return b
}

func phc(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, keyLength)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, encode(salt), encode(key))
}

// parsePHC reads a hash with the parameters that it was made with.
func parsePHC(text string, memory, time *uint32, threads *uint8, salt, key *[]byte) error {
	var version int
	var tail string
	n, err := fmt.Sscanf(text, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, memory, time, threads, &tail)
	if err != nil || n != 5 || version != argon2.Version || *threads == 0 || *time == 0 {
		return fmt.Errorf("the stored password is no argon2id hash of version %d", argon2.Version)
	}
	var first, second string
	for i := range len(tail) {
		if tail[i] == '$' {
			first, second = tail[:i], tail[i+1:]
			break
		}
	}
	if *salt, err = base64.RawStdEncoding.DecodeString(first); err == nil {
		*key, err = base64.RawStdEncoding.DecodeString(second)
	}
	if err != nil || len(*key) < 16 || len(*salt) < 8 {
		return fmt.Errorf("the stored password is damaged")
	}
	return nil
}
