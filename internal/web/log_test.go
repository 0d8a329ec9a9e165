package web_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/webtest"
)

type shown struct {
	Lines []struct {
		N int64
		T string
		H bool
		P [][2]string
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	run := w.Failed(t, w.Service)
	p := signedIn(t, w, webtest.Email)
	at := "/deployments/" + string(run.UUID)
	data := []string{"Accept", "application/json"}
	var out shown
	webtest.Must(t, json.Unmarshal([]byte(p.get(at+"/lines?from=3&limit=4", data...).body), &out))
	if len(out.Lines) != 4 || out.Lines[0].N != 3 || out.Lines[0].T != "e" || !out.Lines[2].H || out.Lines[0].P[0] != [2]string{"", " web Pulling"} && out.Lines[0].P[0][1] != " web Pulling " {
		t.Errorf("lines %+v", out)
	}
	find := func(query string) (count int, lines []int64) {
		var m struct {
			Count int
			Lines []int64
		}
		webtest.Must(t, json.Unmarshal([]byte(p.get(at+"/find?q="+query, data...).body), &m))
		return m.Count, m.Lines
	}
	if n, lines := find("ERROR"); n != 1 || len(lines) != 1 {
		t.Errorf("find: %d %v", n, lines)
	}
	if n, _ := find("sha256"); n != 0 {
		t.Errorf("hidden lines are found: %d", n)
	}
	if n, lines := find("sha256&hidden=1"); n != 2 || !slices.Equal(lines, []int64{5, 6}) {
		t.Errorf("hidden lines are not found: %d %v", n, lines)
	}
	if n, _ := find("rror:%20bind"); n != 1 {
		t.Errorf("text across colours: %d", n)
	}
	if r := p.get(at + "/first-error"); !strings.HasSuffix(r.location, "?at=14#L14") {
		t.Errorf("first error: %s", r.location)
	}
	if r := p.get(at + "/find?q=compiling&after=10"); !strings.HasSuffix(r.location, "?at=11#L11") {
		t.Errorf("find without script: %+v", r)
	}
	if r := p.get(at + "/log.txt?bare=1&from=8&to=9"); r.body != "✔ Network created\n<script>alert(1)</script> & co\n" || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
		t.Errorf("text: %q", r.body)
	}
	whole := p.get(at + "/log.txt?hidden=1")
	if strings.Count(whole.body, "\n") != 15 || !strings.Contains(whole.header.Get("Content-Disposition"), "deployment-"+string(run.UUID)+".log") {
		t.Errorf("download: %q %v", whole.body, whole.header)
	}
}

// TestFollow reads a stream, loses it, and goes on where it was.
func TestFollow(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	run := w.Run(t, w.Service)
	run.Say(t, 1, core.Stdout, "one", "two", "three")
	p := signedIn(t, w, webtest.Email)
	open := func(last string) (*bufio.Scanner, func()) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/deployments/"+string(run.UUID)+"/stream?after=1", nil)
		webtest.Must(t, err)
		req.Header.Set("Last-Event-ID", last)
		resp, err := p.client.Do(req)
		webtest.Must(t, err)
		return bufio.NewScanner(resp.Body), func() { resp.Body.Close() }
	}
	in, cut := open("")
	if got := until(t, in, "three"); !slices.Equal(got, []int64{2, 3}) {
		t.Errorf("first lines %v", got)
	}
	cut()
	run.Say(t, 2, core.Stderr, "four", "five")
	in, cut = open("3")
	defer cut()
	if got := until(t, in, "five"); !slices.Equal(got, []int64{4, 5}) {
		t.Errorf("after the loss %v", got)
	}
	run.End(t, core.StatusFinished, core.Outcome{})
	for in.Scan() {
		if in.Text() == "event: end" {
			return
		}
	}
	t.Error("the stream does not say that it is at its end")
}

// until reads events up to one with a text, and gives the numbers of their lines.
func until(t testing.TB, in *bufio.Scanner, text string) (numbers []int64) {
	t.Helper()
	for in.Scan() {
		data, ok := strings.CutPrefix(in.Text(), "data: [")
		if !ok {
			continue
		}
		var lines []struct{ N int64 }
		webtest.Must(t, json.Unmarshal([]byte("["+data), &lines))
		for _, l := range lines {
			numbers = append(numbers, l.N)
		}
		if strings.Contains(data, text) {
			return numbers
		}
	}
	t.Fatalf("the stream ended before %q", text)
	return nil
}

// TestLongLog holds a page of 100,000 lines to its size.
func TestLongLog(t *testing.T) {
	t.Parallel()
	w := webtest.New(t)
	w.SetUp(t)
	run := w.Run(t, w.Service)
	run.Fill(t, 1, 30_000)
	run.Hide(t, 2, "a", "b", "c")
	run.Fill(t, 3, 70_000)
	run.End(t, core.StatusFinished, core.Outcome{})
	p := signedIn(t, w, webtest.Email)
	r := p.get(run.Path(), "Accept-Encoding", "gzip")
	if r.header.Get("Content-Encoding") != "gzip" || len(r.body) > 40_000 {
		t.Errorf("the page of %d lines takes %d bytes (%s)", 100_003, len(r.body), r.header.Get("Content-Encoding"))
	}
	p.get(run.Path()).has(t, `"outline":[[1,30000,1,0],[30001,30003,2,1],[30004,100003,3,0]],"last":100003`)
	var out shown
	webtest.Must(t, json.Unmarshal([]byte(p.get("/deployments/"+string(run.UUID)+"/lines?from=99990&limit=500", "Accept", "application/json").body), &out))
	if len(out.Lines) != 14 || !strings.Contains(fmt.Sprint(out.Lines[13].P), "0100003") {
		t.Errorf("the end %+v", out)
	}
}

func BenchmarkLongPage(b *testing.B) {
	w := webtest.New(b)
	w.SetUp(b)
	run := w.Run(b, w.Service)
	for step := range 10 {
		run.Fill(b, step+1, 10_000)
	}
	run.End(b, core.StatusFinished, core.Outcome{})
	p := signedIn(b, w, webtest.Email)
	for b.Loop() {
		b.ReportMetric(float64(len(p.get(run.Path(), "Accept-Encoding", "gzip").body)), "bytes")
	}
}
