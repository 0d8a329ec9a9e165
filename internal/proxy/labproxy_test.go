package proxy_test

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/taffrail/taffrail/internal/proxy"
	"github.com/taffrail/taffrail/internal/run"
)

// testProxy starts, changes and restarts the proxy itself.
func testProxy(b *bench) {
	b.deploy(b.input("stay", 1, "http://stay.test", nil), app{name: "stay"})
	id := func() string { return b.docker("inspect", "--format", "{{.Id}}", proxy.Container) }
	before := id()
	b.must(b.managed.Start())
	if id() != before {
		b.Error("a start with the same settings made a new container")
	}
	changed := b.managed
	changed.Default = "https://example.com/else"
	b.must(changed.Start())
	b.until("unknown hosts are sent on", func() bool {
		a := b.attempt("http://c.test/")
		return a.status/100 == 3 && a.header.Get("Location") == "https://example.com/else"
	})
	b.must(changed.Restart())
	if id() == before {
		b.Error("a restart kept the container")
	}
	b.until("the route is back", func() bool { return b.attempt("http://stay.test/").status == 200 })
	b.must(b.managed.Stop())
	l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", httpsPort))
	if err != nil {
		b.Fatal(err)
	}
	steps, err := b.managed.Start()
	if err != nil {
		b.Fatal(err)
	}
	end, log := b.carryOut(steps)
	if end.State != run.StateFailed || end.Step != "ports" || !strings.Contains(end.Reason+log, fmt.Sprint(httpsPort)) {
		b.Errorf("%+v\n%s", end, log)
	}
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		b.Error(err)
	}
	b.must(b.managed.Start())
}
