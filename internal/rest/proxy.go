package rest

import (
	"context"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func (a *API) getProxy(ctx context.Context, p auth.Principal, in one) (api.ServerProxy, error) {
	o, err := a.control.GetProxy(ctx, p, core.ID(in.UUID))
	return showProxy(o), err
}

type updateProxy struct {
	UUID string                `path:"uuid"`
	Body api.ServerProxyUpdate `in:"body"`
}

func (a *API) updateProxy(ctx context.Context, p auth.Principal, in updateProxy) (api.ServerProxy, error) {
	o, err := a.control.SetProxy(ctx, p, core.ID(in.UUID), in.Body.ProxyType)
	return showProxy(o), err
}

// moveProxy makes a handler of a method that starts or stops the proxy of a server.
func (a *API) moveProxy(done string, do func(context.Context, auth.Principal, core.ID) error) handler[one, api.Message] {
	return func(ctx context.Context, p auth.Principal, in one) (api.Message, error) {
		return api.Message{Message: "Proxy " + done + "."}, do(ctx, p, core.ID(in.UUID))
	}
}

func showProxy(o control.Proxy) api.ServerProxy {
	return api.ServerProxy{ProxyType: o.Type, Status: text(o.Status)}
}
