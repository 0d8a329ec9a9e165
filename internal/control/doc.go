// Package control holds everything a person may ask for, once, for every entrance:
// authorise, validate, store, enqueue.
package control
