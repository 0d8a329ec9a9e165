// Package httpio is what stands between HTTP and handlers that take and return plain
// values: strict decoding of paths, queries and bodies, encoding of replies, the one
// table from errors to statuses, server-sent events, routing, limits and middleware.
package httpio
