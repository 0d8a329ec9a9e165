package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app speaks it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	totpPeriod     = 30 // seconds
	totpSecret     = 20 // bytes, as long as the hash
	recoveryCount  = 10
	recoveryLength = 10
	recoveryLetter = "23456789abcdefghjkmnpqrstuvwxyz" // none that looks like another
)

// newFactorSecret makes the secret of a second factor.
func newFactorSecret() core.Secret {
	b := make([]byte, totpSecret)
	_, _ = rand.Read(b) // it never fails
	return core.NewSecret(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// FactorURL is what an authenticator app reads: otpauth://totp/…
func FactorURL(secret core.Secret, account string) core.Secret {
	label := url.PathEscape("Taffrail:" + account)
	query := url.Values{"secret": {secret.Reveal()}, "issuer": {"Taffrail"}}
	return core.NewSecret("otpauth://totp/" + label + "?" + query.Encode())
}

// codeAt is the code of a half minute.
func codeAt(secret core.Secret, step int64) (string, error) {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret.Reveal())
	if err != nil {
		return "", fmt.Errorf("read the second factor: %w", err)
	}
	mac := hmac.New(sha1.New, key)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // time does not go below 1970
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000), nil
}

// matchCode returns the half minute of a code, which may be one early or late, but not
// at or before one whose code was taken; 0 when it is none.
func matchCode(f core.SecondFactor, code string, now time.Time) (int64, error) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	present := now.Unix() / totpPeriod
	var found int64
	for step := present - 1; step <= present+1; step++ {
		want, err := codeAt(f.Secret, step)
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > f.LastStep {
			found = step
		}
	}
	return found, nil
}

// newRecovery makes recovery codes and the hashes that are stored of them.
func newRecovery() (codes, hashes []string) {
	for range recoveryCount {
		text := core.RandomText(recoveryLength, recoveryLetter)
		code := text[:recoveryLength/2] + "-" + text[recoveryLength/2:]
		codes, hashes = append(codes, code), append(hashes, hashRecovery(code))
	}
	return codes, hashes
}

// hashRecovery is a plain hash: the codes are random, and guesses are counted.
func hashRecovery(code string) string {
	plain := strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte("recovery " + plain))
	return hex.EncodeToString(sum[:])
}
