// Package mcp lets language models look at deployments, and deploy where that is wanted,
// by the Model Context Protocol. It is a client of the REST API: what a token may not do
// there, it may not do here.
package mcp
