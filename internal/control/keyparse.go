package control

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	maxKeyText = 64 << 10
	minRSABits = 2048
)

// parsedKey is a private key with what follows from it.
type parsedKey struct {
	text        core.Secret // PEM, ended by exactly one newline
	public      string      // authorized_keys form, without newline
	fingerprint string
}

// parseKey reads a private key as people paste it. The fault is fit for a person and
// holds nothing of the key; "" means that all is well.
func parseKey(in core.Secret) (key parsedKey, fault string) {
	if len(in.Reveal()) > maxKeyText {
		return parsedKey{}, "The private key field must not be greater than 64 KiB."
	}
	text := plainPEM(in.Reveal())
	if text == "" {
		return parsedKey{}, "The private key field is required."
	}
	if fault := notPrivate(text); fault != "" {
		return parsedKey{}, fault
	}
	raw, err := ssh.ParseRawPrivateKey([]byte(text))
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return parsedKey{}, "The private key is encrypted: remove its passphrase (ssh-keygen -p -f FILE) and give it again."
	}
	if err != nil {
		return parsedKey{}, "Invalid private key."
	}
	return checkKey(text, raw)
}

func checkKey(text string, raw any) (parsedKey, string) {
	switch k := raw.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < minRSABits {
			return parsedKey{}, "The RSA key is too short: it needs at least 2048 bits. An Ed25519 key is the better choice."
		}
	case *ecdsa.PrivateKey, ed25519.PrivateKey, *ed25519.PrivateKey:
	default:
		return parsedKey{}, "This type of private key is not supported: use Ed25519, ECDSA or RSA."
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return parsedKey{}, "Invalid private key."
	}
	public := signer.PublicKey()
	return parsedKey{
		text:        core.NewSecret(text + "\n"),
		public:      strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))),
		fingerprint: ssh.FingerprintSHA256(public),
	}, ""
}

// plainPEM undoes what clipboards, editors and web forms do to a key: line ends of
// other systems, blanks around it, base64 around it.
func plainPEM(text string) string {
	text = strings.TrimPrefix(text, "\uFEFF")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r", "\n"))
	if text == "" || strings.HasPrefix(text, "-----BEGIN ") {
		return text
	}
	packed := strings.Join(strings.Fields(text), "")
	if plain, err := base64.StdEncoding.DecodeString(packed); err == nil && strings.Contains(string(plain), "-----BEGIN ") {
		return plainPEM(string(plain))
	}
	return text
}

// notPrivate says what a text is that is often taken for a private key.
func notPrivate(text string) string {
	block, _ := pem.Decode([]byte(text))
	switch {
	case strings.HasPrefix(text, "PuTTY-User-Key-File"):
		return "This is a key of PuTTY: export it as an OpenSSH key (PuTTYgen, Conversions) and give that."
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-"), strings.HasPrefix(text, "sk-"),
		block != nil && strings.HasSuffix(block.Type, "PUBLIC KEY"):
		return "This is a public key: give the private one, which begins with -----BEGIN."
	case block == nil:
		return "Invalid private key."
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return "The private key is encrypted: remove its passphrase (ssh-keygen -p -f FILE) and give it again."
	default:
		return ""
	}
}

func generateKey() (core.Secret, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return core.Secret{}, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return core.Secret{}, err
	}
	return core.NewSecret(string(pem.EncodeToMemory(block))), nil
}
