// Package archtest holds the architecture as data and as tests: who may import whom,
// how large things may grow, and what every package and exported name owes its reader.
package archtest

// Layer is a row of the import table. A package may import its own Only list if it has
// one, otherwise every package of an earlier layer but those of its Not list.
type Layer struct {
	Number   int
	Packages []string // below the module's root
	Only     []string
	Not      []string
}

// Table is the import table of docs/architecture.md. Packages of one layer do not
// import each other. A package that is not listed fails the test.
func Table() []Layer {
	return []Layer{
		{Number: 0, Packages: []string{"internal/core", "api"}, Only: []string{}},
		{Number: 0, Packages: []string{"internal/redact", "internal/supervise", "internal/objects"}, Only: []string{"internal/core"}},
		{Number: 0, Packages: []string{"internal/run"}, Only: []string{"internal/core", "internal/objects"}},
		{Number: 0, Packages: []string{"internal/compose"}, Only: []string{"internal/core", "internal/run"}},
		{Number: 1, Packages: []string{"client"}, Only: []string{"api"}},
		{Number: 2, Packages: []string{"internal/mcp"}, Only: []string{"client", "api"}},
		{Number: 1, Packages: []string{
			"internal/config", "internal/secretbox", "internal/auth", "internal/engine", "internal/host", "internal/httpio", "internal/certs", "internal/webhook", "internal/template"}},
		{Number: 2, Packages: []string{
			"internal/docker", "internal/git", "internal/build", "internal/proxy", "internal/logs", "internal/queue", "internal/notify"}},
		{Number: 3, Packages: []string{"internal/deploy", "internal/stack", "internal/archive"}},
		{Number: 4, Packages: []string{"internal/kind/application", "internal/kind/service", "internal/kind/database"}, Not: []string{"internal/sqlstore"}},
		{Number: 5, Packages: []string{"internal/control"},
			Only: []string{"internal/core", "internal/auth", "internal/engine", "internal/deploy", "internal/archive", "internal/queue", "internal/logs", "internal/redact",
				"internal/supervise", "internal/compose", "internal/git", "internal/webhook", "internal/proxy", "internal/build", "internal/template", "api"}},
		{Number: 6, Packages: []string{"internal/rest", "internal/web"},
			Only: []string{"internal/control", "internal/auth", "internal/httpio", "internal/logs", "internal/core", "internal/engine", "internal/git", "internal/webhook", "api"}},
		// The store keeps what others declare that they need, so it comes behind them;
		// only the wiring and tests see it.
		{Number: 6, Packages: []string{"internal/sqlstore"}, Only: []string{"internal/core", "internal/secretbox"}},
		{Number: 7, Packages: []string{"internal/server"}},
		{Number: 8, Packages: []string{"internal/cli"},
			Only: []string{"client", "api", "internal/core", "internal/config", "internal/server", "internal/run", "internal/redact", "internal/engine", "internal/mcp"}},
		{Number: 9, Packages: []string{"cmd/taffrail"}, Only: []string{"internal/cli", "internal/run"}},
	}
}

// TestSupport lists packages that only tests import. They may import anything.
func TestSupport() []string {
	return []string{
		"internal/archtest", "internal/testenv", "internal/storetest", "internal/webtest", "internal/deploytest",
		"internal/hosttest", "internal/supervisetest", "e2e", "e2e/bench", "e2e/browser", "e2e/clients", "e2e/torture",
	}
}

// Bars are the sizes that nothing may exceed.
const (
	MaxFunctionLines = 80
	MaxFileLines     = 600
	MaxMethods       = 7  // of an interface
	MaxFields        = 25 // of a struct; 20 but for stored rows
	MaxCyclomatic    = 15
	MinDocumented    = 0.9 // share of exported names with a comment, per package
)
