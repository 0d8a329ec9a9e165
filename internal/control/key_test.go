package control_test

import (
	"crypto/dsa" //nolint:staticcheck // such keys are still pasted, and must be refused
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestKeysComeInManyForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	pkcs8 := must(x509.MarshalPKCS8PrivateKey(other))(t)
	plain := func(text string) string { return text }
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	packed := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, c := range map[string]struct {
		pem  string
		bent func(string) string
	}{
		"ed25519":                 {newKey(t).Reveal(), plain},
		"ecdsa":                   {marshalKey(t, curve), plain},
		"ecdsa in PKCS 8":         {text("PRIVATE KEY", pkcs8), plain},
		"rsa in PKCS 1":           {text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long)), plain},
		"line ends of Windows":    {newKey(t).Reveal(), crlf},
		"line ends of old Macs":   {newKey(t).Reveal(), func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }},
		"blanks around it":        {newKey(t).Reveal(), func(s string) string { return "\ufeff\n\n " + s + "\n\n \t" }},
		"without newline":         {newKey(t).Reveal(), strings.TrimSpace},
		"base64":                  {newKey(t).Reveal(), packed},
		"base64 in lines":         {newKey(t).Reveal(), func(s string) string { return wrap(packed(s)) }},
		"base64 of Windows lines": {newKey(t).Reveal(), func(s string) string { return packed(crlf(s)) }},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := w.c.CreateKey(t.Context(), w.owner, control.KeyInput{PrivateKey: core.NewSecret(c.bent(c.pem))})
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.TrimSpace(c.pem) + "\n"; k.PrivateKey.Reveal() != want {
				t.Errorf("stored %q, want %q", k.PrivateKey.Reveal(), want)
			}
			signer, err := ssh.ParsePrivateKey([]byte(c.pem))
			if err != nil {
				t.Fatal(err)
			}
			if k.Fingerprint != ssh.FingerprintSHA256(signer.PublicKey()) ||
				k.PublicKey+"\n" != string(ssh.MarshalAuthorizedKey(signer.PublicKey())) || k.Name == "" {
				t.Errorf("key %+v", k)
			}
			_, err = w.c.CreateKey(t.Context(), w.owner, control.KeyInput{PrivateKey: core.NewSecret(c.pem)})
			wantCode(t, err, core.CodeInvalid, "Private key already exists.")
		})
	}
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := newKey(t).Reveal()
	signer, err := ssh.ParsePrivateKey([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	public := string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	before := w.dump(t)
	for name, c := range map[string]struct{ text, says string }{
		"nothing":              {"", "required"},
		"blanks":               {" \n\t", "required"},
		"rubbish":              {"rubbish-of-mine", "Invalid private key."},
		"public key":           {public, "public key"},
		"public key in base64": {text("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(weakRSA(t).Public()))(t)), "public key"},
		"encrypted":            {encrypted(t), "encrypted"},
		"encrypted in PKCS 8":  {text("ENCRYPTED PRIVATE KEY", []byte("x")), "encrypted"},
		"512-bit RSA":          {text("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weakRSA(t))), "2048"},
		"DSA":                  {oldDSA(t), "not supported"},
		"cut":                  {good[:len(good)/2], "Invalid private key."},
		"empty block":          {text("OPENSSH PRIVATE KEY", nil), "Invalid private key."},
		"a certificate":        {text("CERTIFICATE", []byte("x")), "Invalid private key."},
		"PuTTY":                {"PuTTY-User-Key-File-3: ssh-ed25519\n", "PuTTY"},
		"1 MB":                 {strings.Repeat("A", 1<<20), "64 KiB"},
		"NUL":                  {"\x00\x00", "Invalid private key."},
	} {
		_, err := w.c.CreateKey(t.Context(), w.owner, control.KeyInput{PrivateKey: core.NewSecret(c.text)})
		var e *core.Error
		if !errors.As(err, &e) || e.Code != core.CodeInvalid || !strings.Contains(strings.Join(e.Fields["private_key"], " "), c.says) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if at := len(c.text) / 2; at > 10 && strings.Contains(e.Error()+e.Fields["private_key"][0], c.text[at:at+10]) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if w.dump(t) != before {
		t.Error("a refused key was stored")
	}
}

func TestUpdateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	x := w.furnish(t, w.owner)
	server := must(w.c.GetServer(ctx, w.owner, x.server))(t)
	k := must(w.c.UpdateKey(ctx, w.owner, x.key, control.KeyPatch{Name: ptr("renamed")}))(t)
	if k.Name != "renamed" || len(w.hosts.forgets()) != 0 {
		t.Errorf("key %+v", k)
	}
	text := newKey(t)
	next := must(w.c.UpdateKey(ctx, w.owner, x.key, control.KeyPatch{PrivateKey: &text}))(t)
	if next.Fingerprint == k.Fingerprint || next.PrivateKey.Reveal() != text.Reveal() {
		t.Errorf("key %+v", next)
	}
	if got := w.hosts.forgets(); len(got) != 1 || got[0] != server.RowID {
		t.Errorf("connections dropped: %v", got)
	}
	other := must(w.c.GenerateKey(ctx, w.owner, control.KeyInput{Name: "other"}))(t)
	if !strings.HasPrefix(other.PublicKey, "ssh-ed25519 ") {
		t.Errorf("generated %+v", other)
	}
	_, err := w.c.UpdateKey(ctx, w.owner, other.UUID, control.KeyPatch{PrivateKey: &text})
	wantCode(t, err, core.CodeInvalid, "Private key already exists.")
	_, err = w.c.UpdateKey(ctx, w.owner, x.key, control.KeyPatch{Name: ptr("a;b"), PrivateKey: secret("x")})
	wantFields(t, err, "name", "private_key")
	if err := w.c.DeleteKey(ctx, w.owner, other.UUID); err != nil {
		t.Error(err)
	}
}

func text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func wrap(s string) string {
	var out strings.Builder
	for len(s) > 64 {
		out.WriteString(s[:64] + "\n")
		s = s[64:]
	}
	return out.String() + s
}

func encrypted(t testing.TB) string {
	t.Helper()
	raw, err := ssh.ParseRawPrivateKey([]byte(newKey(t).Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(raw, "", []byte("horse"))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// weakRSA makes a key of 512 bits by hand: the standard library refuses to.
func weakRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	p, q := must(rand.Prime(rand.Reader, 256))(t), must(rand.Prime(rand.Reader, 256))(t)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), phi)
	if d == nil {
		return weakRSA(t)
	}
	return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: d, Primes: []*big.Int{p, q}}
}

func oldDSA(t testing.TB) string {
	t.Helper()
	var k dsa.PrivateKey
	if err := dsa.GenerateParameters(&k.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(&k, rand.Reader); err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct{ Version, P, Q, G, Y, X *big.Int }{big.NewInt(0), k.P, k.Q, k.G, k.Y, k.X})
	if err != nil {
		t.Fatal(err)
	}
	return text("DSA PRIVATE KEY", der)
}
