package control

import (
	"context"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// KeyInput is a private key that is to be stored.
type KeyInput struct {
	Name         string // empty: made of the fingerprint
	Description  string
	PrivateKey   core.Secret // PEM, or base64 of PEM
	IsGitRelated bool
}

// KeyPatch changes a key; what is nil stays.
type KeyPatch struct {
	Name        *string
	Description *string
	PrivateKey  *core.Secret
}

// ListKeys returns the keys of the team. The private halves are empty unless p may see
// secrets.
func (c *Control) ListKeys(ctx context.Context, p auth.Principal) ([]core.PrivateKey, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Keys.ListKeys(ctx, p.TeamID)
	for i := range list {
		list[i] = shownKey(p, list[i])
	}
	return list, err
}

// GetKey returns one key; its private half is empty unless p may see secrets.
func (c *Control) GetKey(ctx context.Context, p auth.Principal, id core.ID) (core.PrivateKey, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.PrivateKey{}, err
	}
	k, err := c.key(ctx, p, id)
	return shownKey(p, k), err
}

// CreateKey stores a key that somebody brings.
func (c *Control) CreateKey(ctx context.Context, p auth.Principal, in KeyInput) (core.PrivateKey, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.PrivateKey{}, err
	}
	k := core.PrivateKey{
		UUID:         core.NewID(),
		TeamID:       p.TeamID,
		Name:         strings.TrimSpace(in.Name),
		Description:  strings.TrimSpace(in.Description),
		IsGitRelated: in.IsGitRelated,
	}
	f := faults{}
	f.privateKey(&k, in.PrivateKey)
	if k.Name == "" {
		k.Name = keyName(k.Fingerprint)
	}
	return c.storeKey(ctx, p, f, k)
}

// GenerateKey makes a new Ed25519 key and stores it; in.PrivateKey is ignored. The
// public half in the answer is what goes into authorized_keys of a server.
func (c *Control) GenerateKey(ctx context.Context, p auth.Principal, in KeyInput) (core.PrivateKey, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.PrivateKey{}, err
	}
	text, err := generateKey()
	if err != nil {
		return core.PrivateKey{}, err
	}
	in.PrivateKey = text
	return c.CreateKey(ctx, p, in)
}

// UpdateKey changes a key. Servers that use it are dialled anew when it is another one.
func (c *Control) UpdateKey(ctx context.Context, p auth.Principal, id core.ID, in KeyPatch) (core.PrivateKey, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.PrivateKey{}, err
	}
	k, err := c.key(ctx, p, id)
	if err != nil {
		return core.PrivateKey{}, err
	}
	f := faults{}
	before := k.Fingerprint
	trim(&k.Name, in.Name)
	trim(&k.Description, in.Description)
	if in.PrivateKey != nil {
		f.privateKey(&k, *in.PrivateKey)
	}
	f.key(k)
	if err := f.err(); err != nil {
		return core.PrivateKey{}, err
	}
	if err := c.deps.Keys.UpdateKey(ctx, k); err != nil {
		return core.PrivateKey{}, named(instead(err, core.CodeConflict, keyTaken()), "Private Key")
	}
	c.did(ctx, p, "private key updated", id)
	if k.Fingerprint != before {
		c.forgetUsers(ctx, p, k.RowID)
	}
	k, err = c.key(ctx, p, id)
	return shownKey(p, k), err
}

// DeleteKey deletes a key that no server uses.
func (c *Control) DeleteKey(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	if err := known(id, "Private Key"); err != nil {
		return err
	}
	if err := c.deps.Keys.DeleteKey(ctx, p.TeamID, id); err != nil {
		return named(err, "Private Key")
	}
	c.did(ctx, p, "private key deleted", id)
	return nil
}

func (c *Control) key(ctx context.Context, p auth.Principal, id core.ID) (core.PrivateKey, error) {
	if err := known(id, "Private Key"); err != nil {
		return core.PrivateKey{}, err
	}
	k, err := c.deps.Keys.GetKey(ctx, p.TeamID, id)
	return k, named(err, "Private Key")
}

func (c *Control) storeKey(ctx context.Context, p auth.Principal, f faults, k core.PrivateKey) (core.PrivateKey, error) {
	f.key(k)
	if err := f.err(); err != nil {
		return core.PrivateKey{}, err
	}
	k, err := c.deps.Keys.CreateKey(ctx, k)
	if err != nil {
		return core.PrivateKey{}, instead(err, core.CodeConflict, keyTaken())
	}
	c.did(ctx, p, "private key created", k.UUID)
	return shownKey(p, k), nil
}

// forgetUsers drops the connections that were made with the key of this row. That
// those could not be listed is no reason to fail: they end with their next fault.
func (c *Control) forgetUsers(ctx context.Context, p auth.Principal, row int64) {
	list, err := c.deps.Servers.ListServers(ctx, p.TeamID)
	if err != nil {
		c.log.Warn("connections of a changed key not dropped", "error", err)
	}
	for _, s := range list {
		if s.KeyID == row {
			c.deps.Hosts.Forget(s.RowID)
		}
	}
}

// key checks the texts of a key.
func (f faults) key(k core.PrivateKey) {
	if k.Name != "" || k.Fingerprint != "" { // otherwise the name waits for the key
		f.name("name", k.Name)
	}
	f.description(k.Description)
}

// privateKey reads the private half and fills in what follows from it.
func (f faults) privateKey(k *core.PrivateKey, text core.Secret) {
	parsed, fault := parseKey(text)
	if fault != "" {
		f.add("private_key", "%s", fault)
		return
	}
	k.PrivateKey, k.PublicKey, k.Fingerprint = parsed.text, parsed.public, parsed.fingerprint
}

func shownKey(p auth.Principal, k core.PrivateKey) core.PrivateKey {
	if !p.SeesSecrets() {
		k.PrivateKey = core.Secret{}
	}
	return k
}

// keyName names a key after its fingerprint, in characters that a name may have.
func keyName(fingerprint string) string {
	if fingerprint == "" {
		return ""
	}
	return "key " + strings.TrimPrefix(fingerprint, "SHA256:")[:12]
}

func keyTaken() error {
	return &core.Error{
		Code:   core.CodeInvalid,
		Msg:    "Private key already exists.",
		Fields: map[string][]string{"private_key": {"Private key already exists."}},
	}
}
