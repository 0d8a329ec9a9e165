package proxy

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The managed Caddy's own folders, in its container.
const (
	caddyEtc    = "/etc/caddy"
	upstreamDir = "upstreams" // below it: a file for each route, with the address behind it
	snippet     = "taffrail"  // of the Caddyfile: the way to the address in the variable of that name
)

// caddyLabels are the labels for caddy-docker-proxy. Everything for one address is in
// one "route" block, in which the order says who is first: longer paths before shorter
// ones, later generations before earlier ones.
//
// Caddy closes connections whenever its configuration changes, and some with a request
// that it has not looked at yet. So a roll-out must not change it: the labels of a
// generation with the same settings give the same text, in which a file says where the
// requests go. A handler that has no file yet is passed over, so that other settings
// come into force together with the container that they were made for.
func caddyLabels(in Input) map[string]string {
	return newCaddy(in).labels
}

func newCaddy(in Input) *caddy {
	c := &caddy{in: in, labels: map[string]string{}}
	if len(in.Routes) == 0 {
		return c
	}
	c.sites()
	// What the labels say with no mark yet makes the mark.
	c.mark = hash(listing(c.labels))
	c.labels = map[string]string{"caddy_ingress_network": in.Network}
	c.sites()
	return c
}

// orders are the numbers in front of directives.
var orders = regexp.MustCompile(`\.[0-9]+_`)

type caddy struct {
	in     Input
	labels map[string]string
	mark   string // of the settings
}

// The ranks of what answers for the same path: a container's handler, then what is for
// all of them. Order is no part of the text.
const (
	rankRedirect = 1 << genBits
	rankNobody   = rankRedirect + 2
	rankStrange  = (maxPath + 2) << (genBits + 1)
)

func (c *caddy) sites() {
	c.each(func(n int, by Scheme, r Route, redirect bool) {
		c.site(n, by, r)
		if redirect {
			c.all(n, r, rankRedirect, "redir", "https://{host}{uri} 307")
		} else {
			c.serve(n, r)
		}
	})
}

// each calls visit for every site, by its number.
func (c *caddy) each(visit func(n int, by Scheme, r Route, redirect bool)) {
	for i, r := range c.in.Routes {
		visit(i, r.Scheme, r, false)
	}
	next := len(c.in.Routes)
	for _, r := range c.in.Routes {
		if redirect, serve := c.in.plain(r); redirect || serve {
			visit(next, HTTP, r, redirect)
			next++
		}
	}
}

func (c *caddy) head(n int) string { return "caddy_" + strconv.Itoa(n) }

func (c *caddy) place(n int, r Route, rank int) string {
	order := (maxPath+1-len(r.Path))<<(genBits+1) + rank
	return fmt.Sprintf("%s.route.%d_", c.head(n), order)
}

// site makes the block of an address, with what it answers when nobody else does.
func (c *caddy) site(n int, by Scheme, r Route) {
	c.labels[c.head(n)] = string(by) + "://" + r.Host
	if by == HTTPS && !r.public() {
		c.labels[c.head(n)+".tls"] = "internal"
	}
	c.labels[fmt.Sprintf("%s.route.%d_respond", c.head(n), rankStrange)] = "404"
}

// patterns are those of a path and what is below it. "/api*" alone would be that of
// /apis, too.
func patterns(r Route) []string {
	if r.Path == "" {
		return []string{"/*"}
	}
	return []string{r.Path, r.Path + "/*"}
}

// all makes a directive for a path that is the same for every container.
func (c *caddy) all(n int, r Route, rank int, directive, args string) {
	for i, pattern := range patterns(r) {
		c.labels[c.place(n, r, rank+i)+directive] = pattern + " " + args
	}
}

// serve makes the handler that reaches the container.
func (c *caddy) serve(n int, r Route) {
	matcher := "@" + c.marker(n)
	c.labels[c.head(n)+"."+matcher+".path"] = strings.Join(patterns(r), " ")
	c.all(n, r, rankNobody, "respond", "503")
	head := c.place(n, r, MaxGeneration-c.in.Generation) + "handle"
	c.labels[head] = matcher
	c.labels[head+".vars.route"] = c.marker(n)
	if c.in.Generation == 0 {
		c.labels[head+".vars."+snippet] = c.in.Container + ":" + itoa(c.in.port(r))
	} else {
		dir := path.Join(caddyEtc, upstreamDir)
		c.labels[c.head(n)+"."+matcher+".file.root"] = dir
		c.labels[c.head(n)+"."+matcher+".file.try_files"] = "/" + c.marker(n)
		c.labels[head+".vars."+snippet] = "{file." + path.Join(dir, c.marker(n)) + "}"
	}
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
	c.labels[head+".import"] = snippet
}

// marker is what stands in the proxy's configuration when it has this route with these
// settings, and the name of the file that says where its requests go.
func (c *caddy) marker(n int) string {
	return "t" + strconv.Itoa(n) + "-" + c.in.Name + "-" + c.mark
}

// upstreams are the addresses behind the routes of a container, by the name of the file.
func (c *caddy) upstreams(container string) map[string]string {
	out := map[string]string{}
	c.each(func(n int, _ Scheme, r Route, redirect bool) {
		if !redirect {
			out[c.marker(n)] = container + ":" + itoa(c.in.port(r))
		}
	})
	return out
}

// listing is what labels say, with the orders of handlers left out.
func listing(labels map[string]string) string {
	var b strings.Builder
	for _, key := range sorted(labels) {
		b.WriteString(orders.ReplaceAllString(key, ".") + "=" + labels[key] + "\n")
	}
	return b.String()
}
