package service

import "github.com/taffrail/taffrail/internal/deploy"

var (
	_ deploy.Kind   = (*Kind)(nil)
	_ deploy.Target = (*target)(nil)
)
