// Package core holds the nouns of Taffrail: teams, servers, resources, deployments,
// their steps and lines, the statuses they go through, identifiers, secrets and errors.
// It does no I/O and imports only the standard library, so that every other package
// may meet here without meeting each other.
package core
