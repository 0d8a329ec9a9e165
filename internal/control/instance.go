package control

import (
	"context"
	"sync"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// gateAge is how old the settings of the instance may be that requests go by: another
// controller may have changed them.
const gateAge = time.Second

// InstancePatch changes what is set for the whole instance; what is nil stays.
type InstancePatch struct {
	APIEnabled *bool
	LegacyGet  *bool
}

// gate keeps the settings of the instance for a moment, since every request asks for them.
type gate struct {
	mu   sync.Mutex // guards what follows
	set  core.Instance
	read time.Time
}

// Gate returns the settings that requests go by. It needs no principal: nothing of it is
// shown to anybody.
func (c *Control) Gate(ctx context.Context) (core.Instance, error) {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	now := c.deps.Now()
	if age := now.Sub(c.gate.read); age >= 0 && age < gateAge && !c.gate.read.IsZero() {
		return c.gate.set, nil
	}
	set, err := c.deps.Setup.Instance.GetInstance(ctx)
	if err == nil {
		c.gate.set, c.gate.read = set, now
	}
	return set, err
}

// Instance returns what is set for the whole instance, to its root team.
func (c *Control) Instance(ctx context.Context, p auth.Principal) (core.Instance, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.Instance{}, err
	}
	return c.ofRoot(ctx, p, "see the settings of this instance")
}

// UpdateInstance changes it. Only the root team may.
func (c *Control) UpdateInstance(ctx context.Context, p auth.Principal, in InstancePatch) (core.Instance, error) {
	return c.changeInstance(ctx, p, in, "change the settings of this instance")
}

// EnableAPI lets tokens in, or keeps them out: all but those that ask for this.
func (c *Control) EnableAPI(ctx context.Context, p auth.Principal, on bool) error {
	what := "disable the API"
	if on {
		what = "enable the API"
	}
	_, err := c.changeInstance(ctx, p, InstancePatch{APIEnabled: &on}, what)
	return err
}

func (c *Control) changeInstance(ctx context.Context, p auth.Principal, in InstancePatch, what string) (core.Instance, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Instance{}, err
	}
	v, err := c.ofRoot(ctx, p, what)
	if err != nil {
		return core.Instance{}, err
	}
	if in.APIEnabled != nil {
		v.APIDisabled = !*in.APIEnabled
	}
	set(&v.LegacyGet, in.LegacyGet)
	if err := c.deps.Setup.Instance.UpdateInstance(ctx, v); err != nil {
		return core.Instance{}, err
	}
	c.gate.mu.Lock()
	c.gate.read = time.Time{}
	c.gate.mu.Unlock()
	c.did(ctx, p, "instance settings updated", "")
	return v, nil
}

// ofRoot reads the settings for the team that may do so.
func (c *Control) ofRoot(ctx context.Context, p auth.Principal, what string) (core.Instance, error) {
	v, err := c.deps.Setup.Instance.GetInstance(ctx)
	if err == nil && v.RootTeam != p.TeamID {
		return core.Instance{}, core.Errorf(core.CodeForbidden, "You are not allowed to %s.", what)
	}
	return v, err
}
