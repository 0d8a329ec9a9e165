package service_test

import (
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/deploy"
)

func deployment() core.Deployment { return core.Deployment{UUID: "dep", Verb: core.VerbDeploy} }

func observed() deploy.Observed { return deploy.Observed{ComposeVersion: "2.40.3"} }

func secret(value string) core.Secret { return core.NewSecret(value) }
