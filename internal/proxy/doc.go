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
// Nothing is taken from the old container for the new one to get the traffic, and labels
// that changed never contradict those that still run (a proxy that finds two meanings
// of one name drops both, or waits in vain).
//
// Traefik: every name in the labels ends in the generation, and the routes of a later
// generation come before those of an earlier one. Traefik leaves a container alone while
// its health check says "starting" or "unhealthy"; one without a check gets traffic at
// once, and what is refused is tried again for a while. So a roll-out that must lose
// nothing needs a health check.
//
// Caddy: whenever its configuration changes it closes connections, some with a request
// that it has not looked at. So the labels of two generations give one and the same
// configuration, and a file says which container the requests go to. Only settings that
// differ change it, and it may lose who connects in that moment.
//
// The steps are the same for both:
//
//  1. Rollout.Prepare. The new container starts, and gets healthy.
//  2. Rollout.Admit: the proxy reaches it, says itself that it has its routes, and from
//     then on sends all new requests there.
//  3. Rollout.Drain: until no connection of the proxy to the old one is left, which takes
//     as long as the requests at work, and IdleTimeout when there were some.
//  4. Only then it is told to stop. Its routes go with it.
//
// If the new container fails, it is removed, and the old one has never lost its routes.
// Behind Traefik a container that gets unhealthy later has none either: nobody answers.
package proxy
