package main

import (
	"context"
	"io"
)

func mutate(ctx context.Context, o options, out io.Writer) error { return nil }
