package archive_test

import (
	"context"
	"errors"
	"testing"

	"github.com/taffrail/taffrail/internal/archive"
	"github.com/taffrail/taffrail/internal/core"
)

// piles is a store of logs with so many chunks to pack each.
type piles struct {
	left map[int64]int
	bad  map[int64]error
}

// ListUnpacked implements archive.PackStore.
func (p *piles) ListUnpacked(_ context.Context, limit int) ([]int64, error) {
	var out []int64
	for id := int64(1); len(out) < limit && id < 1000; id++ {
		if p.left[id] > 0 {
			out = append(out, id)
		}
	}
	return out, nil
}

// PackLog implements archive.PackStore.
func (p *piles) PackLog(_ context.Context, id int64) (bool, error) {
	if err := p.bad[id]; err != nil {
		if core.CodeOf(err) == core.CodeNotFound {
			delete(p.left, id)
		}
		return false, err
	}
	p.left[id]--
	return p.left[id] > 0, nil
}

// TestOneBadLogStopsNoOther: all logs are packed to their end but one that cannot be, and
// one that goes meanwhile.
func TestOneBadLogStopsNoOther(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	p := &piles{left: map[int64]int{}, bad: map[int64]error{3: broken, 5: core.NotFound("Log")}}
	for id := int64(1); id <= 250; id++ {
		p.left[id] = int(id%4) + 1
	}
	err := archive.Packing(p).Do(t.Context(), core.Job{}, nil)
	if !errors.Is(err, broken) {
		t.Errorf("it ended with %v", err)
	}
	for id, n := range p.left {
		if n > 0 && id != 3 {
			t.Errorf("log %d has %d chunks left", id, n)
		}
	}
}
