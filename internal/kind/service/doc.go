// Package service is the kind "compose stack": it keeps the variables that a compose text
// names, and plans each verb. What the text means says package stack.
package service
