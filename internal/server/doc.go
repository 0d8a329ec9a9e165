// Package server makes a controller of the parts: it is the only place that knows them
// all. A Server is used by the command line and by tests alike.
package server
