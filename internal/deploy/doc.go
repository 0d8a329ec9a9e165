// Package deploy is the one life cycle of a deployment: claimed, loaded, planned,
// launched, followed, verified, settled, whatever kind of resource it is about.
package deploy
