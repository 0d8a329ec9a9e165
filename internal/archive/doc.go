// Package archive keeps the logs of deployments that have ended: it packs them, takes the
// old ones away, and masks values in them that became secret later. All of it is jobs of
// package queue, which go on where they were when a controller is gone.
package archive
