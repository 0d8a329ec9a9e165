package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/taffrail/taffrail/internal/core"
)

// A token reads "<row id>|<secret>". The secret is randomLength random characters and
// a checksum over them, so that rubbish is refused without asking the database.
const (
	tokenSymbols   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomLength   = 34 // more than 200 bits
	checksumLength = 6  // 62^6 > 2^32
	secretLength   = randomLength + checksumLength
	maxIDLength    = 19 // digits of the largest int64
)

// NewToken makes the secret part of a new token and the hash that is stored of it.
// Once the row id is known, TokenText makes what the user gets to see, once.
func NewToken() (secret core.Secret, hash string) {
	random := core.RandomText(randomLength, tokenSymbols)
	text := random + checksum(random)
	return core.NewSecret(text), HashToken(text)
}

// TokenText joins a row id and a secret to the text that a client sends.
func TokenText(row int64, secret core.Secret) core.Secret {
	return core.NewSecret(strconv.FormatInt(row, 10) + "|" + secret.Reveal())
}

// HashToken returns the hex SHA-256 of the secret part of a token, which is what is
// stored. A plain hash will do, since the secret is random and long.
func HashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// ParseToken splits a token and checks its form and checksum; it tells nothing about
// whether the token exists.
func ParseToken(text string) (row int64, secret string, ok bool) {
	id, secret, found := strings.Cut(text, "|")
	if !found || len(secret) != secretLength || id == "" || len(id) > maxIDLength || id[0] == '0' {
		return 0, "", false
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' { // ParseInt would take a sign too
			return 0, "", false
		}
	}
	row, err := strconv.ParseInt(id, 10, 64)
	if err != nil || checksum(secret[:randomLength]) != secret[randomLength:] {
		return 0, "", false
	}
	return row, secret, true
}

// checksum returns the CRC-32 of text in base 62. It guards against typing errors and
// costs an attacker nothing: it is no part of what makes a token hard to guess.
func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	out := make([]byte, checksumLength)
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = tokenSymbols[sum%uint32(len(tokenSymbols))]
		sum /= uint32(len(tokenSymbols))
	}
	return string(out)
}
