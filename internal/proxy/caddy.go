package proxy

import (
	"fmt"
	"strconv"
	"strings"
)

// How long a proxy tries again to reach a container that does not take the connection.
// Nothing was sent then, so that any request may be tried again.
const (
	retryAttempts = 8
	retryInterval = "100ms"
	tryFor        = "5s"
	tryEvery      = "100ms"
	// IdleTimeout is how long a proxy keeps a connection to a container that has nothing
	// to do. It is below the 5 s after which many servers close theirs: a request would
	// be lost that is sent at that moment.
	IdleTimeout = "4s"
	// streamDelay is how long WebSockets live on when Caddy's configuration changes.
	streamDelay = "10m"
)

// notReady is a condition of templates: the container is to be left alone. What its
// health check says is a part of the text of its status.
const notReady = `or (contains "(health: starting)" .Status) (contains "(unhealthy)" .Status)`

// caddyLabels are the labels for caddy-docker-proxy. Everything for one address is in
// one "route" block, in which the order says who is first: longer paths before shorter
// ones, later generations before earlier ones. A named matcher keeps the generations
// apart, since blocks that begin alike are made into one.
func caddyLabels(in Input) map[string]string {
	c := &caddy{in: in, labels: map[string]string{}}
	if len(in.Routes) == 0 {
		return c.labels
	}
	c.labels["caddy_ingress_network"] = in.Network
	for i, r := range in.Routes {
		c.site(i, r.Scheme, r)
		c.serve(i, r)
	}
	next := len(in.Routes)
	for _, r := range in.Routes {
		redirect, serve := in.plain(r)
		switch {
		case redirect:
			c.site(next, HTTP, r)
			c.all(next, r, rankRedirect, "redir", "https://{host}{uri} 307")
			next++
		case serve:
			c.site(next, HTTP, r)
			c.serve(next, r)
			next++
		}
	}
	return c.labels
}

type caddy struct {
	in     Input
	labels map[string]string
}

// The ranks of what answers for the same path: a container's handler, then what is for
// all of them.
const (
	rankRedirect = 1 << genBits
	rankNobody   = rankRedirect + 2
	rankStrange  = (maxPath + 2) << (genBits + 1)
)

func order(path string, rank int) int { return (maxPath+1-len(path))<<(genBits+1) + rank }

func (c *caddy) head(n int) string { return "caddy_" + strconv.Itoa(n) }

func (c *caddy) place(n int, r Route, rank int) string {
	return fmt.Sprintf("%s.route.%d_", c.head(n), order(r.Path, rank))
}

// site makes the block of an address, with what it answers when nobody else does.
func (c *caddy) site(n int, by Scheme, r Route) {
	c.labels[c.head(n)] = string(by) + "://" + r.Host
	if by == HTTPS && !r.public() {
		c.labels[c.head(n)+".tls"] = "internal"
	}
	c.labels[fmt.Sprintf("%s.route.%d_respond", c.head(n), rankStrange)] = "404"
}

// paths are the patterns of a path and what is below it. "/api*" alone would be those
// of /apis, too.
func paths(r Route) []string {
	if r.Path == "" {
		return []string{"/*"}
	}
	return []string{r.Path, r.Path + "/*"}
}

// all makes a directive for a path that is the same for every container.
func (c *caddy) all(n int, r Route, rank int, directive, args string) {
	for i, pattern := range paths(r) {
		c.labels[c.place(n, r, rank+i)+directive] = pattern + " " + args
	}
}

// serve makes the handler that reaches the container.
func (c *caddy) serve(n int, r Route) {
	matcher := "@" + c.marker(n)
	c.labels[c.head(n)+"."+matcher+".path"] = "{{if " + notReady + "}}/.taffrail/not-ready{{else}}" +
		strings.Join(paths(r), " ") + "{{end}}"
	c.all(n, r, rankNobody, "respond", "503")
	head := c.place(n, r, MaxGeneration-c.in.Generation) + "handle"
	c.labels[head] = matcher
	c.labels[head+".vars"] = "taffrail " + "{{if " + notReady + "}}waiting{{else}}" + c.marker(n) + "{{end}}"
	if r.NoIndex {
		c.labels[head+".header"] = `X-Robots-Tag "noindex, nofollow"`
	}
	if to := c.in.redirected(r); to != "" {
		c.labels[head+".redir"] = "{scheme}://" + to + "{uri} 307"
	}
	if a := c.in.Auth; a.User != "" {
		// What looks like an order in front of the name or like a number behind it is
		// taken away from a label: these are, and the user's own digits stay.
		c.labels[head+".basic_auth.0_"+a.User+"_0"] = a.Hash
	}
	if c.in.Gzip {
		c.labels[head+".encode"] = "zstd gzip"
	}
	if r.Path != "" && !c.in.KeepPrefix {
		c.labels[head+".uri"] = "strip_prefix " + r.Path
	}
	head += ".reverse_proxy"
	c.labels[head] = "{{if " + notReady + "}}{{else}}{{upstreams " + strconv.Itoa(c.in.port(r)) + "}}{{end}}"
	c.labels[head+".lb_try_duration"] = tryFor
	c.labels[head+".lb_try_interval"] = tryEvery
	c.labels[head+".stream_close_delay"] = streamDelay
	c.labels[head+".transport"] = "http"
	c.labels[head+".transport.keepalive"] = IdleTimeout
}

// marker is what stands in the proxy's configuration when it has a route of this
// generation, and nowhere else.
func (c *caddy) marker(n int) string { return "t" + strconv.Itoa(n) + "-" + c.in.Name + c.in.suffix() }
