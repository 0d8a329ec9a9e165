// Package e2e drives the real binary, as its users do, against real Docker, sshd and
// PostgreSQL. The scripts are in testdata; commands.go says what they may use besides
// the commands of testscript.
package e2e
