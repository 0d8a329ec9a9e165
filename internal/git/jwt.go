package git

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	minKeyBits = 2048
	// A token may live for ten minutes by GitHub's clock, which may be ahead of ours or
	// behind it.
	jwtSkew = time.Minute
	jwtLife = 8 * time.Minute
)

// parseAppKey reads the private key of a GitHub App, in the form that GitHub hands it out
// or in PKCS #8. Nothing of the key is in the error.
func parseAppKey(text core.Secret) (*rsa.PrivateKey, error) {
	refuse := func(why string) error {
		return core.Errorf(core.CodeBadRequest, "The private key of the GitHub App cannot be used: %s. Give the .pem file that GitHub made for the App, as it is.", why)
	}
	block, _ := pem.Decode([]byte(strings.ReplaceAll(strings.TrimSpace(text.Reveal()), "\r\n", "\n") + "\n"))
	switch {
	case block == nil:
		return nil, refuse("it is not in PEM form")
	case strings.Contains(block.Type, "PUBLIC"):
		return nil, refuse("it is a public key")
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return nil, refuse("it is protected by a passphrase")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		other, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, refuse("it is not an RSA key")
		}
		var ok bool
		if key, ok = other.(*rsa.PrivateKey); !ok {
			return nil, refuse("it is not an RSA key")
		}
	}
	if key.N.BitLen() < minKeyBits {
		return nil, refuse(fmt.Sprintf("it has fewer than %d bits", minKeyBits))
	}
	return key, nil
}

// signJWT makes the token by which an App says who it is.
func signJWT(key *rsa.PrivateKey, app int64, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{
		"iat": now.Add(-jwtSkew).Unix(), "exp": now.Add(jwtLife).Unix(), "iss": strconv.FormatInt(app, 10),
	})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text + "." + encode(signature), nil
}
