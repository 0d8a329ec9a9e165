package service

import (
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/taffrail/taffrail/internal/run"
)

// Limits of the watch over a stack that comes up.
const (
	watchDefault = 10 * time.Minute
	watchLeast   = time.Minute
)

// pulls says whether there is any image to pull.
func (p *planner) pulls() bool {
	for _, s := range p.out.stack.project.Services {
		if s.Build == nil && s.PullPolicy != types.PullPolicyNever {
			return true
		}
	}
	return false
}

// builds says whether there is anything to build.
func (p *planner) builds() bool {
	for _, s := range p.out.stack.project.Services {
		if s.Build != nil {
			return true
		}
	}
	return false
}

// expect says what must be there when the stack is up. Services with profiles are not
// in the project. One that others wait for to end must have ended; any other may end
// with code 0 or keep running.
func (p *planner) expect() []run.Expect {
	waited := awaited(p.out.tree)
	var out []run.Expect
	for _, name := range p.out.stack.project.ServiceNames() {
		s := p.out.stack.project.Services[name]
		out = append(out, run.Expect{
			Service: name, Replicas: s.GetScale(), OneShot: waited[name], Ignore: p.excluded(name),
		})
	}
	return out
}

func (t *target) excluded(name string) bool {
	for _, part := range t.service.Parts {
		if part.Name == name && part.ExcludeFromStatus {
			return true
		}
	}
	return t.out != nil && t.out.stack.own[name].excluded
}

// limit is how long the stack may take. Health checks that the text defines say so by
// themselves; images may have checks that nobody knows of here.
func (p *planner) limit() time.Duration {
	longest := watchLeast
	for _, s := range p.out.stack.project.Services {
		h := s.HealthCheck
		if h == nil || h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE" {
			longest = max(longest, watchDefault)
			continue
		}
		longest = max(longest, patience(h))
	}
	return longest
}

// patience is how long a health check takes at most to say "unhealthy".
func patience(h *types.HealthCheckConfig) time.Duration {
	or := func(d *types.Duration, fallback time.Duration) time.Duration {
		if d == nil || *d <= 0 {
			return fallback
		}
		return time.Duration(*d)
	}
	retries := 3
	if h.Retries != nil && *h.Retries > 0 {
		retries = int(min(*h.Retries, 1000))
	}
	one := or(h.Interval, 30*time.Second) + or(h.Timeout, 30*time.Second)
	return or(h.StartPeriod, 0) + time.Duration(retries+1)*one
}
