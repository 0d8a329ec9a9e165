package browser

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/testenv"
)

func after() <-chan time.Time { return time.After(patience) }

// Axe is the source of axe-core, which finds what keeps people out.
func Axe(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(os.Getenv("TAFFRAIL_LAB_AXE"))
	if err != nil {
		testenv.Missing(t, "axe-core")
	}
	return string(source)
}

// Accessible fails the test for each violation of WCAG 2.2 AA that axe finds in the page,
// and for anything that makes the page wider than the window.
func (p *Page) Accessible(name, axe string) {
	p.t.Helper()
	p.Eval(axe+"; 0", nil)
	var found []struct {
		ID    string
		Help  string
		Nodes []struct {
			HTML           string
			FailureSummary string
		}
	}
	p.Eval(`axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => r.violations)`, &found)
	for _, v := range found {
		for _, n := range v.Nodes {
			p.t.Errorf("%s: %s: %s\n  %s\n  %s", name, v.ID, v.Help, n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " "))
		}
	}
	var wider int
	p.Eval("document.documentElement.scrollWidth - document.documentElement.clientWidth", &wider)
	if wider > 0 {
		p.t.Errorf("%s: the page is %d pixels wider than the window", name, wider)
	}
}
