// Package service is the kind "compose stack": it reads compose text and says what it
// means, refuses what would reach beyond the stack, keeps the variables that the text
// names, writes the compose file that goes to the server, and plans each verb.
//
// What is checked is exactly what is written: variables are filled in here, the checked
// tree is the one that is rendered, and nothing in it is left for the server's
// environment to decide.
package service
