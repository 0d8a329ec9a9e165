// Package logs turns the bytes of a run into lines on disk and lets readers follow them:
// splitter, recorder, hub and Follow.
package logs
