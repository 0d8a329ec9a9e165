// Package proxy is the reverse proxy of a server: what a domain is, which labels make
// a container answer for its domains, the proxy's own container, and how a roll-out
// moves traffic from one container to the next without losing a request.
//
// Everything here is pure. What a person wrote comes into a label only after it was
// found to be free of anything that means something to a rule, to a template or to a
// configuration file.
//
// # How traffic moves
//
// The containers of one roll-out carry labels of their own: every name in them ends in
// the generation, and the routes of a later generation come before those of an earlier
// one. So nothing has to be taken away for the new container to get the traffic, and
// labels that changed never contradict those that still run (a proxy that finds two
// meanings of one name drops both). The steps are:
//
//  1. The new container starts. The proxy leaves it alone while its health check says
//     "starting" or "unhealthy"; a container without one gets traffic at once, and what
//     is refused is tried again for a while. A roll-out that must lose nothing needs a
//     health check.
//  2. It is healthy: the proxy hears of it, and its routes win. Rollout.Admit waits until
//     the proxy reaches it and says itself that it has these routes.
//  3. The old one gets nothing new. Rollout.Drain waits until no connection of the proxy
//     to it is left, which takes as long as the requests at work, and IdleTimeout at
//     least when there were some.
//  4. Only then it is told to stop. Its routes go with it.
//
// If the new container fails, it is removed, and the old one has never lost its routes.
package proxy
