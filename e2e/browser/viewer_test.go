package browser_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/taffrail/taffrail/e2e/browser"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webtest"
)

// viewer is a signed-in owner in front of a world.
func viewer(t *testing.T) (*browser.Page, *webtest.World) {
	t.Helper()
	w := webtest.New(t)
	w.SetUp(t)
	p := browser.Start(t).NewPage(t)
	login(t, p, w)
	t.Cleanup(func() {
		for _, fault := range p.Faults() {
			t.Errorf("console: %s", fault)
		}
	})
	return p, w
}

// inView says that a line is in the window of the viewer.
func inView(seq int) string {
	return fmt.Sprintf(`(() => { const row = document.querySelector('.row[data-n="%d"] .text'), screen = document.querySelector(".screen").getBoundingClientRect();
		if (!row) return false; const box = row.getBoundingClientRect(); return box.top >= screen.top - 1 && box.bottom <= screen.bottom + 1 })()`, seq)
}

// rows are the numbers of the lines that are in the page.
func rows(p *browser.Page) []int {
	var out []int
	p.Eval(`[...document.querySelectorAll(".row")].map((row) => Number(row.dataset.n))`, &out)
	return out
}

// TestMillionLines opens, scrolls and searches a log of a million lines.
func TestMillionLines(t *testing.T) {
	t.Parallel()
	p, w := viewer(t)
	run := w.Run(t, w.Service)
	run.Say(t, 1, core.Info, "Building.")
	run.Flood(t, 1, 400_000)
	run.Hide(t, 2, "hidden one", "hidden two")
	run.Flood(t, 3, 599_990)
	run.Say(t, 3, core.Stderr, "the needle is here", "error: it broke")
	run.Flood(t, 3, 5)
	run.End(t, core.StatusFinished, core.Outcome{})
	p.Go(w.URL + run.Path())
	p.Wait(inView(1))
	for fraction, want := range map[string]int{"0.5": 500_000, "1": 1_000_000, "0.25": 250_000} {
		p.Eval(`(() => { const s = document.querySelector(".screen"); s.scrollTop = (s.scrollHeight - s.clientHeight) * `+fraction+` })()`, nil)
		p.Wait(fmt.Sprintf(`[...document.querySelectorAll(".row:not([data-blank])")].some((row) => Math.abs(row.dataset.n - %d) < 100)`, want))
	}
	var took float64
	p.Eval(`new Promise((done) => { const s = document.querySelector(".screen"), start = performance.now(); let i = 0;
		const step = () => { s.scrollTop = (s.scrollHeight * i) / 100; if (++i < 100) requestAnimationFrame(step); else done(performance.now() - start) }; step() })`, &took)
	t.Logf("100 frames of scrolling over the whole log took %.0f ms", took)
	var pages int
	p.Eval(`viewer.pages.size`, &pages)
	if n := len(rows(p)); n > 150 || pages > 70 {
		t.Errorf("%d rows in the page, %d pages of lines in memory", n, pages)
	}
	p.Go(w.URL + run.Path() + "?again#L765432-L765440")
	p.Wait(inView(765_432))
	p.Wait(`document.querySelectorAll(".row.marked").length === 9`)
	p.Key("/", 0)
	p.Type(".find input", "THE NEEDLE")
	p.Wait(`document.querySelector(".count").innerText === "1 of 1"`)
	p.Wait(inView(999_994))
	p.Key("Escape", 0)
	p.Key("e", 0)
	p.Wait(`location.hash === "#L999995"`)
	p.Wait(inView(999_995))
}

// TestFindAndMark finds with n and N, chooses lines, shows hidden ones and wraps.
func TestFindAndMark(t *testing.T) {
	t.Parallel()
	p, w := viewer(t)
	run := w.Run(t, w.Service)
	for range 3 {
		run.Fill(t, 1, 300)
		run.Say(t, 1, core.Stdout, "a NEEDLE in the hay")
	}
	run.Hide(t, 2, "a hidden needle")
	run.End(t, core.StatusFinished, core.Outcome{})
	p.Go(w.URL + run.Path())
	p.Type(".find input", "needle")
	p.Wait(`document.querySelector(".count").innerText === "1 of 3"`)
	p.Wait(inView(301))
	p.Eval(`document.querySelector(".screen").focus()`, nil)
	p.Key("n", 0)
	p.Wait(inView(602))
	p.Key("N", 0)
	p.Key("N", 0)
	p.Wait(`document.querySelector(".count").innerText === "3 of 3"`)
	p.Wait(inView(903))
	p.Click(`.row[data-n="903"] .no`)
	p.Wait(`location.hash === "#L903"`)
	p.Eval(`document.querySelector('.row[data-n="900"] .no').dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true }))`, nil)
	p.Wait(`location.hash === "#L900-L903" && document.querySelectorAll(".row.marked").length === 4`)
	if slices.Contains(rows(p), 904) {
		t.Error("a hidden line is shown")
	}
	p.Click("[data-do=hidden]")
	p.Wait(`document.querySelector('.row[data-n="904"]')`)
	p.Key("w", 0)
	p.Wait(`document.querySelector("#log").classList.contains("wraps")`)
	p.Click("[data-do=times]")
	p.Wait(`document.querySelector(".row .at").innerText.startsWith("+")`)
	p.Key("k", 2)
	p.Type("#palette input", "storef")
	p.Wait(`document.querySelector("#palette-list [aria-selected=true]")?.innerText.includes("storefront")`)
	p.Leave(func() { p.Key("Enter", 0) })
	p.Wait(`document.querySelector("h1").innerText === "storefront"`)
}

// TestReconnect follows a deployment over the end of its controller: each line comes
// once, and the page says what happened.
func TestReconnect(t *testing.T) {
	t.Parallel()
	p, w := viewer(t)
	run := w.Run(t, w.Service)
	run.Step(t, 1, "Building the image", 0, 0, nil)
	run.Fill(t, 1, 100)
	p.Go(w.URL + run.Path())
	p.Wait(inView(100))
	p.Wait(`document.querySelector(".link").innerText === "Live"`)
	run.Fill(t, 1, 20)
	p.Wait(inView(120))
	p.Eval(`(() => { const s = document.querySelector(".screen"); s.scrollTop = 0; s.dispatchEvent(new Event("scroll")) })()`, nil)
	p.Wait(`!document.querySelector("[data-do=follow]").hidden`)
	run.Fill(t, 1, 7)
	p.Wait(`document.querySelector("[data-do=follow]").innerText.trim() === "7 new lines"`)
	p.Click("[data-do=follow]")
	p.Wait(inView(127))
	w.Close()
	p.Wait(`document.querySelector(".link").innerText.startsWith("The connection is lost")`)
	run.Fill(t, 1, 13)
	w.Open(t)
	p.Wait(inView(140))
	p.Wait(`document.querySelector(".link").innerText === "Connected again. No line is missing."`)
	p.Faults() // the browser's own words on the lost connection
	run.Say(t, 2, core.Stdout, "done")
	zero := 0
	run.Step(t, 1, "Building the image", 0, 4e9, &zero)
	run.End(t, core.StatusFinished, core.Outcome{Reason: "All containers run."})
	p.Wait(`document.querySelector("#status").dataset.status === "finished"`)
	p.Wait(inView(141))
	var outline [][4]int
	p.Eval(`viewer.outline`, &outline)
	if want := [][4]int{{1, 140, 1, 0}, {141, 141, 2, 0}}; !slices.Equal(outline, want) {
		t.Errorf("lines %v, want %v", outline, want)
	}
	got := rows(p)
	if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("rows %v", got)
	}
}
