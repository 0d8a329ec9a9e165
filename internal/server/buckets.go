package server

import (
	"context"

	"github.com/taffrail/taffrail/internal/core"
)

// buckets reaches S3 for control.
type buckets struct{}

// Probe implements control.Buckets.
func (buckets) Probe(_ context.Context, _ core.S3Storage, _ bool) error {
	return core.Errorf(core.CodeUnavailable, "Buckets cannot be reached yet.")
}

// DeleteObject implements control.Buckets.
func (buckets) DeleteObject(_ context.Context, _ core.S3Storage, _ core.Backup, _ bool) error {
	return core.Errorf(core.CodeUnavailable, "Buckets cannot be reached yet.")
}
