// Package api is the JSON contract of Taffrail's REST API under /api/v1: the bodies of
// requests, replies, errors and stream events. Servers and clients share these types, so
// that neither can drift from the other. It imports the standard library only.
//
// # Absent, null and empty
//
// The contract takes an empty string for null, and trims strings. In bodies that create
// something an absent field is the zero value. In bodies that change something every
// field is a pointer: nil is absent (left as it is), a pointer to "" clears the text.
//
// # Tags
//
// Some tags besides json say what a field accepts; the server's decoder and its
// OpenAPI document read the same ones:
//
//	rule:"required,min=1,max=255,enum=a|b,keep,base64,number"
//	                     keep: not trimmed; base64: on the wire, the server's decoder takes
//	                     it off; number: of a text that may come as a number
//	alias:"other_name"   another key that means this field
//	doc:"…"              one sentence for the OpenAPI document
//
// A blank field `_ struct{}` with an ignore:"a,b" tag names keys that are accepted and
// have no effect, because clients in the wild send them. A map with a keys:"data" tag
// takes keys that no struct has: the fields of a database engine. They stand beside the
// others on the wire, and the route says which there are.
package api

// Version is the version of the contract: what GET /api/v1/version answers. Clients
// compare it with the least version they need.
const Version = "4.3.11"
