// Package rest is the HTTP API under /api/v1, compatible with Coolify v4: one page of
// routes, one file per resource. Handlers take and return plain values; package httpio
// does the HTTP, package control the work.
//
// It stands on net/http and a small typed route table rather than on a framework. The
// contract has corners that clients rely on and that frameworks smooth away: overlapping
// routes with the fixed segment winning, bare text, input from query or body, an empty
// string that means null, trimmed strings, the wording and shape of every fault. The
// OpenAPI document is made by reflection over the same table and the same tags that the
// decoder reads, so it cannot say anything else than what is done.
package rest
